//! Traces: describing, changing and deleting them.

use trackside_core::{
    Cost, ErrorKind, ExperimentChange, ExperimentId, NewTrace, RunId, Store, Token, Trace, TraceChange as Change,
    TraceFacts, TraceId, TraceLinks, TraceSelection, TraceState, Usage, fault,
};

use super::scene::{assert_fault, assert_kind, experiment};
use crate::fixture::{at, key, new_trace, pair, span, span_batch, tag_list};

pub(super) async fn read(store: &dyn Store, n: u128) -> Trace {
    store.traces(vec![TraceId::fresh(n)], None).await.unwrap().pop().expect("the trace is there")
}

pub(super) fn usage(input: i64, output: i64, cost: f64) -> Usage {
    let mut usage = Usage::default();
    usage.tokens[Token::Input.index()] = Some(input);
    usage.tokens[Token::Output.index()] = Some(output);
    usage.cost[Cost::Total.index()] = Some(cost);
    usage
}

fn full(experiment: ExperimentId) -> NewTrace {
    NewTrace {
        client_request_id: Some("c-1".to_owned()),
        request_preview: Some("what?".to_owned()),
        response_preview: Some("that".to_owned()),
        facts: TraceFacts {
            name: Some("predict".to_owned()),
            session: Some("s-1".to_owned()),
            usage: usage(3, 4, 0.5),
            metadata: tag_list(&[("b", "1"), ("a", "2"), ("b", "3")]),
            tags: tag_list(&[("y", "1"), ("x", "")]),
        },
        ..new_trace(experiment, 1)
    }
}

pub async fn a_new_trace_reads_back_as_it_was_returned(store: &dyn Store) {
    let experiment = experiment(store, "e").await;
    let created = store.describe_trace(full(experiment)).await.unwrap();
    let expected = Trace {
        id: TraceId::fresh(1),
        experiment,
        client_request_id: Some("c-1".to_owned()),
        name: Some("predict".to_owned()),
        session: Some("s-1".to_owned()),
        requested_at: at(1_000),
        duration: Some(100),
        state: TraceState::Ok,
        request_preview: Some("what?".to_owned()),
        response_preview: Some("that".to_owned()),
        usage: usage(3, 4, 0.5),
        artifact_uri: "mem:/traces/1".to_owned(),
        is_described: true,
        metadata: tag_list(&[("a", "2"), ("b", "3")]),
        tags: tag_list(&[("x", ""), ("y", "1")]),
        assessments: Vec::new(),
    };
    assert_eq!(created, expected);
    assert_eq!(read(store, 1).await, expected);
}

pub async fn a_trace_needs_an_experiment_that_exists_and_is_active(store: &dyn Store) {
    let absent = ExperimentId::new(99);
    assert_fault(store.describe_trace(new_trace(absent, 1)).await, &fault::experiment_not_found(absent));
    let binned = experiment(store, "binned").await;
    store.change_experiment(binned, ExperimentChange::Delete, at(2_000)).await.unwrap();
    assert_fault(store.describe_trace(new_trace(binned, 1)).await, &fault::experiment_not_active(binned));
    assert_eq!(store.traces(vec![TraceId::fresh(1)], None).await.unwrap(), []);
}

pub async fn a_second_description_is_merged_into_the_first(store: &dyn Store) {
    let (first, second) = (experiment(store, "e").await, experiment(store, "f").await);
    let before = store.describe_trace(full(first)).await.unwrap();
    let facts = TraceFacts {
        metadata: tag_list(&[("c", "4"), ("a", "5")]),
        tags: tag_list(&[("x", "6")]),
        usage: { Usage { cost: usage(0, 0, 0.75).cost, ..Usage::default() } },
        ..TraceFacts::default()
    };
    let again = NewTrace {
        requested_at: at(7_000),
        duration: None,
        state: TraceState::Error,
        response_preview: Some("no".to_owned()),
        is_described: false,
        facts,
        ..new_trace(second, 1)
    };
    let merged = store.describe_trace(again).await.unwrap();
    let expected = Trace {
        experiment: second,
        client_request_id: None,
        requested_at: at(7_000),
        duration: None,
        state: TraceState::Error,
        response_preview: Some("no".to_owned()),
        usage: usage(3, 4, 0.75),
        metadata: tag_list(&[("a", "5"), ("b", "3"), ("c", "4")]),
        tags: tag_list(&[("x", "6"), ("y", "1")]),
        ..before
    };
    assert_eq!(merged, expected);
    assert_eq!(read(store, 1).await, expected);
}

pub async fn traces_are_found_in_the_order_asked_for(store: &dyn Store) {
    let (here, there) = (experiment(store, "e").await, experiment(store, "f").await);
    for (experiment, n) in [(here, 1), (here, 2), (there, 3)] {
        store.describe_trace(new_trace(experiment, n)).await.unwrap();
    }
    let ids = [3, 9, 1, 3, 2].map(TraceId::fresh);
    let found = async |experiments| -> Vec<TraceId> {
        let traces = store.traces(ids.to_vec(), experiments).await.unwrap();
        traces.into_iter().map(|trace| trace.id).collect()
    };
    assert_eq!(found(None).await, [1, 3, 2].map(TraceId::fresh));
    assert_eq!(found(Some(vec![here, ExperimentId::new(99)])).await, [1, 2].map(TraceId::fresh));
    assert_eq!(found(Some(vec![])).await, []);
}

pub async fn trace_tags_and_names_are_replaced_and_removed(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let id = store.describe_trace(full(id)).await.unwrap().id;
    let change = async |change| store.change_trace(&id, change).await;
    for set in [Change::SetTag(pair("x", "1")), Change::SetTag(pair("z", "2")), Change::SetName("other".to_owned())] {
        change(set).await.unwrap();
    }
    change(Change::DeleteTag(key("y"))).await.unwrap();
    let read = read(store, 1).await;
    assert_eq!((read.name.as_deref(), read.tags), (Some("other"), tag_list(&[("x", "1"), ("z", "2")])));
    assert_fault(change(Change::DeleteTag(key("y"))).await, &fault::trace_tag_not_found(&id, &key("y")));
    change(Change::DeleteName(key("name"))).await.unwrap();
    assert_fault(change(Change::DeleteName(key("name"))).await, &fault::trace_tag_not_found(&id, &key("name")));
}

pub async fn the_end_of_a_trace_is_merged(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let begun = NewTrace { duration: None, state: TraceState::InProgress, ..full(id) };
    let begun = store.describe_trace(begun).await.unwrap();
    let facts = Box::new(TraceFacts {
        name: Some("late".to_owned()),
        metadata: tag_list(&[("a", "9")]),
        tags: tag_list(&[("w", "8")]),
        ..TraceFacts::default()
    });
    let end = Change::End { at: at(1_250), state: TraceState::Error, facts };
    store.change_trace(&begun.id, end).await.unwrap();
    let expected = Trace {
        duration: Some(250),
        state: TraceState::Error,
        name: Some("late".to_owned()),
        metadata: tag_list(&[("a", "9"), ("b", "3")]),
        tags: tag_list(&[("w", "8"), ("x", ""), ("y", "1")]),
        ..begun
    };
    assert_eq!(read(store, 1).await, expected);
}

pub async fn every_change_of_an_unknown_trace_finds_nothing(store: &dyn Store) {
    let id = TraceId::fresh(9);
    let facts = Box::default();
    for change in [
        Change::SetTag(pair("k", "v")),
        Change::SetName("n".to_owned()),
        Change::End { at: at(1), state: TraceState::Ok, facts },
        Change::LinkPrompts(vec!["p/1".to_owned()]),
    ] {
        assert_fault(store.change_trace(&id, change).await, &fault::trace_not_found(&id));
    }
    for change in [Change::DeleteTag(key("k")), Change::DeleteName(key("k"))] {
        assert_kind(store.change_trace(&id, change).await, ErrorKind::NotFound, "No trace tag with key 'k'");
    }
    let links = TraceLinks { traces: vec![id], run: RunId::fresh(1) };
    store.link_traces(links).await.unwrap();
}

async fn remaining(store: &dyn Store) -> Vec<u128> {
    let mut left = Vec::new();
    for n in 1..10 {
        left.extend(store.traces(vec![TraceId::fresh(n)], None).await.unwrap().into_iter().map(|_| n));
    }
    left
}

pub async fn traces_are_deleted_with_all_they_have(store: &dyn Store) {
    let experiment = experiment(store, "e").await;
    let id = store.describe_trace(full(experiment)).await.unwrap().id;
    store.append_spans(experiment, vec![span_batch(1, vec![span("a", None, 1)])]).await.unwrap();
    store.change_trace(&id, Change::LinkPrompts(vec!["p/1".to_owned()])).await.unwrap();
    store.link_traces(TraceLinks { traces: vec![id.clone()], run: RunId::fresh(1) }).await.unwrap();
    let ids = TraceSelection::Ids(vec![id.clone(), id.clone(), TraceId::fresh(7)]);
    assert_eq!(store.delete_traces(experiment, ids.clone()).await.unwrap(), 1);
    assert_eq!(store.delete_traces(experiment, ids).await.unwrap(), 0);
    assert_eq!((remaining(store).await, store.spans(&id).await.unwrap()), (vec![], vec![]));
    let again = store.describe_trace(new_trace(experiment, 1)).await.unwrap();
    assert_eq!((again.tags, again.metadata, again.usage), (vec![], vec![], Usage::default()));
}

pub async fn the_oldest_traces_are_deleted_first(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for n in [4, 2, 3, 1, 5] {
        store.describe_trace(new_trace(id, n)).await.unwrap();
    }
    let delete = async |until, most| store.delete_traces(id, TraceSelection::Until(at(until), most)).await.unwrap();
    assert_eq!((delete(4_000, Some(2)).await, remaining(store).await), (2, vec![3, 4, 5]));
    assert_eq!((delete(4_000, None).await, remaining(store).await), (2, vec![5]));
    assert_eq!((delete(4_999, Some(9)).await, remaining(store).await), (0, vec![5]));
}

pub async fn only_traces_of_the_named_experiment_are_deleted(store: &dyn Store) {
    let (here, there) = (experiment(store, "e").await, experiment(store, "f").await);
    store.describe_trace(new_trace(here, 1)).await.unwrap();
    store.describe_trace(new_trace(there, 2)).await.unwrap();
    let both = TraceSelection::Ids([1, 2].map(TraceId::fresh).into());
    assert_eq!(store.delete_traces(here, both).await.unwrap(), 1);
    assert_eq!(store.delete_traces(here, TraceSelection::Until(at(i64::MAX), None)).await.unwrap(), 0);
    assert_eq!(remaining(store).await, [2]);
}
