//! Removing for good what is in the bin, with its artifacts.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_artifacts::{ArtifactStore, Artifacts};
use trackside_core::{
    ErrorKind, Event, ExperimentChange, ExperimentId, LoggedModelChange, LoggedModelId, NewLoggedModel, NewRun, RunId,
    store::{Bin, BinEntry, BinItem, Experiments, LoggedModels, Runs},
};
use trackside_service::{Gc, GcRequest, Removed};
use trackside_testkit::{
    ManualClock,
    fixture::{at, key, new_experiment, new_logged_model, new_run},
};

/// The tag of versions that are bundles.
const LINK: &str = "linked";
/// What the clock shows.
const NOW: i64 = 100_000;

struct Scene {
    gc: Gc,
    store: SqliteStore,
    files: TempDir,
}

impl Scene {
    fn new() -> Self {
        let files = TempDir::new().unwrap();
        let store = SqliteStore::open(files.path().join("trackside.db"), Config::default()).unwrap();
        let artifacts = Artifacts::proxied(ArtifactStore::local(&files.path().join("artifacts")).unwrap());
        let gc = Gc {
            store: Arc::new(store.clone()),
            log: Some(Arc::new(store.clone())),
            artifacts,
            link_tag: Some(key(LINK)),
            clock: Arc::new(ManualClock::at(NOW)),
        };
        Self { gc, store, files }
    }

    async fn experiment(&self, name: &str) -> ExperimentId {
        self.store.create_experiment(new_experiment(name)).await.unwrap().id
    }

    /// Run number `n` with a file below `uri`, deleted at that time, if at all.
    async fn run(&self, experiment: ExperimentId, n: u128, uri: &str, deleted: Option<i64>) -> RunId {
        let new = NewRun { artifact_uri: uri.to_owned(), ..new_run(experiment, n) };
        let id = self.store.create_run(new).await.unwrap().info.id;
        if let Some(time) = deleted {
            self.store.append(&id, vec![Event::Deleted(at(time))]).await.unwrap();
        }
        let file = self.file(&format!("{n}/artifacts/model/a.txt"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "bytes").unwrap();
        id
    }

    async fn plain_run(&self, experiment: ExperimentId, n: u128, deleted: Option<i64>) -> RunId {
        self.run(experiment, n, &format!("mlflow-artifacts:/{n}/artifacts"), deleted).await
    }

    async fn model(&self, experiment: ExperimentId, n: u128, deleted: Option<i64>) -> LoggedModelId {
        let uri = format!("mlflow-artifacts:/models/{n}/artifacts");
        let new = NewLoggedModel { artifact_uri: uri, ..new_logged_model(experiment, n) };
        let id = self.store.create_logged_model(new).await.unwrap().id;
        if let Some(time) = deleted {
            self.store.change_logged_model(&id, LoggedModelChange::Delete, at(time)).await.unwrap();
        }
        id
    }

    fn file(&self, path: &str) -> PathBuf {
        self.files.path().join("artifacts").join(path)
    }

    async fn planned(&self, request: GcRequest) -> Vec<BinItem> {
        self.gc.plan(&request).await.unwrap().into_iter().map(|entry| entry.item).collect()
    }

    async fn entry(&self, item: BinItem) -> BinEntry {
        self.store.binned(&item).await.unwrap().unwrap()
    }
}

fn older_than(millis: u64) -> GcRequest {
    GcRequest { older_than: Some(Duration::from_millis(millis)), ..GcRequest::default() }
}

#[tokio::test]
async fn the_whole_bin_is_emptied_and_nothing_else() {
    let scene = Scene::new();
    let [kept, gone] = [scene.experiment("kept").await, scene.experiment("gone").await];
    let active = scene.plain_run(kept, 1, None).await;
    let deleted = scene.plain_run(kept, 2, Some(1_000)).await;
    let inside = scene.plain_run(gone, 3, None).await;
    let model = scene.model(gone, 1, Some(1_000)).await;
    scene.store.change_experiment(gone, ExperimentChange::Delete, at(2_000)).await.unwrap();
    let items =
        [BinItem::Run(deleted.clone()), BinItem::Run(inside), BinItem::LoggedModel(model), BinItem::Experiment(gone)];
    assert_eq!(scene.planned(GcRequest::default()).await, items);
    assert!(scene.file("2/artifacts/model/a.txt").exists(), "a plan changes nothing");

    for entry in scene.gc.plan(&GcRequest::default()).await.unwrap() {
        assert_eq!(scene.gc.remove(&entry).await.unwrap(), Removed::Whole, "{}", entry.item);
    }
    assert_eq!(scene.planned(GcRequest::default()).await, []);
    assert_eq!(scene.store.run(&deleted).await.unwrap(), None);
    assert!(!scene.file("2/artifacts").exists());
    assert!(scene.store.run(&active).await.unwrap().is_some());
    assert!(scene.file("1/artifacts/model/a.txt").exists());
    assert_eq!(scene.store.experiment(gone).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_young_stays() {
    let scene = Scene::new();
    let experiment = scene.experiment("e").await;
    let old = scene.plain_run(experiment, 1, Some(NOW - 500)).await;
    let young = scene.plain_run(experiment, 2, Some(NOW - 499)).await;
    assert_eq!(scene.planned(older_than(500)).await, [BinItem::Run(old.clone())]);
    assert_eq!(scene.gc.remove_older(Duration::from_millis(500)).await.unwrap(), 1);
    assert_eq!(scene.store.run(&old).await.unwrap(), None);
    assert!(scene.store.run(&young).await.unwrap().is_some());

    let named = GcRequest { runs: vec![young.clone()], ..older_than(500) };
    assert_eq!(scene.gc.plan(&named).await.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn only_what_is_named_goes() {
    let scene = Scene::new();
    let [first, second] = [scene.experiment("a").await, scene.experiment("b").await];
    let run = scene.plain_run(first, 1, Some(1_000)).await;
    scene.plain_run(first, 2, Some(1_000)).await;
    let inside = scene.plain_run(second, 3, None).await;
    scene.store.change_experiment(second, ExperimentChange::Delete, at(2_000)).await.unwrap();
    let named = GcRequest { runs: vec![run.clone(), run.clone()], ..GcRequest::default() };
    assert_eq!(scene.planned(named).await, [BinItem::Run(run)]);
    let named = GcRequest { experiments: vec![second], ..GcRequest::default() };
    assert_eq!(scene.planned(named).await, [BinItem::Run(inside), BinItem::Experiment(second)]);
}

#[tokio::test]
async fn what_is_in_use_is_refused_in_mlflows_words() {
    let scene = Scene::new();
    let experiment = scene.experiment("e").await;
    let run = scene.plain_run(experiment, 1, None).await;
    let model = scene.model(experiment, 1, None).await;
    let refused = async |request| scene.gc.plan(&request).await.unwrap_err().message().to_owned();
    let runs = GcRequest { runs: vec![run.clone()], ..GcRequest::default() };
    assert!(refused(runs).await.starts_with(&format!("Run {run} is not in `deleted` lifecycle stage.")));
    let models = GcRequest { logged_models: vec![model.clone()], ..GcRequest::default() };
    assert!(refused(models).await.starts_with(&format!("Logged model {model} is not in `deleted` lifecycle stage.")));
    let experiments = GcRequest { experiments: vec![experiment], ..GcRequest::default() };
    let expected = format!("Experiments ['{experiment}'] are not in the deleted lifecycle stage.");
    assert!(refused(experiments.clone()).await.starts_with(&expected));

    // A run that was restored alone keeps its experiment.
    scene.store.change_experiment(experiment, ExperimentChange::Delete, at(2_000)).await.unwrap();
    scene.store.append(&run, vec![Event::Restored]).await.unwrap();
    assert!(refused(experiments).await.contains("still has runs"));
    let entry = scene.entry(BinItem::Experiment(experiment)).await;
    assert_eq!(scene.gc.remove(&entry).await.unwrap(), Removed::NoMore);
    scene.store.change_experiment(experiment, ExperimentChange::Restore, at(3_000)).await.unwrap();
}

#[tokio::test]
async fn artifacts_out_of_reach_are_left_and_said_so() {
    let scene = Scene::new();
    let experiment = scene.experiment("e").await;
    for (n, uri) in ["s3://bucket/1", "/etc", "mlflow-artifacts:/", "mlflow-artifacts:/../x"].into_iter().enumerate() {
        let run = scene.run(experiment, n as u128 + 1, uri, Some(1_000)).await;
        let entry = scene.entry(BinItem::Run(run)).await;
        assert_eq!(scene.gc.remove(&entry).await.unwrap(), Removed::ArtifactsLeft, "{uri}");
    }
    assert!(scene.file("1/artifacts/model/a.txt").exists(), "the root is nobody's own");
}

#[tokio::test]
async fn what_was_restored_since_it_was_planned_stays_whole() {
    let scene = Scene::new();
    let experiment = scene.experiment("e").await;
    let run = scene.plain_run(experiment, 1, Some(1_000)).await;
    let entry = scene.entry(BinItem::Run(run.clone())).await;
    scene.store.append(&run, vec![Event::Restored]).await.unwrap();
    assert_eq!(scene.gc.remove(&entry).await.unwrap(), Removed::NoMore);
    // Deleted anew, it is young again.
    scene.store.append(&run, vec![Event::Deleted(at(9_000))]).await.unwrap();
    assert_eq!(scene.gc.remove(&entry).await.unwrap(), Removed::NoMore);
    assert!(scene.file("1/artifacts/model/a.txt").exists());
}

#[tokio::test]
async fn what_a_crash_left_is_found_again() {
    let scene = Scene::new();
    let experiment = scene.experiment("e").await;
    let run = scene.plain_run(experiment, 1, Some(NOW)).await;
    let item = BinItem::Run(run.clone());
    // The artifacts are gone and the rows are not: here it died.
    scene.store.doom(&item, None).await.unwrap();
    std::fs::remove_dir_all(scene.file("1")).unwrap();
    assert_eq!(scene.gc.remove_older(Duration::from_hours(1)).await.unwrap(), 1, "whatever its age");
    assert_eq!(scene.store.run(&run).await.unwrap(), None);
}
