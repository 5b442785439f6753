//! Spans, and what becomes of their traces when they come.

use trackside_core::{
    ExperimentId, NewTrace, Span, SpanBatch, SpanStatus, Store, Token, TraceFacts, TraceId, TraceState, Usage, fault,
};

use super::{
    scene::{assert_fault, experiment},
    traces::{read, usage},
};
use crate::fixture::{at, new_trace, span, span_batch, tag_list};

async fn append(store: &dyn Store, experiment: ExperimentId, n: u128, spans: Vec<Span>) {
    store.append_spans(experiment, vec![span_batch(n, spans)]).await.unwrap();
}

pub async fn spans_read_back_roots_first_then_by_start(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let whole = Span {
        kind: None,
        status: SpanStatus::Error,
        ended_at: None,
        usage: usage(1, 2, 0.25),
        model: Some("m".to_owned()),
        provider: Some("p".to_owned()),
        document: "{\"ä\": \"it's\"}".to_owned(),
        ..span("d", Some("missing"), 2)
    };
    let [a, b, c] = [span("a", Some("c"), 3), span("b", Some("c"), 2), span("c", None, 5)];
    append(store, id, 1, vec![whole.clone(), a.clone(), b.clone(), c.clone()]).await;
    assert_eq!(store.spans(&TraceId::fresh(1)).await.unwrap(), [c, b, whole, a]);
    assert_eq!(store.spans(&TraceId::fresh(2)).await.unwrap(), []);
}

pub async fn spans_make_the_trace_that_is_not_there(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let failed = Span { status: SpanStatus::Error, ..span("c", None, 1) };
    let batches = vec![
        span_batch(1, vec![span("a", None, 5), span("b", Some("a"), 4)]),
        span_batch(2, vec![failed]),
        span_batch(3, vec![Span { ended_at: None, ..span("d", Some("elsewhere"), 7) }]),
        span_batch(4, vec![]),
    ];
    store.append_spans(id, batches).await.unwrap();
    let told = async |n| {
        let trace = read(store, n).await;
        assert_eq!((trace.experiment, trace.is_described), (id, false));
        assert_eq!(trace.artifact_uri, format!("mem:/traces/{n}"));
        (trace.requested_at, trace.duration, trace.state)
    };
    assert_eq!(told(1).await, (at(4_000), Some(1_500), TraceState::Ok));
    assert_eq!(told(2).await, (at(1_000), Some(500), TraceState::Error));
    assert_eq!(told(3).await, (at(7_000), None, TraceState::InProgress));
    assert_eq!(store.traces(vec![TraceId::fresh(4)], None).await.unwrap(), [], "without spans there is no trace");
}

pub async fn spans_need_an_experiment_only_for_a_new_trace(store: &dyn Store) {
    let (id, absent) = (experiment(store, "e").await, ExperimentId::new(99));
    store.describe_trace(new_trace(id, 1)).await.unwrap();
    append(store, absent, 1, vec![span("a", None, 1)]).await;
    assert_eq!(read(store, 1).await.experiment, id);
    let refused = store.append_spans(absent, vec![span_batch(2, vec![span("a", None, 1)])]).await;
    assert_fault(refused, &fault::experiment_not_found(absent));
}

pub async fn a_span_sent_again_replaces_itself(store: &dyn Store) {
    let id = experiment(store, "e").await;
    append(store, id, 1, vec![span("a", None, 1)]).await;
    let again = Span { name: "renamed".to_owned(), ..span("a", None, 1) };
    append(store, id, 1, vec![again.clone()]).await;
    append(store, id, 2, vec![span("a", None, 1)]).await;
    assert_eq!(store.spans(&TraceId::fresh(1)).await.unwrap(), [again]);
    assert_eq!(store.spans(&TraceId::fresh(2)).await.unwrap(), [span("a", None, 1)]);
}

pub async fn later_spans_stretch_a_trace_that_was_not_described(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for (span, expected) in [
        (span("b", Some("a"), 5), (at(5_000), Some(500), TraceState::InProgress)),
        (span("c", Some("a"), 3), (at(3_000), Some(2_500), TraceState::InProgress)),
        (span("d", Some("a"), 6), (at(3_000), Some(3_500), TraceState::InProgress)),
        (span("a", None, 4), (at(3_000), Some(3_500), TraceState::Ok)),
        (Span { status: SpanStatus::Error, ..span("z", None, 4) }, (at(3_000), Some(3_500), TraceState::Ok)),
    ] {
        append(store, id, 1, vec![span]).await;
        let trace = read(store, 1).await;
        assert_eq!((trace.requested_at, trace.duration, trace.state), expected);
    }
}

pub async fn what_was_described_stays_when_spans_come(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let facts = TraceFacts {
        session: Some("said".to_owned()),
        usage: Usage { tokens: usage(7, 8, 0.0).tokens, ..Usage::default() },
        metadata: tag_list(&[("who", "me")]),
        ..TraceFacts::default()
    };
    let described = NewTrace { request_preview: Some("said".to_owned()), facts, ..new_trace(id, 10) };
    let described = store.describe_trace(described).await.unwrap();
    let batch = SpanBatch {
        request_preview: Some("seen".to_owned()),
        response_preview: Some("seen".to_owned()),
        first_metadata: tag_list(&[("who", "you"), ("new", "1")]),
        facts: TraceFacts { session: Some("seen".to_owned()), ..TraceFacts::default() },
        ..span_batch(10, vec![Span { usage: usage(1, 2, 0.5), ..span("a", None, 1) }])
    };
    store.append_spans(id, vec![batch]).await.unwrap();
    let trace = read(store, 10).await;
    assert_eq!((trace.requested_at, trace.duration), (described.requested_at, described.duration));
    assert_eq!((trace.request_preview.as_deref(), trace.response_preview.as_deref()), (Some("said"), Some("seen")));
    assert_eq!(trace.session.as_deref(), Some("said"));
    assert_eq!(trace.metadata, tag_list(&[("new", "1"), ("who", "me")]));
    assert_eq!(trace.usage.tokens, usage(7, 8, 0.0).tokens, "tokens were said");
    assert_eq!(trace.usage.cost, [Some(0.0), Some(0.0), Some(0.5)], "cost was not");
}

pub async fn usage_is_that_of_the_whole_tree(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let used = |input, span| Span { usage: usage(input, 0, 0.25), ..span };
    append(store, id, 1, vec![used(5, span("c", Some("b"), 2)), used(1, span("d", Some("a"), 3))]).await;
    assert_eq!(read(store, 1).await.usage.tokens[Token::Input.index()], Some(6));
    append(store, id, 1, vec![span("a", None, 1), used(7, span("b", Some("a"), 2))]).await;
    let told = read(store, 1).await.usage;
    assert_eq!(told.tokens[..3], [Some(8), Some(0), Some(0)], "what `b` tells has what `c` told");
    assert_eq!(told.cost, [Some(0.0), Some(0.0), Some(0.5)]);
}

pub async fn what_spans_tell_of_their_trace_is_kept(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let batch = |name: &str, value: &str| SpanBatch {
        request_preview: Some(value.to_owned()),
        first_metadata: tag_list(&[("user", value)]),
        facts: TraceFacts {
            name: Some(name.to_owned()),
            session: Some(value.to_owned()),
            tags: tag_list(&[("t", value)]),
            ..TraceFacts::default()
        },
        ..span_batch(1, vec![span("a", None, 1)])
    };
    store.append_spans(id, vec![batch("n", "1"), batch("m", "2")]).await.unwrap();
    let trace = read(store, 1).await;
    assert_eq!((trace.name.as_deref(), trace.session.as_deref()), (Some("m"), Some("1")));
    assert_eq!((trace.tags, trace.metadata), (tag_list(&[("t", "2")]), tag_list(&[("user", "1")])));
    assert_eq!(trace.request_preview.as_deref(), Some("1"));
}

pub async fn a_refused_batch_of_spans_leaves_nothing_behind(store: &dyn Store) {
    let (id, absent) = (experiment(store, "e").await, ExperimentId::new(99));
    store.describe_trace(new_trace(id, 1)).await.unwrap();
    let batches = [1, 2].map(|n| span_batch(n, vec![span("a", None, 1)]));
    let refused = store.append_spans(absent, batches.into()).await;
    assert_fault(refused, &fault::experiment_not_found(absent));
    assert_eq!(store.spans(&TraceId::fresh(1)).await.unwrap(), []);
}
