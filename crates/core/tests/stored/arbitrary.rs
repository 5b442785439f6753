//! Batches of any content.

use proptest::{collection::vec, option, prelude::*, sample::select};
use trackside_core::{
    ArtifactEntry, ArtifactPath, Batch, Dataset, DatasetInput, Event, ExperimentId, Key, LoggedModelBatch,
    LoggedModelChange, LoggedModelCreated, LoggedModelId, LoggedModelStatus, MetricPoint, MetricSubject, ModelOutput,
    ModelVersionChange, NewLoggedModel, NewModelVersion, NewRegisteredModel, Point, RegisteredModelBatch,
    RegisteredModelChange, RegistryEvent, RunBatch, RunId, RunStarted, RunStatus, RunUpdate, Seq, Stage, Tag,
    Timestamp,
};

pub(crate) fn batch() -> impl Strategy<Value = Batch> {
    prop_oneof![
        4 => (run_id(), option::of(started()), vec(event(), 0..6), seq())
            .prop_map(|(run, started, events, last)| Batch::Run(RunBatch { run, started, events, last })),
        1 => (model_id(), option::of(created()), vec((change(), time()), 0..4), seq()).prop_map(
            |(model, created, changes, last)| Batch::LoggedModel(LoggedModelBatch { model, created, changes, last })
        ),
        1 => (key(), vec(registry_event(), 0..4), seq())
            .prop_map(|(model, events, last)| Batch::RegisteredModel(RegisteredModelBatch { model, events, last })),
    ]
}

fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..8).prop_map(|chars| chars.into_iter().collect())
}

fn key() -> impl Strategy<Value = Key> {
    text().prop_map(|text| Key::new(text.replace('\0', "")).unwrap())
}

fn tag() -> impl Strategy<Value = Tag> {
    (key(), text()).prop_map(|(key, value)| Tag { key, value })
}

fn tags() -> impl Strategy<Value = Vec<Tag>> {
    vec(tag(), 0..4)
}

fn run_id() -> impl Strategy<Value = RunId> {
    any::<u128>().prop_map(RunId::fresh)
}

fn model_id() -> impl Strategy<Value = LoggedModelId> {
    any::<u128>().prop_map(LoggedModelId::fresh)
}

fn time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_millis)
}

fn seq() -> impl Strategy<Value = Seq> {
    any::<u64>().prop_map(Seq)
}

fn path() -> impl Strategy<Value = ArtifactPath> {
    vec(text(), 0..4).prop_filter_map("no path", |segments| ArtifactPath::parse(&segments.join("/")).ok())
}

fn point() -> impl Strategy<Value = MetricPoint> {
    let subject = (option::of(model_id()), option::of((text(), text())))
        .prop_map(|(model, dataset)| Box::new(MetricSubject { model, dataset }));
    (key(), any::<i64>(), time(), prop::num::f64::ANY, option::weighted(0.2, subject))
        .prop_map(|(key, step, time, value, subject)| MetricPoint { key, point: Point { step, time, value }, subject })
}

fn started() -> impl Strategy<Value = RunStarted> {
    (key(), text(), text(), time(), tags()).prop_map(|(experiment, name, user, started_at, tags)| RunStarted {
        experiment,
        name,
        user,
        started_at,
        tags,
    })
}

fn dataset_input() -> impl Strategy<Value = DatasetInput> {
    (key(), text(), text(), text(), option::of(text()), option::of(text()), tags()).prop_map(
        |(name, digest, source_type, source, schema, profile, tags)| DatasetInput {
            dataset: Dataset { name, digest, source_type, source, schema, profile },
            tags,
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let update = (option::of(select(RunStatus::ALL.as_slice())), option::of(time()), option::of(text()))
        .prop_map(|(status, ended_at, name)| RunUpdate { status, ended_at, name });
    prop_oneof![
        4 => vec(point(), 0..8).prop_map(Event::Points),
        1 => tags().prop_map(Event::Params),
        1 => tags().prop_map(Event::Tags),
        1 => key().prop_map(Event::TagDeleted),
        1 => vec(dataset_input(), 0..3).prop_map(Event::DatasetInputs),
        1 => vec(model_id(), 0..3).prop_map(Event::ModelInputs),
        1 => vec((model_id(), any::<i64>()).prop_map(|(model, step)| ModelOutput { model, step }), 0..3)
            .prop_map(Event::ModelOutputs),
        1 => update.prop_map(Event::Updated),
        1 => time().prop_map(Event::Deleted),
        1 => Just(Event::Restored),
        1 => (path(), option::of(any::<u64>()))
            .prop_map(|(path, size)| Event::ArtifactStored(ArtifactEntry { path, size })),
        1 => path().prop_map(Event::ArtifactDeleted),
    ]
}

fn created() -> impl Strategy<Value = LoggedModelCreated> {
    let labels = (key(), text(), text(), text());
    (model_id(), any::<i64>(), labels, time(), option::of(run_id()), tags(), tags()).prop_map(
        |(id, experiment_id, (experiment, name, artifact_uri, model_type), created_at, source_run, tags, params)| {
            let experiment_id = ExperimentId::new(experiment_id);
            let new = NewLoggedModel {
                id,
                experiment: experiment_id,
                name,
                created_at,
                artifact_uri,
                model_type,
                source_run,
                tags,
                params,
            };
            LoggedModelCreated { experiment, new }
        },
    )
}

fn change() -> impl Strategy<Value = LoggedModelChange> {
    prop_oneof![
        select(LoggedModelStatus::ALL.as_slice()).prop_map(LoggedModelChange::Status),
        tags().prop_map(LoggedModelChange::SetTags),
        key().prop_map(LoggedModelChange::DeleteTag),
        tags().prop_map(LoggedModelChange::AddParams),
        Just(LoggedModelChange::Delete),
    ]
}

fn registry_event() -> impl Strategy<Value = RegistryEvent> {
    let new = (key(), time(), option::of(text()), tags()).prop_map(|(name, created_at, description, tags)| {
        RegistryEvent::Created(NewRegisteredModel { name, created_at, description, tags })
    });
    prop_oneof![
        new,
        (registered_model_change(), time()).prop_map(|(change, at)| RegistryEvent::Changed(change, at)),
        (any::<u32>(), new_version()).prop_map(|(number, new)| RegistryEvent::VersionCreated(number, new)),
        (any::<u32>(), version_change(), time())
            .prop_map(|(number, change, at)| RegistryEvent::VersionChanged(number, change, at)),
    ]
}

fn new_version() -> impl Strategy<Value = NewModelVersion> {
    let texts = (option::of(text()), text(), option::of(text()), option::of(text()));
    (key(), option::of(any::<u32>()), time(), texts, option::of(run_id()), option::of(model_id()), tags()).prop_map(
        |(model, number, created_at, (description, source, storage_location, run_link), run, logged_model, tags)| {
            NewModelVersion {
                model,
                number,
                created_at,
                description,
                source,
                storage_location,
                run,
                run_link,
                logged_model,
                tags,
            }
        },
    )
}

fn registered_model_change() -> impl Strategy<Value = RegisteredModelChange> {
    prop_oneof![
        key().prop_map(RegisteredModelChange::Rename),
        option::of(text()).prop_map(RegisteredModelChange::Describe),
        tag().prop_map(RegisteredModelChange::SetTag),
        key().prop_map(RegisteredModelChange::DeleteTag),
        (key(), any::<u32>()).prop_map(|(alias, version)| RegisteredModelChange::SetAlias(alias, version)),
        key().prop_map(RegisteredModelChange::DeleteAlias),
        Just(RegisteredModelChange::Delete),
    ]
}

fn version_change() -> impl Strategy<Value = ModelVersionChange> {
    prop_oneof![
        option::of(text()).prop_map(ModelVersionChange::Describe),
        (select(Stage::ALL.as_slice()), any::<bool>())
            .prop_map(|(stage, archive_others)| ModelVersionChange::Stage { stage, archive_others }),
        tag().prop_map(ModelVersionChange::SetTag),
        key().prop_map(ModelVersionChange::DeleteTag),
        Just(ModelVersionChange::Delete),
    ]
}
