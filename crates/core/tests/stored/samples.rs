//! What the lines of the golden file say: every variant, every optional field once there and once not.

use trackside_core::{
    ArtifactEntry, ArtifactPath, Batch, Dataset, DatasetInput, Event, ExperimentId, Key, LoggedModelBatch,
    LoggedModelChange, LoggedModelCreated, LoggedModelId, LoggedModelStatus, MetricPoint, MetricSubject, ModelOutput,
    ModelVersionChange, NewLoggedModel, NewModelVersion, NewRegisteredModel, Param, Point, PromotionEvent,
    PromotionStep, RegisteredModelBatch, RegisteredModelChange, RegistryEvent, RunBatch, RunId, RunStarted, RunStatus,
    RunUpdate, Seq, Stage, Tag, Target, Timestamp,
};

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn tag(name: &str, value: &str) -> Tag {
    Tag::new(name, value).unwrap()
}

const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn model() -> LoggedModelId {
    LoggedModelId::fresh(255)
}

fn run(last: u64, started: Option<RunStarted>, events: Vec<Event>) -> Batch {
    Batch::Run(RunBatch { run: RunId::parse("run-1_A").unwrap(), started, events, last: Seq(last) })
}

fn registered(last: u64, events: Vec<RegistryEvent>) -> Batch {
    Batch::RegisteredModel(RegisteredModelBatch { model: key("churn, v2 \"ä\""), events, last: Seq(last) })
}

fn point(step: i64, time: i64, value: f64, subject: Option<MetricSubject>) -> MetricPoint {
    MetricPoint { key: key("loss"), point: Point { step, time: at(time), value }, subject: subject.map(Box::new) }
}

pub(crate) fn of_one_point(value: f64) -> Batch {
    run(1, None, vec![Event::Points(vec![point(1, 1, value, None)])])
}

pub(crate) fn batches() -> Vec<Batch> {
    let mut batches = vec![beginning(), inputs(), run(u64::MAX, None, vec![])];
    batches.extend(points().into_iter().zip(3..).map(|(points, last)| run(last, None, vec![Event::Points(points)])));
    batches.extend([changes(), artifacts(), logged_model(), logged_model_changes()]);
    batches.extend([registration(), registered_model_changes(), model_version_changes()]);
    batches
}

fn beginning() -> Batch {
    let started = RunStarted {
        experiment: key("Klassifikation/β"),
        name: String::new(),
        user: "ada".to_owned(),
        started_at: at(1_700_000_000_000),
        tags: vec![tag("mlflow.parentRunId", "run-0"), tag("", "")],
    };
    let params =
        Event::Params(vec![Param::new("lr", "0.1").unwrap(), Param::new("text", "a\nb\t\"c\"\\\u{1}").unwrap()]);
    run(1, Some(started), vec![params, Event::Tags(vec![tag("k", "日本語 🚂")]), Event::TagDeleted(key("k"))])
}

fn inputs() -> Batch {
    let dataset = |schema: Option<&str>, profile: Option<&str>| Dataset {
        name: key("iris"),
        digest: "d1".to_owned(),
        source_type: "http".to_owned(),
        source: r#"{"url":"x"}"#.to_owned(),
        schema: schema.map(str::to_owned),
        profile: profile.map(str::to_owned),
    };
    let inputs = vec![
        DatasetInput { dataset: dataset(Some("[]"), Some("")), tags: vec![tag("mlflow.data.context", "training")] },
        DatasetInput { dataset: dataset(None, None), tags: vec![] },
    ];
    let outputs = vec![ModelOutput { model: model(), step: i64::MIN }];
    run(2, None, vec![Event::DatasetInputs(inputs), Event::ModelInputs(vec![model()]), Event::ModelOutputs(outputs)])
}

fn points() -> [Vec<MetricPoint>; 2] {
    let subject = |model, dataset: Option<(&str, &str)>| {
        Some(MetricSubject { model, dataset: dataset.map(|(name, digest)| (name.to_owned(), digest.to_owned())) })
    };
    [
        vec![
            point(1, 1_700_000_000_000, 0.5, None),
            point(i64::MAX, i64::MAX, f64::NAN, None),
            point(i64::MIN, i64::MIN, f64::NEG_INFINITY, None),
            point(0, -1, f64::INFINITY, None),
            point(0, 0, -0.0, None),
            point(2, 0, 1e300, None),
            point(2, 0, 3.0, None),
            point(1, 0, 0.1 + 0.2, None),
        ],
        vec![
            point(1, 1, 1.0, subject(Some(model()), Some(("iris", "d1")))),
            point(1, 1, 1.0, subject(Some(model()), None)),
            point(1, 1, 1.0, subject(None, Some(("", "")))),
            point(1, 1, 1.0, subject(None, None)),
        ],
    ]
}

fn changes() -> Batch {
    let whole = RunUpdate { status: Some(RunStatus::Finished), ended_at: Some(at(5)), name: Some("x".to_owned()) };
    let mut events = vec![Event::Updated(whole), Event::Updated(RunUpdate::default())];
    for status in RunStatus::ALL {
        events.push(Event::Updated(RunUpdate { status: Some(status), ..RunUpdate::default() }));
    }
    events.extend([Event::Deleted(at(-5)), Event::Restored]);
    run(5, None, events)
}

fn artifacts() -> Batch {
    let entry = |path, size| ArtifactEntry { path: ArtifactPath::parse(path).unwrap(), size };
    let stored = [entry("a/b c.txt", Some(u64::MAX)), entry("d", None)].map(Event::ArtifactStored);
    let deleted = [ArtifactPath::parse("a").unwrap(), ArtifactPath::root()].map(Event::ArtifactDeleted);
    run(6, None, stored.into_iter().chain(deleted).collect())
}

fn logged_model_batch(last: u64, created: Option<LoggedModelCreated>, changes: Vec<LoggedModelChange>) -> Batch {
    let changes = changes.into_iter().zip((1..).map(at)).collect();
    Batch::LoggedModel(LoggedModelBatch { model: model(), created, changes, last: Seq(last) })
}

fn logged_model() -> Batch {
    let new = NewLoggedModel {
        id: model(),
        experiment: ExperimentId::new(7),
        name: "forest".to_owned(),
        created_at: at(1),
        artifact_uri: "mlflow-artifacts:/7/models/m".to_owned(),
        model_type: "Agent".to_owned(),
        source_run: Some(RunId::fresh(1)),
        tags: vec![tag("a", "b")],
        params: vec![Param::new("depth", "3").unwrap()],
    };
    logged_model_batch(7, Some(LoggedModelCreated { experiment: key("e"), new }), vec![])
}

fn logged_model_changes() -> Batch {
    let mut changes: Vec<_> = LoggedModelStatus::ALL.into_iter().map(LoggedModelChange::Status).collect();
    changes.extend([
        LoggedModelChange::SetTags(vec![tag("a", "b"), tag("c", "")]),
        LoggedModelChange::DeleteTag(key("a")),
        LoggedModelChange::AddParams(vec![Param::new("depth", "3").unwrap()]),
        LoggedModelChange::Delete,
    ]);
    logged_model_batch(8, None, changes)
}

fn registration() -> Batch {
    let registered_model = |description| NewRegisteredModel {
        name: key("churn, v2 \"ä\""),
        created_at: at(1),
        description,
        tags: vec![tag("a", "b")],
    };
    let version = NewModelVersion {
        model: key("churn, v2 \"ä\""),
        number: None,
        created_at: at(2),
        description: None,
        source: "models:/m-1".to_owned(),
        storage_location: None,
        run: None,
        run_link: None,
        logged_model: None,
        tags: vec![],
    };
    let told = NewModelVersion {
        number: Some(4),
        description: Some("best".to_owned()),
        storage_location: Some("s3://x".to_owned()),
        run: Some(RunId::fresh(1)),
        run_link: Some("https://x".to_owned()),
        logged_model: Some(model()),
        tags: vec![tag("a", "b")],
        ..version.clone()
    };
    registered(
        9,
        vec![
            RegistryEvent::Created(registered_model(None)),
            RegistryEvent::Created(registered_model(Some("why".to_owned()))),
            RegistryEvent::VersionCreated(1, version),
            RegistryEvent::VersionCreated(u32::MAX, told),
        ],
    )
}

fn registered_model_changes() -> Batch {
    let changes = [
        RegisteredModelChange::Rename(key("new")),
        RegisteredModelChange::Describe(None),
        RegisteredModelChange::Describe(Some(String::new())),
        RegisteredModelChange::SetTag(tag("a", "b")),
        RegisteredModelChange::DeleteTag(key("a")),
        RegisteredModelChange::SetAlias(key("champion"), 3),
        RegisteredModelChange::DeleteAlias(key("champion")),
        RegisteredModelChange::Delete,
    ];
    registered(10, changes.into_iter().map(|change| RegistryEvent::Changed(change, at(1))).collect())
}

fn model_version_changes() -> Batch {
    let mut changes = vec![
        ModelVersionChange::Describe(None),
        ModelVersionChange::Describe(Some("text".to_owned())),
        ModelVersionChange::SetTag(tag("a", "b")),
        ModelVersionChange::DeleteTag(key("a")),
        ModelVersionChange::Delete,
    ];
    for (stage, archive_others) in Stage::ALL.into_iter().zip([true, false, true, false]) {
        changes.push(ModelVersionChange::Stage { stage, archive_others });
    }
    registered(11, changes.into_iter().map(|change| RegistryEvent::VersionChanged(1, change, at(1))).collect())
}

pub(crate) fn later_registry_events() -> Vec<RegistryEvent> {
    let own = Stage::Own(key("canary"));
    let moved = ModelVersionChange::Stage { stage: own.clone(), archive_others: true };
    let event = |step, target, reason: Option<&str>| {
        let reason = reason.map(str::to_owned);
        RegistryEvent::Promotion(PromotionEvent {
            promotion: 7,
            version: 3,
            target,
            step,
            by: key("alice"),
            reason,
            at: at(1),
        })
    };
    vec![
        RegistryEvent::VersionChanged(1, moved, at(1)),
        event(PromotionStep::Requested, Target::Stage(Stage::Production), Some("better")),
        event(PromotionStep::Approved, Target::Alias(key("champion")), None),
        event(PromotionStep::Rejected, Target::Stage(own.clone()), None),
        event(PromotionStep::Withdrawn, Target::Stage(own), None),
    ]
}
