//! A database of every released schema version opens, is brought up to date and reads right.
//!
//! `golden/v<n>.sql` is the `.dump` of a database that release wrote, and is never edited.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{
    ExperimentId, Key, Lifecycle, LoggedModelId, LoggedModelStatus, NewExperiment, PageRequest, Query, RunId,
    RunStatus, Stage, Timestamp,
    query::View,
    store::{Experiments, HistoryQuery, LoggedModels, Metrics, ModelVersions, RegisteredModels, Runs},
};

const VERSIONS: [&str; 1] = [include_str!("golden/v1.sql")];

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
        store.close().await;
        assert_eq!(schema(&path), schema_of_a_new_database(), "version {} after its migrations", n + 1);
    }
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

    let query = HistoryQuery { run: run.info.id, key: Key::new("loss").unwrap(), limit: None, after: None };
    let values: Vec<_> =
        store.history(query).await.unwrap().items.iter().map(|point| point.value.to_string()).collect();
    assert_eq!(values, ["inf", "0.1", "NaN", "-inf"]);
    let deleted = store.run(&RunId::fresh(2)).await.unwrap().unwrap();
    assert_eq!(deleted.info.lifecycle, Lifecycle::Deleted);
}

async fn models_are_there(store: &SqliteStore) {
    let logged = store.logged_model(&LoggedModelId::fresh(1), false).await.unwrap().unwrap();
    assert_eq!((logged.status, logged.source_run), (LoggedModelStatus::Ready, Some(RunId::fresh(1))));
    assert_eq!(logged.metrics[0].dataset, Some(("train".to_owned(), "abc".to_owned())));
    assert!(logged.metrics[1].point.value.is_nan());

    let name = Key::new("classifier").unwrap();
    let registered = store.registered_model(&name).await.unwrap().unwrap();
    let latest: Vec<_> = registered.latest_versions.iter().map(|version| (version.stage, version.number)).collect();
    assert_eq!(latest, [(Stage::None, 2), (Stage::Production, 1)]);
    let second = store.model_version(&name, 2).await.unwrap().unwrap();
    assert_eq!(second.aliases, [Key::new("champion").unwrap()]);
    assert_eq!(store.model_version(&name, 3).await.unwrap(), None);
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
