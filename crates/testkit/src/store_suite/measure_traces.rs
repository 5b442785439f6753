//! Numbers over many traces.

use trackside_core::{
    Cost, ExperimentId, NewTrace, Span, Store, Timestamp, Token, TraceFacts, TraceState,
    query::{
        Aggregate::{self, Average, Count, Maximum, Minimum, Percentile, Sum},
        Compare::Equal,
        Dimension, Filter, MeasureQuery, Measured, Measurement, SpanField, TraceField,
    },
};

use super::{scene::experiment, traces::usage};
use crate::fixture::{at, new_trace, span, span_batch, text};

fn ask(experiment: ExperimentId, measured: Measured, aggregates: &[Aggregate]) -> MeasureQuery {
    MeasureQuery {
        experiments: vec![experiment],
        filter: Filter::default(),
        spans: vec![],
        assessments: vec![],
        from: None,
        to: None,
        measured,
        aggregates: aggregates.to_vec(),
        dimensions: vec![],
        interval: None,
        limit: 100,
    }
}

fn group(at: Option<Timestamp>, dimensions: &[&str], values: &[Option<f64>]) -> Measurement {
    let dimensions = dimensions.iter().map(|text| (*text).to_owned()).collect();
    Measurement { at, dimensions, values: values.to_vec() }
}

/// Traces 1 to 4; they took 100, 200, 300 ms and an unknown time. The third failed, the first two are one conversation
/// and have a name.
async fn four_traces(store: &dyn Store) -> ExperimentId {
    let id = experiment(store, "four").await;
    for n in 1..=4 {
        let talks = n <= 2;
        let facts = TraceFacts {
            name: talks.then(|| "chat".to_owned()),
            session: talks.then(|| "talk".to_owned()),
            usage: if talks { usage(n, 10, 0.5) } else { TraceFacts::default().usage },
            ..TraceFacts::default()
        };
        let state = if n == 3 { TraceState::Error } else { TraceState::Ok };
        let duration = (n < 4).then_some(n * 100);
        let new = NewTrace { duration, state, facts, ..new_trace(id, u128::try_from(n).unwrap()) };
        store.describe_trace(new).await.unwrap();
    }
    id
}

pub async fn traces_are_counted_by_filter(store: &dyn Store) {
    let id = four_traces(store).await;
    let failed = || Filter::Field(TraceField::State, text(Equal, "ERROR"));
    let named = || Filter::Field(TraceField::Name, text(Equal, "chat"));
    let filters = vec![Filter::default(), failed(), named(), Filter::All(vec![failed(), named()])];
    assert_eq!(store.count_traces(vec![id], filters.clone()).await.unwrap(), [4, 1, 2, 0]);
    assert_eq!(store.count_traces(vec![], filters).await.unwrap(), [0; 4]);
}

pub async fn everything_is_one_group_unless_told_otherwise(store: &dyn Store) {
    let id = four_traces(store).await;
    let duration = ask(id, Measured::TraceDuration, &[Count, Sum, Average, Minimum, Maximum, Percentile(25.0)]);
    let values = [3.0, 600.0, 200.0, 100.0, 300.0, 150.0].map(Some);
    assert_eq!(store.measure_traces(duration).await.unwrap(), [group(None, &[], &values)]);
    for (measured, count) in [(Measured::Traces, 4.0), (Measured::Sessions, 1.0), (Measured::Tokens(Token::Input), 2.0)]
    {
        let counted = store.measure_traces(ask(id, measured, &[Count])).await.unwrap();
        assert_eq!(counted, [group(None, &[], &[Some(count)])], "{measured:?}");
    }
    let nothing = store.measure_traces(ask(id, Measured::Tokens(Token::CacheRead), &[Count, Average])).await.unwrap();
    assert_eq!(nothing, [group(None, &[], &[Some(0.0), None])]);
}

pub async fn groups_come_by_interval_then_dimension(store: &dyn Store) {
    let id = four_traces(store).await;
    let query = MeasureQuery {
        interval: Some(2_000),
        dimensions: vec![Dimension::TraceState],
        ..ask(id, Measured::Traces, &[Count])
    };
    let expected = [
        group(Some(at(0)), &["OK"], &[Some(1.0)]),
        group(Some(at(2_000)), &["ERROR"], &[Some(1.0)]),
        group(Some(at(2_000)), &["OK"], &[Some(1.0)]),
        group(Some(at(4_000)), &["OK"], &[Some(1.0)]),
    ];
    assert_eq!(store.measure_traces(query).await.unwrap(), expected);
}

pub async fn intervals_count_from_the_past_also_before_the_epoch(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for (n, millis) in [(1, -1), (2, -1_000), (3, -1_001), (4, 0)] {
        store.describe_trace(NewTrace { requested_at: at(millis), ..new_trace(id, n) }).await.unwrap();
    }
    let query = MeasureQuery { interval: Some(1_000), ..ask(id, Measured::Traces, &[Count]) };
    let expected = [(-2_000, 1.0), (-1_000, 2.0), (0, 1.0)].map(|(begin, n)| group(Some(at(begin)), &[], &[Some(n)]));
    assert_eq!(store.measure_traces(query).await.unwrap(), expected);
}

pub async fn only_what_has_the_value_and_the_dimension_is_measured(store: &dyn Store) {
    let id = four_traces(store).await;
    let by_name =
        |measured, aggregates| MeasureQuery { dimensions: vec![Dimension::TraceName], ..ask(id, measured, aggregates) };
    let counted = store.measure_traces(by_name(Measured::Traces, &[Count])).await.unwrap();
    assert_eq!(counted, [group(None, &["chat"], &[Some(2.0)])]);
    let tokens = store.measure_traces(by_name(Measured::Tokens(Token::Output), &[Sum])).await.unwrap();
    assert_eq!(tokens, [group(None, &["chat"], &[Some(20.0)])]);
    assert_eq!(store.measure_traces(by_name(Measured::Tokens(Token::Total), &[Sum])).await.unwrap(), []);
}

pub async fn spans_are_measured_by_their_own_fields(store: &dyn Store) {
    let id = four_traces(store).await;
    let priced = |model: &str, cost, span| Span { model: Some(model.to_owned()), usage: usage(1, 1, cost), ..span };
    let spans = vec![
        priced("m", 0.5, span("a", None, 1)),
        priced("m", 0.25, Span { kind: None, ended_at: None, ..span("b", Some("a"), 3) }),
        priced("n", 1.0, span("c", Some("a"), 3)),
    ];
    store.append_spans(id, vec![span_batch(1, spans)]).await.unwrap();
    let measured = async |query| store.measure_traces(query).await.unwrap();
    let by = |dimension, query| MeasureQuery { dimensions: vec![dimension], ..query };
    let cost = ask(id, Measured::SpanCost(Cost::Total), &[Sum]);
    let expected = [group(None, &["m"], &[Some(0.75)]), group(None, &["n"], &[Some(1.0)])];
    assert_eq!(measured(by(Dimension::SpanModel, cost.clone())).await, expected);
    let late = MeasureQuery { from: Some(at(1_001)), ..cost };
    assert_eq!(measured(late).await, [group(None, &[], &[Some(1.25)])], "by the start of the span");
    let counted = ask(id, Measured::Spans, &[Count]);
    assert_eq!(measured(by(Dimension::SpanKind, counted.clone())).await, [group(None, &["TOOL"], &[Some(2.0)])]);
    let late = MeasureQuery { from: Some(at(1_001)), ..counted.clone() };
    assert_eq!(measured(late).await, [group(None, &[], &[Some(0.0)])], "by the request of the trace");
    let named = MeasureQuery { spans: vec![(SpanField::Name, text(Equal, "step a"))], ..counted };
    assert_eq!(measured(named).await, [group(None, &[], &[Some(1.0)])]);
    let took = MeasureQuery { interval: Some(1_000), ..ask(id, Measured::SpanDuration, &[Maximum]) };
    let expected = [group(Some(at(1_000)), &[], &[Some(500.0)]), group(Some(at(3_000)), &[], &[Some(500.0)])];
    assert_eq!(measured(took).await, expected);
}

pub async fn a_measure_keeps_to_filter_times_and_limit(store: &dyn Store) {
    let id = four_traces(store).await;
    let count = || ask(id, Measured::Traces, &[Count]);
    let one = async |query| store.measure_traces(query).await.unwrap()[0].values[0];
    let failed = Filter::Field(TraceField::State, text(Equal, "ERROR"));
    assert_eq!(one(MeasureQuery { filter: failed, ..count() }).await, Some(1.0));
    let (from, to) = (Some(at(2_000)), Some(at(3_000)));
    assert_eq!(one(MeasureQuery { from, to, ..count() }).await, Some(2.0));
    assert_eq!(one(MeasureQuery { from: Some(at(i64::MIN)), to: Some(at(i64::MAX)), ..count() }).await, Some(4.0));
    let groups = MeasureQuery { interval: Some(1_000), limit: 2, ..count() };
    let begins: Vec<_> = store.measure_traces(groups).await.unwrap().into_iter().map(|group| group.at).collect();
    assert_eq!(begins, [Some(at(1_000)), Some(at(2_000))]);
}
