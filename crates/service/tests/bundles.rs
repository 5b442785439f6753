//! Bundles: contents by digest, files among the artifacts of the run, versions of registered models.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_artifacts::Artifacts;
use trackside_core::{
    ArtifactLocation, Batch, Bundle, BundleChange, BundleFile, BundleId, BundleState, CollectionChange, CollectionRole,
    ErrorKind, Event, ExperimentId, Key, NewBundle, NewExperiment, Result, RunId, Seq,
    store::{Cursors, Experiments, LogRange, Outbox},
};
use trackside_service::{ArtifactStore, BundleEntry, ContentDigest, Parts, RunRequest, Service};
use trackside_testkit::{
    ManualClock, MemoryHooks, SequentialIds,
    fixture::{artifact, at, key, new_experiment, pair},
};

/// Contents and their digests, by `md5sum`.
const HELLO: (&str, &str) = ("hello", "5d41402abc4b2a76b9719d911017c592");
const OTHER: (&str, &str) = ("other", "795f3202b17cb6bc3d4b771d8c6c9eaf");

struct Scene {
    service: Service,
    store: SqliteStore,
    files: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let files = TempDir::new().unwrap();
        let store = SqliteStore::open(files.path().join("trackside.db"), Config::default()).unwrap();
        let parts = Parts {
            store: Arc::new(store.clone()),
            log: Some(Arc::new(store.clone())),
            artifacts: Artifacts::proxied(ArtifactStore::local(&files.path().join("root")).unwrap()),
            hooks: Arc::new(MemoryHooks::default()),
            news: None,
            artifact_root: "mlflow-artifacts:".to_owned(),
            clock: Arc::new(ManualClock::at(1_000)),
            ids: Arc::new(SequentialIds::default()),
        };
        Self { service: Service::start(parts).await.unwrap(), store, files }
    }

    async fn run(&self) -> RunId {
        self.run_in(ExperimentId::DEFAULT).await
    }

    async fn run_in(&self, experiment: ExperimentId) -> RunId {
        let request = RunRequest { experiment, name: None, user: String::new(), started_at: at(1_000), tags: vec![] };
        self.service.create_run(request).await.unwrap().info.id
    }

    async fn pending(&self, run: Option<&RunId>, digest: &str) -> BundleId {
        let experiment = match run {
            Some(run) => self.service.run(run).await.unwrap().info.experiment,
            None => ExperimentId::DEFAULT,
        };
        let role = CollectionRole::Versions;
        let home = self.service.ensure_collection(experiment, key("data"), key("dataset"), role).await.unwrap();
        let new = NewBundle {
            home: home.id,
            digest: digest.to_owned(),
            description: None,
            metadata: None,
            run: run.cloned(),
            step: None,
            created_at: at(1_000),
            labels: vec![],
            lifetime_secs: None,
            aliases: vec!["latest".to_owned()],
            client_id: None,
            home_client_id: None,
        };
        self.service.create_bundle(new).await.unwrap().id
    }

    async fn keep(&self, (content, digest): (&'static str, &str)) {
        self.service.put_content(&ContentDigest::from_hex(digest).unwrap(), bytes(content)).await.unwrap();
    }

    /// A committed bundle of `a` and `d/b`, of which the second is what is given.
    async fn bundle(&self, run: &RunId, second: (&'static str, &'static str)) -> Bundle {
        self.keep(HELLO).await;
        self.keep(second).await;
        let id = self.pending(Some(run), second.1).await;
        self.service.commit_bundle(id, vec![entry("a", HELLO.1), entry("d/b", second.1)]).await.unwrap()
    }

    async fn listed(&self, run: &RunId, folder: &str) -> Vec<(String, Option<u64>)> {
        let (_, entries) = self.service.list_run_artifacts(run, &artifact(folder)).await.unwrap();
        entries.into_iter().map(|entry| (entry.path.to_string(), entry.size)).collect()
    }

    async fn logged(&self) -> Vec<Event> {
        let range = LogRange { after: Seq(0), until: None, subject: None, max_bytes: u64::MAX };
        let entries = self.store.read_log(range).await.unwrap();
        let events = entries.into_iter().filter_map(|entry| match entry.batch {
            Batch::Run(batch) => Some(batch.events),
            _ => None,
        });
        events.flatten().collect()
    }
}

fn bytes(text: &'static str) -> impl Stream<Item = Result<Bytes>> + Send {
    stream::iter([Ok(Bytes::from_static(text.as_bytes()))])
}

fn entry(path: &str, digest: &str) -> BundleEntry {
    let file = BundleFile { path: artifact(path), digest: digest.to_owned(), size: 0, reference: None, more: None };
    BundleEntry { file, content: Some(ContentDigest::from_hex(digest).unwrap()) }
}

#[tokio::test]
async fn a_committed_bundle_is_among_the_artifacts_of_its_run() {
    let scene = Scene::new().await;
    scene.store.open_cursor("sink").await.unwrap();
    let run = scene.run().await;
    let first = scene.bundle(&run, OTHER).await;
    assert_eq!((first.state, first.number, first.size, first.n_files), (BundleState::Committed, Some(0), 10, 2));
    assert_eq!(scene.listed(&run, "artifacts/data/v0").await.len(), 2);
    let b = ("artifacts/data/v0/d/b".to_owned(), Some(5));
    assert_eq!(scene.listed(&run, "artifacts/data/v0/d").await, [b]);
    let stored: Vec<_> = scene
        .logged()
        .await
        .into_iter()
        .filter_map(|event| match event {
            Event::ArtifactStored(entry) => Some(entry.path.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(stored, ["artifacts/data/v0/a", "artifacts/data/v0/d/b"]);
    // Once more, as a client does that has missed the answer.
    assert_eq!(scene.service.commit_bundle(first.id, vec![]).await.unwrap(), first);
}

#[tokio::test]
async fn contents_are_kept_once() {
    let scene = Scene::new().await;
    let run = scene.run().await;
    let id = scene.pending(Some(&run), "x").await;
    let entries = || vec![entry("a", HELLO.1), entry("b", OTHER.1), entry("c", HELLO.1)];
    assert_eq!(scene.service.announce_bundle_files(id, entries()).await.unwrap(), [false, false, false]);
    scene.keep(HELLO).await;
    assert_eq!(scene.service.announce_bundle_files(id, entries()).await.unwrap(), [true, false, true]);
    let missing = scene.service.commit_bundle(id, entries()).await.unwrap_err();
    assert_eq!((missing.kind(), missing.message()), (ErrorKind::Invalid, "the content of 'b' has not been uploaded"));
    assert_eq!(scene.service.bundle(id).await.unwrap().state, BundleState::Pending);
    assert!(scene.listed(&run, "artifacts").await.is_empty());
    scene.keep(OTHER).await;
    scene.service.commit_bundle(id, entries()).await.unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let at = |name: &str| {
            let path = format!("root/0/{run}/artifacts/artifacts/data/v0/{name}");
            std::fs::metadata(scene.files.path().join(path)).unwrap().ino()
        };
        assert_eq!(at("a"), at("c"));
        assert_ne!(at("a"), at("b"));
    }
}

#[tokio::test]
async fn nobody_reaches_contents_by_path() {
    let scene = Scene::new().await;
    scene.keep(HELLO).await;
    let path = artifact(&format!(".blobs/md5/5d/{}", HELLO.1));
    assert!(scene.files.path().join("root").join(path.as_str()).exists());
    assert!(scene.service.list_artifacts(&artifact("")).await.unwrap().is_empty());
    for refused in [
        scene.service.artifact(&path).await.map(drop),
        scene.service.put_artifact(&path, bytes("changed")).await.map(drop),
        scene.service.delete_artifact(&artifact(".blobs")).await,
        scene.service.list_artifacts(&artifact(".blobs/md5")).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Invalid);
    }
}

#[tokio::test]
async fn a_deleted_bundle_takes_its_files_along_and_leaves_those_of_others() {
    let scene = Scene::new().await;
    let run = scene.run().await;
    let (first, second) = (scene.bundle(&run, OTHER).await, scene.bundle(&run, HELLO).await);
    scene.service.change_bundle(first.id, BundleChange::Delete).await.unwrap();
    assert_eq!(scene.listed(&run, "artifacts/data").await, [("artifacts/data/v1".to_owned(), None)]);
    scene.service.change_collection(second.home, CollectionChange::Delete).await.unwrap();
    assert!(scene.listed(&run, "artifacts/data").await.is_empty());
    assert!(scene.service.bundle(second.id).await.is_err());
}

#[tokio::test]
async fn a_linked_bundle_is_a_version_whose_files_are_those_of_the_run() {
    let scene = Scene::new().await;
    let run = scene.run().await;
    let bundle = scene.bundle(&run, OTHER).await;
    let (model, marker) = (key("best"), pair("from", "1"));
    let link = async |aliases: &[&str]| {
        let aliases = aliases.iter().map(|alias| Key::new(*alias).unwrap()).collect();
        scene.service.link_to_model(&bundle, &model, vec![pair("kind", "x")], marker.clone(), aliases).await.unwrap()
    };
    let first = link(&["prod"]).await;
    let again = link(&["champion"]).await;
    assert_eq!((first.number, again.number, again.run.as_ref()), (1, 1, Some(&run)));
    assert_eq!(again.aliases, [key("champion"), key("prod")]);
    assert_eq!(scene.service.registered_model(&model).await.unwrap().tags, [pair("kind", "x")]);
    let file = scene.service.version_artifact(&model, 1, &artifact("d/b")).await.unwrap();
    assert_eq!(file.size(), 5);
    assert_eq!(scene.service.versions_marked(&marker).await.unwrap().len(), 1);
    scene.service.unlink_from_model(&model, &marker).await.unwrap();
    assert!(scene.service.versions_marked(&marker).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_no_run_made_has_no_place_in_the_registry() {
    let scene = Scene::new().await;
    let id = scene.pending(None, "x").await;
    let bundle = scene.service.bundle(id).await.unwrap();
    let refused = scene.service.link_to_model(&bundle, &key("m"), vec![], pair("from", "1"), vec![]).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Conflict);
    let bundle = scene.service.commit_bundle(id, vec![]).await.unwrap();
    let refused = scene.service.link_to_model(&bundle, &key("m"), vec![], pair("from", "1"), vec![]).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(scene.service.registered_model(&key("m")).await.is_err());
}

#[tokio::test]
async fn a_run_whose_artifacts_lie_elsewhere_makes_bundles_too() {
    let scene = Scene::new().await;
    let artifact_location = ArtifactLocation::At("s3://bucket/x".to_owned());
    let new = NewExperiment { artifact_location, ..new_experiment("far") };
    let run = scene.run_in(scene.store.create_experiment(new).await.unwrap().id).await;
    let bundle = scene.bundle(&run, OTHER).await;
    assert_eq!((bundle.state, bundle.n_files), (BundleState::Committed, 2));
    scene.service.change_bundle(bundle.id, BundleChange::Delete).await.unwrap();
}
