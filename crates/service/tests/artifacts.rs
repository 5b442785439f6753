//! Artifacts of runs: what the log is told of them, and how destinations read them.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt, stream};
use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{
    ArtifactEntry, ArtifactLocation, ArtifactPath, ArtifactSource, Batch, Event, ExperimentId, NewExperiment, NewRun,
    Result, RunId, Seq,
    store::{Cursors, Experiments, LogRange, Outbox, Runs},
};
use trackside_service::{ArtifactStore, Parts, RunArtifacts, RunRequest, Service};
use trackside_testkit::{
    ManualClock, MemoryHooks, SequentialIds,
    fixture::{artifact, artifact_stored, at, new_experiment, new_run},
};

struct Scene {
    service: Service,
    store: SqliteStore,
    source: RunArtifacts,
    _files: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let files = TempDir::new().unwrap();
        let store = SqliteStore::open(files.path().join("trackside.db"), Config::default()).unwrap();
        let folder = |name: &str| ArtifactStore::local(&files.path().join(name)).unwrap();
        let artifacts =
            trackside_artifacts::Artifacts::proxied(folder("proxied")).with_root("/elsewhere", folder("local"));
        let parts = Parts {
            store: Arc::new(store.clone()),
            log: Some(Arc::new(store.clone())),
            artifacts: artifacts.clone(),
            hooks: Arc::new(MemoryHooks::default()),
            news: None,
            artifact_root: "mlflow-artifacts:".to_owned(),
            clock: Arc::new(ManualClock::at(1_000)),
            ids: Arc::new(SequentialIds::default()),
        };
        let service = Service::start(parts).await.unwrap();
        let source = RunArtifacts::new(Arc::new(store.clone()), artifacts);
        Self { service, store, source, _files: files }
    }

    async fn run_in(&self, experiment: ExperimentId) -> RunId {
        let request = RunRequest { experiment, name: None, user: String::new(), started_at: at(1_000), tags: vec![] };
        self.service.create_run(request).await.unwrap().info.id
    }

    async fn run_below(&self, location: &str) -> RunId {
        let artifact_location = ArtifactLocation::At(location.to_owned());
        let new = NewExperiment { artifact_location, ..new_experiment(location) };
        self.run_in(self.store.create_experiment(new).await.unwrap().id).await
    }

    async fn put(&self, path: &str, bytes: &'static str) {
        self.service.put_artifact(&artifact(path), chunks(bytes)).await.unwrap();
    }

    /// The events of runs in the log.
    async fn logged(&self) -> Vec<(RunId, Vec<Event>)> {
        let range = LogRange { after: Seq(0), until: None, subject: None, max_bytes: u64::MAX };
        let entries = self.store.read_log(range).await.unwrap();
        let runs = entries.into_iter().filter_map(|entry| match entry.batch {
            Batch::Run(batch) if batch.started.is_none() => Some((batch.run, batch.events)),
            _ => None,
        });
        runs.collect()
    }

    async fn read(&self, run: &RunId, path: &str) -> Option<(u64, String)> {
        let file = self.source.artifact(run, &artifact(path)).await.unwrap()?;
        let chunks: Vec<Bytes> = file.chunks.try_collect().await.unwrap();
        Some((file.size, String::from_utf8(chunks.concat()).unwrap()))
    }
}

fn chunks(bytes: &'static str) -> impl Stream<Item = Result<Bytes>> + Send {
    stream::iter([Ok(Bytes::from_static(bytes.as_bytes()))])
}

#[tokio::test]
async fn artifacts_of_runs_are_logged_relative_to_their_root() {
    let scene = Scene::new().await;
    scene.store.open_cursor("sink").await.unwrap();
    let run = scene.run_in(ExperimentId::DEFAULT).await;
    scene.put(&format!("0/{run}/artifacts/d/a.txt"), "abc").await;
    scene.service.put_run_artifact(&run, &artifact("b/c.txt"), chunks("")).await.unwrap();
    scene.service.delete_artifact(&artifact(&format!("0/{run}/artifacts/d"))).await.unwrap();
    scene.service.delete_artifact(&artifact(&format!("0/{run}/artifacts"))).await.unwrap();
    let events = [
        artifact_stored("d/a.txt", 3),
        artifact_stored("b/c.txt", 0),
        Event::ArtifactDeleted(artifact("d")),
        Event::ArtifactDeleted(ArtifactPath::root()),
    ];
    assert_eq!(scene.logged().await, events.map(|event| (run.clone(), vec![event])));
}

#[tokio::test]
async fn the_root_of_a_run_may_lie_anywhere_below_the_proxied_one() {
    let scene = Scene::new().await;
    scene.store.open_cursor("sink").await.unwrap();
    let run = scene.run_below("mlflow-artifacts:/team/artifacts").await;
    scene.put(&format!("team/artifacts/{run}/artifacts/a.txt"), "abc").await;
    let local = scene.run_below("/elsewhere").await;
    scene.service.put_run_artifact(&local, &artifact("b.txt"), chunks("ab")).await.unwrap();
    let expected = [(run, vec![artifact_stored("a.txt", 3)]), (local, vec![artifact_stored("b.txt", 2)])];
    assert_eq!(scene.logged().await, expected);
}

#[tokio::test]
async fn what_belongs_to_no_run_is_not_logged() {
    let scene = Scene::new().await;
    scene.store.open_cursor("sink").await.unwrap();
    let run = scene.run_in(ExperimentId::DEFAULT).await;
    let local = scene.run_below("/elsewhere").await;
    for path in [
        "0/models/m-1/artifacts/MLmodel".to_owned(),
        "readme.txt".to_owned(),
        format!("0/{run}/other/a.txt"),
        // Right but for the experiment, and right but for the root.
        format!("7/{run}/artifacts/a.txt"),
        format!("{local}/artifacts/a.txt"),
        format!("0/{run}/artifactsx/a.txt"),
    ] {
        scene.put(&path, "abc").await;
        scene.service.delete_artifact(&artifact(&path)).await.unwrap();
    }
    assert_eq!(scene.logged().await, []);
}

#[tokio::test]
async fn a_run_in_the_bin_still_takes_artifacts() {
    let scene = Scene::new().await;
    let run = scene.run_in(ExperimentId::DEFAULT).await;
    scene.service.delete_run(&run).await.unwrap();
    scene.store.open_cursor("sink").await.unwrap();
    scene.put(&format!("0/{run}/artifacts/a.txt"), "abc").await;
    assert_eq!(scene.logged().await, [(run, vec![artifact_stored("a.txt", 3)])]);
}

#[tokio::test]
async fn without_a_sink_an_artifact_costs_the_store_nothing() {
    let scene = Scene::new().await;
    let run = scene.run_in(ExperimentId::DEFAULT).await;
    let before = scene.store.stats();
    scene.put(&format!("0/{run}/artifacts/a.txt"), "abc").await;
    scene.service.put_run_artifact(&run, &artifact("b.txt"), chunks("")).await.unwrap();
    scene.service.delete_artifact(&artifact(&format!("0/{run}/artifacts/a.txt"))).await.unwrap();
    assert_eq!(scene.store.stats(), before);
}

#[tokio::test]
async fn destinations_read_artifacts_as_they_are_now() {
    let scene = Scene::new().await;
    let run = scene.run_in(ExperimentId::DEFAULT).await;
    scene.put(&format!("0/{run}/artifacts/d/a.txt"), "abc").await;
    scene.put(&format!("0/{run}/artifacts/d/a.txt"), "defg").await;
    scene.put(&format!("0/{run}/artifacts/empty"), "").await;
    assert_eq!(scene.read(&run, "d/a.txt").await, Some((4, "defg".to_owned())));
    assert_eq!(scene.read(&run, "empty").await, Some((0, String::new())));
    for absent in ["d", "d/b.txt", "d/a.txt/x", ""] {
        assert_eq!(scene.read(&run, absent).await, None, "{absent}");
    }
    assert_eq!(scene.read(&RunId::fresh(99), "d/a.txt").await, None);
}

#[tokio::test]
async fn all_files_of_a_run_are_listed_by_path() {
    let scene = Scene::new().await;
    let (run, other) = (scene.run_in(ExperimentId::DEFAULT).await, scene.run_in(ExperimentId::DEFAULT).await);
    for path in ["z.txt", "d/e/f.txt", "d/b.txt", "dd/b.txt"] {
        scene.put(&format!("0/{run}/artifacts/{path}"), "abc").await;
    }
    let listed = scene.source.artifacts(&run).await.unwrap();
    let expected = ["d/b.txt", "d/e/f.txt", "dd/b.txt", "z.txt"];
    assert_eq!(listed, expected.map(|path| ArtifactEntry { path: artifact(path), size: Some(3) }));
    assert_eq!(scene.source.artifacts(&other).await.unwrap(), []);
    assert_eq!(scene.source.artifacts(&RunId::fresh(99)).await.unwrap(), []);
}

#[tokio::test]
async fn a_run_whose_artifacts_lie_out_of_reach_has_none() {
    let scene = Scene::new().await;
    let new = NewRun { artifact_uri: "s3://bucket/r/artifacts".to_owned(), ..new_run(ExperimentId::DEFAULT, 50) };
    scene.store.create_run(new).await.unwrap();
    assert_eq!(scene.read(&RunId::fresh(50), "a.txt").await, None);
    assert_eq!(scene.source.artifacts(&RunId::fresh(50)).await.unwrap(), []);
}
