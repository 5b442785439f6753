//! Searching traces: fields, order and pages.

use trackside_core::{
    Cost, ErrorKind, ExperimentId, NewTrace, Query, RunId, Span, SpanStatus, Store, Token, TraceChange, TraceFacts,
    TraceId, TraceLinks, TraceSelection, TraceState,
    query::{
        Compare::{Equal, Greater, GreaterOrEqual, Less, NotEqual},
        Filter, Order, SpanField, Test, TraceField,
    },
};

use super::{
    scene::{ALL, assert_kind, experiment, refuses_forged_tokens, walk},
    traces::usage,
};
use crate::fixture::{
    ascending, descending, ilike, key, like, matches, new_trace, none_of, number, one_of, span, span_batch, tag_list,
    text,
};

/// Numbers of the traces that a query finds, in its order.
async fn found(store: &dyn Store, experiment: ExperimentId, query: Query<TraceField>) -> Vec<u128> {
    let page = store.search_traces(vec![experiment], query, ALL).await.unwrap();
    assert_eq!(page.next, None);
    page.items.iter().map(|trace| u128::from_str_radix(trace.id.as_str(), 16).unwrap()).collect()
}

async fn passing(store: &dyn Store, experiment: ExperimentId, field: TraceField, test: Test) -> Vec<u128> {
    found(store, experiment, Query { filter: Filter::Field(field, test), ..Query::default() }).await
}

fn by(order: Order<TraceField>) -> Query<TraceField> {
    Query { order: vec![order], ..Query::default() }
}

/// Traces 1 to 3, latest last; only the second has everything.
async fn three_traces(store: &dyn Store) -> ExperimentId {
    let id = experiment(store, "three").await;
    for n in [1, 3] {
        store.describe_trace(NewTrace { duration: None, ..new_trace(id, n) }).await.unwrap();
    }
    let special = NewTrace {
        client_request_id: Some("client".to_owned()),
        state: TraceState::Error,
        facts: TraceFacts {
            name: Some("It's 100%".to_owned()),
            session: Some("talk".to_owned()),
            usage: usage(3, 4, 0.5),
            metadata: tag_list(&[("k", "Meta")]),
            tags: tag_list(&[("k", "Value"), ("it's", "x")]),
        },
        ..new_trace(id, 2)
    };
    store.describe_trace(special).await.unwrap();
    let spans = vec![
        Span { status: SpanStatus::Error, document: "{\"q\": \"Ärger\"}".to_owned(), ..span("a", None, 2) },
        Span { kind: Some("LLM".to_owned()), ..span("b", Some("a"), 2) },
    ];
    store.append_spans(id, vec![span_batch(2, spans)]).await.unwrap();
    id
}

pub async fn found_traces_are_whole_and_of_the_named_experiments(store: &dyn Store) {
    let id = three_traces(store).await;
    let other = experiment(store, "other").await;
    store.describe_trace(new_trace(other, 4)).await.unwrap();
    let page = store.search_traces(vec![id], Query::default(), ALL).await.unwrap().items;
    let ids = [3, 2, 1].map(TraceId::fresh).to_vec();
    assert_eq!(page, store.traces(ids, None).await.unwrap());
    let both = store.search_traces(vec![id, other, id], Query::default(), ALL).await.unwrap().items;
    assert_eq!(both.len(), 4);
    assert_eq!(store.search_traces(vec![], Query::default(), ALL).await.unwrap().items, []);
}

pub async fn every_field_of_a_trace_takes_its_tests(store: &dyn Store) {
    let id = three_traces(store).await;
    let (tag, metadata) = (|| TraceField::Tag(key("k")), || TraceField::Metadata(key("k")));
    let second = TraceId::fresh(2);
    for (field, test, expected) in [
        (TraceField::Id, text(Equal, second.as_str()), &[2][..]),
        (TraceField::Id, one_of(&[second.as_str()]), &[2]),
        (TraceField::Id, none_of(&[second.as_str()]), &[3, 1]),
        (TraceField::ClientRequestId, text(NotEqual, "x"), &[2]),
        (TraceField::Name, like("%100\\%"), &[]),
        (TraceField::Name, like("It's 100%"), &[2]),
        (TraceField::Name, matches("^It.* \\d+%$"), &[2]),
        (TraceField::Name, Test::Present(false), &[3, 1]),
        (TraceField::Session, text(Equal, "talk"), &[2]),
        (TraceField::State, text(Equal, "OK"), &[3, 1]),
        (TraceField::State, one_of(&["ERROR", "IN_PROGRESS"]), &[2]),
        (TraceField::RequestedAt, number(GreaterOrEqual, 2_000.0), &[3, 2]),
        (TraceField::RequestedAt, number(Less, 1_999.5), &[1]),
        (TraceField::Duration, number(Greater, 99.0), &[2]),
        (TraceField::Duration, Test::Present(false), &[3, 1]),
        (TraceField::EndedAt, number(Equal, 2_100.0), &[2]),
        (TraceField::EndedAt, number(Equal, 3_000.0), &[3]),
        (TraceField::Token(Token::Output), number(Equal, 4.0), &[2]),
        (TraceField::Token(Token::Total), Test::Present(true), &[]),
        (TraceField::Cost(Cost::Total), number(Less, 1.0), &[2]),
        (TraceField::ArtifactUri, like("%/2"), &[2]),
        (tag(), text(Equal, "Value"), &[2]),
        (tag(), text(NotEqual, "Value"), &[]),
        (tag(), ilike("v%"), &[2]),
        (tag(), matches("a.u"), &[2]),
        (tag(), Test::Present(false), &[3, 1]),
        (TraceField::Tag(key("it's")), Test::Present(true), &[2]),
        (metadata(), text(Equal, "Meta"), &[2]),
        (metadata(), text(Equal, "Value"), &[]),
        (metadata(), Test::Present(false), &[3, 1]),
    ] {
        let what = format!("{field:?} {test:?}");
        assert_eq!(passing(store, id, field, test).await, expected, "{what}");
    }
}

pub async fn tests_of_a_span_are_passed_by_one_span(store: &dyn Store) {
    let id = three_traces(store).await;
    let (error, llm) = ((SpanField::Status, text(Equal, "ERROR")), (SpanField::Kind, text(Equal, "LLM")));
    for (tests, expected) in [
        (vec![error.clone()], &[2][..]),
        (vec![llm.clone()], &[2]),
        (vec![error.clone(), llm], &[]),
        (vec![error, (SpanField::Name, like("step _"))], &[2]),
        (vec![(SpanField::Document, like("%Ärger%"))], &[2]),
        (vec![(SpanField::Document, matches("\"q\": \"\\wrger"))], &[2]),
        (vec![(SpanField::StartedAt, number(Greater, 1_999_999_999.0))], &[2]),
        (vec![(SpanField::StartedAt, number(Greater, 2_000_000_000.0))], &[]),
        (vec![(SpanField::Name, one_of(&["step a", "x"]))], &[2]),
        (vec![], &[2]),
    ] {
        let what = format!("{tests:?}");
        assert_eq!(passing(store, id, TraceField::Span(tests), Test::Present(true)).await, expected, "{what}");
    }
    assert_eq!(passing(store, id, TraceField::Span(vec![]), Test::Present(false)).await, [3, 1]);
}

pub async fn linked_runs_and_prompts_are_found(store: &dyn Store) {
    let id = three_traces(store).await;
    let (run, other) = (RunId::fresh(7), RunId::fresh(8));
    for run in [&run, &other, &run] {
        let links = TraceLinks { traces: [1, 9, 1].map(TraceId::fresh).into(), run: run.clone() };
        store.link_traces(links).await.unwrap();
    }
    for prompts in [vec!["qa/1", "qa/2"], vec!["qa/2"]] {
        let prompts = prompts.into_iter().map(str::to_owned).collect();
        store.change_trace(&TraceId::fresh(3), TraceChange::LinkPrompts(prompts)).await.unwrap();
    }
    assert_eq!(passing(store, id, TraceField::LinkedRun, text(Equal, run.as_str())).await, [1]);
    assert_eq!(passing(store, id, TraceField::LinkedRun, text(Equal, RunId::fresh(1).as_str())).await, []);
    assert_eq!(passing(store, id, TraceField::Prompt, text(Equal, "qa/1")).await, [3]);
    assert_eq!(passing(store, id, TraceField::Prompt, text(Equal, "qa/3")).await, []);
    store.delete_traces(id, TraceSelection::Ids(vec![TraceId::fresh(1)])).await.unwrap();
    assert_eq!(passing(store, id, TraceField::LinkedRun, text(Equal, run.as_str())).await, []);
}

pub async fn traces_come_latest_request_first_then_by_id(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for (n, second) in [(4, 1), (2, 2), (3, 1), (1, 1)] {
        let requested_at = new_trace(id, second).requested_at;
        store.describe_trace(NewTrace { requested_at, ..new_trace(id, n) }).await.unwrap();
    }
    assert_eq!(found(store, id, Query::default()).await, [2, 1, 3, 4]);
    assert_eq!(found(store, id, by(ascending(TraceField::RequestedAt))).await, [1, 3, 4, 2]);
    assert_eq!(found(store, id, by(ascending(TraceField::State))).await, [2, 1, 3, 4]);
    assert_eq!(found(store, id, by(descending(TraceField::Id))).await, [4, 3, 2, 1]);
}

pub async fn missing_trace_fields_come_last_in_both_directions(store: &dyn Store) {
    let id = three_traces(store).await;
    for field in [
        TraceField::ClientRequestId,
        TraceField::Name,
        TraceField::Session,
        TraceField::Duration,
        TraceField::Token(Token::Input),
        TraceField::Cost(Cost::Total),
        TraceField::Tag(key("k")),
        TraceField::Metadata(key("k")),
    ] {
        for order in [ascending(field.clone()), descending(field)] {
            let what = format!("{order:?}");
            assert_eq!(found(store, id, by(order)).await, [2, 3, 1], "{what}");
        }
    }
    for field in [TraceField::EndedAt, TraceField::RequestedAt] {
        assert_eq!(found(store, id, by(ascending(field))).await, [1, 2, 3]);
    }
    assert_eq!(found(store, id, by(ascending(TraceField::Experiment))).await, [3, 2, 1]);
}

pub async fn what_a_trace_has_several_of_cannot_be_ordered_by(store: &dyn Store) {
    let id = three_traces(store).await;
    for field in [TraceField::LinkedRun, TraceField::Prompt, TraceField::Span(vec![])] {
        let refused = store.search_traces(vec![id], by(ascending(field)), ALL).await;
        assert_kind(refused, ErrorKind::Invalid, "cannot be ordered by");
    }
}

pub async fn trace_pages_are_disjoint_complete_and_in_order(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for n in 1..=6 {
        let tags = if n % 2 == 0 { tag_list(&[("k", "same")]) } else { vec![] };
        let facts = TraceFacts { tags, ..TraceFacts::default() };
        store.describe_trace(NewTrace { facts, ..new_trace(id, n) }).await.unwrap();
    }
    for order in [vec![], vec![ascending(TraceField::Tag(key("k")))], vec![descending(TraceField::EndedAt)]] {
        let query = Query { order, ..Query::default() };
        let whole = store.search_traces(vec![id], query.clone(), ALL).await.unwrap().items;
        assert_eq!(whole.len(), 6);
        for limit in [1, 2, 4, 6] {
            let paged = walk(limit, |page| store.search_traces(vec![id], query.clone(), page)).await;
            assert_eq!(paged, whole, "pages of {limit} ordered by {:?}", query.order);
        }
    }
}

pub async fn forged_trace_tokens_are_invalid(store: &dyn Store) {
    let id = three_traces(store).await;
    refuses_forged_tokens(|page| store.search_traces(vec![id], Query::default(), page)).await;
}

pub async fn what_is_no_regular_expression_is_invalid(store: &dyn Store) {
    let id = three_traces(store).await;
    let of_span = TraceField::Span(vec![(SpanField::Document, matches("("))]);
    for filter in [
        Filter::Field(TraceField::Name, matches("(")),
        Filter::Field(TraceField::Tag(key("k")), matches("a{1000}{1000}{1000}")),
        Filter::Field(of_span, Test::Present(true)),
    ] {
        let refused = store.search_traces(vec![id], Query { filter, ..Query::default() }, ALL).await;
        assert_kind(refused, ErrorKind::Invalid, "Invalid regular expression");
    }
}
