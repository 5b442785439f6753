//! A database of every released schema version opens, is brought up to date and reads right.
//!
//! `golden/v<n>.sql` is the dump of a database that release wrote, or brought up to date, and is never edited.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{
    ArtifactEntry, ArtifactPath, AssessmentId, Batch, Event, ExperimentId, HookEvent, Key, Kind, Lifecycle, LineQuery,
    LoggedModelId, LoggedModelStatus, NewExperiment, PageRequest, PromotionState, Query, RegistryEvent, RunId,
    RunStatus, Seq, SpanStatus, Stage, Subject, Target, Timestamp, TraceState, WebhookSecret, WebhookStatus,
    WhichMember, WhichVersions,
    ledger::{Action, LedgerDigest, RegistryState},
    query::{Compare, Filter, Test, TraceField, View},
    store::{
        Assessments, Bin, BinItem, Bundles, Collections, Cursors, DeadLetters, Deliveries, DeliveryQuery,
        DeliveryState, EvaluationDatasets, EvaluationRecords, Experiments, HistoryQuery, Ledger, LedgerQuery, LogRange,
        LoggedModels, Mark, Metrics, ModelVersions, Outbox, Promotions, RegisteredModels, RunRecords, Runs, Scorers,
        Sweeps, Traces, Webhooks,
    },
    stored,
};

const VERSIONS: [&str; 11] = [
    include_str!("golden/v1.sql"),
    include_str!("golden/v2.sql"),
    include_str!("golden/v3.sql"),
    include_str!("golden/v4.sql"),
    include_str!("golden/v5.sql"),
    include_str!("golden/v6.sql"),
    include_str!("golden/v7.sql"),
    include_str!("golden/v8.sql"),
    include_str!("golden/v9.sql"),
    include_str!("golden/v10.sql"),
    include_str!("golden/v11.sql"),
];

#[tokio::test]
async fn databases_of_every_release_open_and_read_right() {
    for (n, dump) in VERSIONS.iter().enumerate() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("golden.db");
        Connection::open(&path).unwrap().execute_batch(dump).unwrap();
        let store = SqliteStore::open(&path, Config::default()).unwrap();
        experiments_are_there(&store).await;
        runs_are_there(&store).await;
        models_are_there(&store).await;
        match n {
            0 => assert_eq!(store.cursors().await.unwrap(), []),
            _ => log_is_there(&store).await,
        }
        if n >= 4 {
            webhooks_are_there(&store).await;
            bin_is_there(&store).await;
        }
        if n >= 5 {
            traces_are_there(&store).await;
        }
        if n >= 6 {
            evaluation_is_there(&store).await;
        }
        if n >= 7 {
            records_are_there(&store).await;
        }
        if n >= 8 {
            bundles_are_there(&store, n).await;
        }
        if n >= 10 {
            promotions_are_there(&store).await;
        }
        ledger_begins_with_what_was_there(&store).await;
        histories_are_there(&store, n).await;
        // What was written before there were chunks is packed as well.
        store.seal().await.unwrap();
        histories_are_there(&store, n).await;
        store.close().await;
        assert_eq!(schema(&path), schema_of_a_new_database(), "version {} after its migrations", n + 1);
    }
}

async fn promotions_are_there(store: &SqliteStore) {
    let promotion = store.promotion(1).await.unwrap().unwrap();
    assert_eq!((promotion.target, promotion.state), (Target::Stage(Stage::Staging), PromotionState::Pending));
    assert_eq!(promotion.votes.len(), 1);
}

async fn experiments_are_there(store: &SqliteStore) {
    let query = Query { view: View::All, ..Query::default() };
    let found = store.search_experiments(query, PageRequest::first(9)).await.unwrap().items;
    let names: Vec<_> = found.iter().map(|found| (found.id.get(), found.name.as_str(), found.lifecycle)).collect();
    let expected =
        [(2, "old", Lifecycle::Deleted), (1, "vision", Lifecycle::Active), (0, "Default", Lifecycle::Active)];
    assert_eq!(names, expected);
    assert_eq!(found[1].artifact_location, "s3://bucket/vision");
    assert_eq!(found[2].artifact_location, "mlflow-artifacts:/0");
    assert_eq!((found[0].updated_at, found[0].tags[0].value.as_str()), (Timestamp::from_millis(4_000), "blue"));

    let next = NewExperiment {
        name: Key::new("next").unwrap(),
        artifact_location: trackside_core::ArtifactLocation::At(String::new()),
        created_at: Timestamp::default(),
        tags: Vec::new(),
    };
    assert_eq!(store.create_experiment(next).await.unwrap().id, ExperimentId::new(3));
}

async fn runs_are_there(store: &SqliteStore) {
    let run = store.run(&RunId::fresh(1)).await.unwrap().unwrap();
    assert_eq!((run.info.status, run.info.ended_at), (RunStatus::Finished, Some(Timestamp::from_millis(9_000))));
    assert_eq!(run.tags[1].value, "it's");
    assert_eq!(run.params.iter().map(|param| param.value.as_str()).collect::<Vec<_>>(), ["", "0.1"]);
    let latest: Vec<_> = run.metrics.iter().map(|metric| (metric.key.as_str(), metric.point.step)).collect();
    assert_eq!(latest, [("acc", 2), ("loss", 2), ("tiny", i64::MAX)]);
    assert!(run.metrics[1].point.value.is_nan() && run.metrics[2].point.value.to_bits() == 1);
    assert_eq!(run.dataset_inputs[0].dataset.profile.as_deref(), Some("{}"));
    assert_eq!(run.dataset_inputs[0].tags[0].value, "training");
    assert_eq!((&run.model_inputs[0], run.model_outputs[0].step), (&LoggedModelId::fresh(9), 2));

    histories_are_there(store, 0).await;
    let deleted = store.run(&RunId::fresh(2)).await.unwrap().unwrap();
    assert_eq!(deleted.info.lifecycle, Lifecycle::Deleted);
}

/// Values of a metric, in order.
async fn history(store: &SqliteStore, run: u128, key: &str) -> Vec<String> {
    let (run, key) = (RunId::fresh(run), Key::new(key).unwrap());
    let query = HistoryQuery { run, key, limit: None, after: None, since: None };
    store.history(query).await.unwrap().items.iter().map(|point| format!("{:?}", point.value)).collect()
}

async fn histories_are_there(store: &SqliteStore, version: usize) {
    assert_eq!(history(store, 1, "loss").await, ["inf", "0.1", "NaN", "-inf"]);
    if version >= 2 {
        packed_points_are_there(store).await;
    }
}

/// In chunks, in a block, in a tail and late.
async fn packed_points_are_there(store: &SqliteStore) {
    let expected = ["0.5", "-0.0", "-0.0", "NaN", "inf", "0.5", "-0.0", "NaN", "inf", "0.5"];
    assert_eq!(history(store, 3, "packed").await, expected);
    let metrics = store.run(&RunId::fresh(3)).await.unwrap().unwrap().metrics;
    assert_eq!((metrics[1].key.as_str(), metrics[1].point.step), ("packed", 8));
}

async fn records_are_there(store: &SqliteStore) {
    let (run, key) = (RunId::fresh(1), |text: &str| Key::new(text).unwrap());
    let config = store.documents(vec![run.clone()], &key("wandb.config")).await.unwrap();
    assert_eq!(config, [Some(r#"{"lr": {"value": 0.1}}"#.to_owned())]);
    let extents = store.line_extents(&run).await.unwrap();
    let ends: Vec<_> = extents.iter().map(|extent| (extent.writer.as_str(), extent.end, extent.last_step)).collect();
    assert_eq!(ends, [("", 2, Some(5)), ("w", 4, None)]);
    let query = LineQuery { run, stream: key("wandb.history"), writer: None, from: 0, steps: None };
    let lines = store.lines(query, PageRequest::first(9)).await.unwrap().items;
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, [r#"{"_step": 0}"#, "{\"_step\": 5, \"t\": \"a\\b\nc\"}", "x"]);
    assert_eq!(store.secret(&key("wandb.urls"), [9; 32]).await.unwrap()[..3], [0, 1, 2]);
}

async fn bundles_are_there(store: &SqliteStore, n: usize) {
    // Labels and lifetimes came with version 10.
    let (labels, lifetime) = if n >= 9 { (1, Some(86_400)) } else { (0, None) };
    let vision = ExperimentId::new(1);
    let home = store.collection_named(vision, &Key::new("data").unwrap()).await.unwrap().unwrap();
    assert_eq!((home.folder.as_str(), home.kind.as_str(), home.n_members), ("data", "dataset", 1));
    assert_eq!((home.description.as_deref(), home.labels.len()), (Some("words"), labels));
    let member = store.member(home.id, WhichMember::Alias("latest".to_owned())).await.unwrap().unwrap();
    assert_eq!((member.number, member.bundle.run, member.bundle.lifetime_secs), (0, Some(RunId::fresh(1)), lifetime));
    assert_eq!(store.memberships(member.bundle.id).await.unwrap().len(), 2);
    let digests = ["XUFAKrxLKna5cZ2REBfFkg==", "eV8yArF8trwuM8tE0ZWLpg==", "other"].map(str::to_owned);
    assert_eq!(store.unneeded_digests(digests.to_vec()).await.unwrap(), ["other"]);
    assert_eq!(store.sweeps(vision, 9).await.unwrap()[0].id.as_str(), "sw1");
}

async fn ledger_begins_with_what_was_there(store: &SqliteStore) {
    let entries = store.ledger(LedgerQuery { model: None, after: 0, limit: 9 }).await.unwrap();
    let found = entries[0].follows(0, LedgerDigest::NONE).unwrap();
    assert_eq!((found.action, found.model.as_str()), (Action::FindModel, "classifier"));
    let mut state = RegistryState::default();
    state.apply(&found).unwrap();
    let model = &state.models["classifier"];
    assert_eq!((model.aliases["champion"], model.versions[&1].stage.as_str()), (2, "Production"));
}

async fn models_are_there(store: &SqliteStore) {
    let logged = store.logged_model(&LoggedModelId::fresh(1), false).await.unwrap().unwrap();
    assert_eq!((logged.status, logged.source_run), (LoggedModelStatus::Ready, Some(RunId::fresh(1))));
    assert_eq!(logged.metrics[0].dataset, Some(("train".to_owned(), "abc".to_owned())));
    assert!(logged.metrics[1].point.value.is_nan());

    let name = Key::new("classifier").unwrap();
    let registered = store.registered_model(&name).await.unwrap().unwrap();
    let latest: Vec<_> =
        registered.latest_versions.iter().map(|version| (version.stage.clone(), version.number)).collect();
    assert_eq!(latest, [(Stage::None, 2), (Stage::Production, 1)]);
    let second = store.model_version(&name, 2).await.unwrap().unwrap();
    assert_eq!(second.aliases, [Key::new("champion").unwrap()]);
    assert_eq!(store.model_version(&name, 3).await.unwrap(), None);
}

async fn log_is_there(store: &SqliteStore) {
    let cursors = store.cursors().await.unwrap();
    let [copy, mlflow] = &cursors[..] else { panic!("two sinks: {cursors:?}") };
    assert_eq!((copy.sink.as_str(), copy.position, copy.paused, copy.lag.items), ("copy", Seq(2), true, 4));
    assert_eq!((mlflow.sink.as_str(), mlflow.position, mlflow.window_end), ("mlflow", Seq(3), Some(Seq(5))));
    assert_eq!((mlflow.delivered, mlflow.dead, mlflow.lost, mlflow.backfill.as_deref()), (4, 1, 1, Some("all")));
    let withheld: Vec<_> = mlflow.withheld.iter().collect();
    assert_eq!(withheld, [(Kind::Points, 2), (Kind::Registry, 1)]);
    assert_eq!((mlflow.lag.entries, mlflow.lag.since), (2, Some(Timestamp::from_millis(10_003))));

    let range = LogRange { after: Seq(0), until: None, subject: None, max_bytes: u64::MAX };
    let entries = store.read_log(range).await.unwrap();
    let subjects: Vec<_> = entries.iter().map(|entry| entry.batch.subject()).collect();
    let model = Subject::LoggedModel(LoggedModelId::fresh(3));
    let registered = Subject::RegisteredModel(Key::new("classifier").unwrap());
    assert_eq!(subjects, [Subject::Run(RunId::fresh(3)), model.clone(), registered.clone()]);
    let Batch::Run(finished) = &entries[0].batch else { panic!("a run") };
    let stored = ArtifactEntry { path: ArtifactPath::parse("a/b.txt").unwrap(), size: Some(3) };
    assert_eq!((finished.last, &finished.events[0]), (Seq(3), &Event::ArtifactStored(stored)));

    let marks = store.marks("mlflow", vec![subjects[0].clone(), model, registered]).await.unwrap();
    let memory = Some("{\"id\":7}".to_owned());
    let run = Mark { upto: Seq(1), memory, keep_alive: true, cuts: vec![0, 0, 3], ..Mark::default() };
    let catching_up = Mark { catch_up: Some("half".to_owned()), ..Mark::default() };
    assert_eq!(marks, [run, catching_up, Mark { lost: true, ..Mark::default() }].map(Some));
    let letters = store.dead_letters(None, 0, 9).await.unwrap();
    assert_eq!((letters[0].id, letters[0].letter.reason.as_str()), (2, "refused 1"));
    assert_eq!((letters.len(), letters[0].letter.batch.last(), letters[0].letter.batch.n_items()), (1, Seq(2), 3));

    store.append(&RunId::fresh(3), vec![Event::Restored]).await.unwrap();
    assert_eq!(store.log_size().await.unwrap().end, Seq(6));
}

fn schema_of_a_new_database() -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("new.db");
    drop(SqliteStore::open(&path, Config::default()).unwrap());
    schema(&path)
}

/// Every statement of the schema, and its version.
fn schema(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let mut statement =
        connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
    let mut schema: Vec<_> = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    schema.push(format!("version {version}"));
    schema
}

async fn webhooks_are_there(store: &SqliteStore) {
    let found = store.list_webhooks(PageRequest::first(9)).await.unwrap().items;
    let [silent, told] = &found[..] else { panic!("two webhooks: {found:?}") };
    assert_eq!((silent.name.as_str(), silent.status, &silent.secret), ("silent", WebhookStatus::Disabled, &None));
    assert_eq!((told.url.as_str(), told.description.as_deref()), ("https://hooks.example/x", Some("words")));
    assert_eq!(told.events, [HookEvent::PromptCreated, HookEvent::RegisteredModelCreated]);
    assert_eq!(told.secret, WebhookSecret::new("tops3cret"));

    let query = DeliveryQuery { limit: 9, ..DeliveryQuery::default() };
    let found = store.deliveries(query).await.unwrap();
    let states: Vec<_> = found.iter().map(|delivery| (delivery.id, delivery.state, delivery.attempts)).collect();
    assert_eq!(states, [(2, DeliveryState::Waiting, 2), (1, DeliveryState::Delivered, 1)]);
    let due = store.due_deliveries(Timestamp::from_millis(25_000), vec![], 9).await.unwrap().now.remove(0);
    let Batch::RegisteredModel(batch) = stored::decode(&due.change).unwrap() else { panic!("of a model") };
    assert!(matches!(&batch.events[..], [RegistryEvent::Created(new)] if new.name.as_str() == "classifier"));
}

async fn bin_is_there(store: &SqliteStore) {
    let doomed = BinItem::Run(RunId::fresh(2));
    assert_eq!(store.binned(&doomed).await.unwrap().unwrap().deleted_at, Timestamp::from_millis(9_500));
    assert!(store.append(&RunId::fresh(2), vec![Event::Restored]).await.is_err());
}

async fn traces_are_there(store: &SqliteStore) {
    let vision = ExperimentId::new(1);
    let found = store.search_traces(vec![vision], Query::default(), PageRequest::first(9)).await.unwrap().items;
    let [open, told] = &found[..] else { panic!("two traces: {found:?}") };
    assert_eq!((open.state, open.duration, open.is_described), (TraceState::InProgress, None, false));
    assert_eq!((told.name.as_deref(), told.session.as_deref()), (Some("predict"), Some("talk")));
    assert_eq!((told.response_preview.as_deref(), told.usage.tokens[2]), (Some("it's"), Some(7)));
    assert_eq!((told.tags[1].value.as_str(), told.metadata[0].key.as_str()), ("red", "mlflow.sourceRun"));
    let spans = store.spans(&told.id).await.unwrap();
    let names: Vec<_> = spans.iter().map(|span| (span.name.as_str(), span.status, span.document.as_str())).collect();
    let expected =
        [("root", SpanStatus::Ok, "{\"name\": \"root\"}"), ("call", SpanStatus::Error, "{\"name\": \"call\"}")];
    assert_eq!(names, expected);
    for (field, value, expected) in
        [(TraceField::LinkedRun, RunId::fresh(1).as_str(), open), (TraceField::Prompt, "qa/2", told)]
    {
        let filter = Filter::Field(field, Test::Text(Compare::Equal, value.to_owned()));
        let query = Query { filter, ..Query::default() };
        let found = store.search_traces(vec![vision], query, PageRequest::first(9)).await.unwrap().items;
        assert_eq!(found, std::slice::from_ref(expected));
    }
}

async fn evaluation_is_there(store: &SqliteStore) {
    let (experiment, name) = (ExperimentId::new(1), Key::new("polite").unwrap());
    let versions = store.scorer_versions(experiment, &name, WhichVersions::All).await.unwrap();
    assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), [1, 2]);
    let schedules = store.scorer_schedules(vec![versions[0].scorer.clone()]).await.unwrap();
    assert_eq!(schedules[0].online.filter.as_deref(), Some("status = 'OK'"));

    let found = store.search_evaluation_datasets(Some(vec![experiment]), Query::default(), PageRequest::first(9));
    let dataset = found.await.unwrap().items.remove(0);
    assert_eq!((dataset.name.as_str(), dataset.n_records, dataset.tags.len()), ("questions", 2, 2));
    let records = store.evaluation_records(&dataset.id, PageRequest::first(9)).await.unwrap().items;
    let mut inputs: Vec<_> = records.iter().map(|record| (record.inputs.as_str(), record.outputs.as_deref())).collect();
    inputs.sort_unstable();
    assert_eq!(inputs, [(r#"{"q": "wh\u00e4t?"}"#, Some("{}")), (r#"{"q": "why?"}"#, Some("NaN"))]);

    let traces = store.search_traces(vec![experiment], Query::default(), PageRequest::first(9)).await.unwrap().items;
    let assessed: Vec<_> = traces.iter().filter(|trace| !trace.assessments.is_empty()).collect();
    let trace = assessed[0].id.clone();
    assert_eq!((assessed.len(), assessed[0].assessments.len()), (1, 2));
    let first = store.assessment(&trace, &AssessmentId::new("a-1")).await.unwrap();
    assert_eq!((first.is_valid, first.rationale.as_deref(), first.metadata.len()), (false, Some("why"), 1));
    assert_eq!(first.judgement.error.and_then(|error| error.code).as_deref(), Some("E"));
    let second = store.assessment(&trace, &AssessmentId::new("a-2")).await.unwrap();
    assert_eq!((second.is_valid, second.overrides), (true, Some(first.id)));
}
