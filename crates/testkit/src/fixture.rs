//! Domain values with every field filled in, to be changed with struct update syntax where a test cares.
//!
//! They panic on what the domain refuses: a fixture is written down, never computed from input.

use trackside_core::{
    ArtifactEntry, ArtifactLocation, ArtifactPath, Dataset, DatasetInput, Event, ExperimentId, Key, KeyValue,
    LoggedModelId, MetricPoint, MetricSubject, NewExperiment, NewLoggedModel, NewModelVersion, NewRegisteredModel,
    NewRun, NewTrace, Point, RunId, Span, SpanBatch, SpanStatus, Tag, Timestamp, TraceFacts, TraceId, TraceState,
    Usage,
    query::{Compare, Order, Test},
};

/// An instant, in milliseconds since the epoch.
pub const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A key or name.
pub fn key(text: &str) -> Key {
    Key::new(text).expect("a fixture's key is valid")
}

/// A param or tag.
pub fn pair(key: &str, value: &str) -> KeyValue {
    KeyValue::new(key, value).expect("a fixture's key is valid")
}

/// An experiment created at 1,000, with artifacts under `mem:/base` and no tags.
pub fn new_experiment(name: &str) -> NewExperiment {
    NewExperiment {
        name: key(name),
        artifact_location: ArtifactLocation::Under("mem:/base".to_owned()),
        created_at: at(1_000),
        tags: Vec::new(),
    }
}

/// Run number `n`, called `run-n`, by `ada`, started at 1,000, without tags.
pub fn new_run(experiment: ExperimentId, n: u128) -> NewRun {
    let id = RunId::fresh(n);
    NewRun {
        experiment,
        name: format!("run-{n}"),
        user: "ada".to_owned(),
        started_at: at(1_000),
        artifact_uri: format!("mem:/base/{experiment}/{id}/artifacts"),
        tags: Vec::new(),
        id,
    }
}

/// Logged model number `n`, called `model-n`, created at 1,000, without run, tags or params.
pub fn new_logged_model(experiment: ExperimentId, n: u128) -> NewLoggedModel {
    let id = LoggedModelId::fresh(n);
    NewLoggedModel {
        experiment,
        name: format!("model-{n}"),
        created_at: at(1_000),
        artifact_uri: format!("mem:/base/{experiment}/models/{id}/artifacts"),
        model_type: "Agent".to_owned(),
        source_run: None,
        tags: Vec::new(),
        params: Vec::new(),
        id,
    }
}

/// Trace number `n`, described as a whole: requested in second `n`, took 100 ms, ended well.
pub fn new_trace(experiment: ExperimentId, n: u128) -> NewTrace {
    NewTrace {
        id: TraceId::fresh(n),
        experiment,
        client_request_id: None,
        requested_at: at(i64::try_from(n).unwrap() * 1_000),
        duration: Some(100),
        state: TraceState::Ok,
        request_preview: None,
        response_preview: None,
        is_described: true,
        artifact_uri: format!("mem:/traces/{n}"),
        facts: TraceFacts::default(),
    }
}

/// A span that began in this second and took half of one.
pub fn span(id: &str, parent: Option<&str>, second: i64) -> Span {
    Span {
        id: id.to_owned(),
        parent: parent.map(str::to_owned),
        name: format!("step {id}"),
        kind: Some("TOOL".to_owned()),
        status: SpanStatus::Unset,
        started_at: second * 1_000_000_000,
        ended_at: Some(second * 1_000_000_000 + 500_000_000),
        usage: Usage::default(),
        model: None,
        provider: None,
        document: format!("{{\"id\": \"{id}\"}}"),
    }
}

/// Spans of trace number `n` that tell nothing of it besides.
pub fn span_batch(n: u128, spans: Vec<Span>) -> SpanBatch {
    SpanBatch {
        trace: TraceId::fresh(n),
        spans,
        artifact_uri: format!("mem:/traces/{n}"),
        request_preview: None,
        response_preview: None,
        first_metadata: Vec::new(),
        facts: TraceFacts::default(),
    }
}

/// A registered model created at 1,000, without description and tags.
pub fn new_registered_model(name: &str) -> NewRegisteredModel {
    NewRegisteredModel { name: key(name), created_at: at(1_000), description: None, tags: Vec::new() }
}

/// A version of that model created at 2,000 from `mem:/source`, with nothing optional.
pub fn new_model_version(model: &str) -> NewModelVersion {
    NewModelVersion {
        model: key(model),
        number: None,
        created_at: at(2_000),
        description: None,
        source: "mem:/source".to_owned(),
        storage_location: None,
        run: None,
        run_link: None,
        logged_model: None,
        tags: Vec::new(),
    }
}

/// A measurement.
pub const fn point(step: i64, time: i64, value: f64) -> Point {
    Point { step, time: at(time), value }
}

/// A measurement of a metric of a run.
pub fn metric(name: &str, point: Point) -> MetricPoint {
    MetricPoint { key: key(name), point, subject: None }
}

/// A measurement of a logged model, on a dataset of this name and digest if one is given.
pub fn model_metric(name: &str, point: Point, model: &LoggedModelId, dataset: Option<(&str, &str)>) -> MetricPoint {
    let dataset = dataset.map(|(name, digest)| (name.to_owned(), digest.to_owned()));
    MetricPoint {
        subject: Some(Box::new(MetricSubject { model: Some(model.clone()), dataset })),
        ..metric(name, point)
    }
}

/// A local dataset with schema and profile, without tags.
pub fn dataset_input(name: &str, digest: &str) -> DatasetInput {
    let dataset = Dataset {
        name: key(name),
        digest: digest.to_owned(),
        source_type: "local".to_owned(),
        source: format!(r#"{{"uri": "/data/{name}"}}"#),
        schema: Some(r#"{"columns": []}"#.to_owned()),
        profile: Some(r#"{"num_rows": 1}"#.to_owned()),
    };
    DatasetInput { dataset, tags: Vec::new() }
}

/// A path of an artifact.
pub fn artifact(path: &str) -> ArtifactPath {
    ArtifactPath::parse(path).expect("a fixture's path is valid")
}

/// Stores a file of so many bytes; see [`MemoryArtifacts`](crate::MemoryArtifacts) for how to call it.
pub fn artifact_stored(path: &str, size: u64) -> Event {
    Event::ArtifactStored(ArtifactEntry { path: artifact(path), size: Some(size) })
}

/// Bytes of an artifact that depend on its path and size alone.
pub fn artifact_bytes(path: &ArtifactPath, size: u64) -> Vec<u8> {
    let size = usize::try_from(size).expect("a fixture fits into memory");
    path.as_str().bytes().chain([b'\n']).cycle().take(size).collect()
}

/// Writes params.
pub fn params(pairs: &[(&str, &str)]) -> Event {
    Event::Params(pairs.iter().map(|(key, value)| pair(key, value)).collect())
}

/// Sets tags.
pub fn tags(pairs: &[(&str, &str)]) -> Event {
    Event::Tags(tag_list(pairs))
}

/// Matches a regular expression.
pub fn matches(pattern: &str) -> Test {
    Test::Matches(pattern.to_owned())
}

/// Tags, in this order.
pub fn tag_list(pairs: &[(&str, &str)]) -> Vec<Tag> {
    pairs.iter().map(|(key, value)| pair(key, value)).collect()
}

/// Adds points to one metric.
pub fn points(name: &str, points: &[Point]) -> Event {
    Event::Points(points.iter().map(|point| metric(name, *point)).collect())
}

/// Adds one point at step and time 0, for tests that care for the value alone.
pub fn value(name: &str, value: f64) -> Event {
    points(name, &[point(0, 0, value)])
}

/// A test of a number.
pub const fn number(compare: Compare, value: f64) -> Test {
    Test::Number(compare, value)
}

/// A test of a text.
pub fn text(compare: Compare, value: &str) -> Test {
    Test::Text(compare, value.to_owned())
}

/// A pattern that tells letters apart by case.
pub fn like(pattern: &str) -> Test {
    Test::Like { pattern: pattern.to_owned(), case_sensitive: true }
}

/// A pattern that does not tell ASCII letters apart by case.
pub fn ilike(pattern: &str) -> Test {
    Test::Like { pattern: pattern.to_owned(), case_sensitive: false }
}

/// One of these texts.
pub fn one_of(values: &[&str]) -> Test {
    Test::OneOf { values: values.iter().map(ToString::to_string).collect(), negated: false }
}

/// None of these texts.
pub fn none_of(values: &[&str]) -> Test {
    Test::OneOf { values: values.iter().map(ToString::to_string).collect(), negated: true }
}

/// Smallest first.
pub const fn ascending<F>(field: F) -> Order<F> {
    Order { field, ascending: true }
}

/// Largest first.
pub const fn descending<F>(field: F) -> Order<F> {
    Order { field, ascending: false }
}
