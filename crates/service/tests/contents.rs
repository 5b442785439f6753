//! Contents that nobody needs go; those that somebody may need stay, whatever else happens at the same time.

use std::{path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_artifacts::Artifacts;
use trackside_core::{
    Batch, BundleChange, BundleFile, BundleId, BundleState, CollectionRole, ErrorKind, Event, ExperimentId, NewBundle,
    RunId, Seq,
    store::{Cursors, LogRange, Outbox},
};
use trackside_service::{
    ArtifactStore, BundleEntry, ContentDigest, ExpiredBundle, Gc, GcRequest, Parts, Removed, RunRequest, Service,
};
use trackside_testkit::{
    ManualClock, MemoryHooks, SequentialIds,
    fixture::{artifact, at, key, pair},
};

/// Contents and their digests, by `md5sum`.
const HELLO: (&str, &str) = ("hello", "5d41402abc4b2a76b9719d911017c592");
const OTHER: (&str, &str) = ("other", "795f3202b17cb6bc3d4b771d8c6c9eaf");
/// The tag of versions that are bundles.
const LINK: &str = "linked";

struct Scene {
    service: Service,
    gc: Gc,
    store: SqliteStore,
    clock: Arc<ManualClock>,
    files: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let files = TempDir::new().unwrap();
        let store = SqliteStore::open(files.path().join("trackside.db"), Config::default()).unwrap();
        let artifacts = Artifacts::proxied(ArtifactStore::local(&files.path().join("root")).unwrap());
        let clock = Arc::new(ManualClock::at(1_000));
        let parts = Parts {
            store: Arc::new(store.clone()),
            log: Some(Arc::new(store.clone())),
            artifacts: artifacts.clone(),
            hooks: Arc::new(MemoryHooks::default()),
            news: None,
            artifact_root: "mlflow-artifacts:".to_owned(),
            clock: clock.clone(),
            ids: Arc::new(SequentialIds::default()),
        };
        let gc = Gc {
            store: Arc::new(store.clone()),
            log: Some(Arc::new(store.clone())),
            artifacts,
            link_tag: Some(key(LINK)),
            clock: clock.clone(),
        };
        Self { service: Service::start(parts).await.unwrap(), gc, store, clock, files }
    }

    async fn run(&self) -> RunId {
        let experiment = ExperimentId::DEFAULT;
        let request = RunRequest { experiment, name: None, user: String::new(), started_at: at(1_000), tags: vec![] };
        self.service.create_run(request).await.unwrap().info.id
    }

    async fn pending(&self, run: Option<&RunId>, digest: &str, lifetime_secs: Option<u64>) -> BundleId {
        let role = CollectionRole::Versions;
        let home = self.service.ensure_collection(ExperimentId::DEFAULT, key("data"), key("dataset"), role);
        let new = NewBundle {
            home: home.await.unwrap().id,
            digest: digest.to_owned(),
            description: None,
            metadata: None,
            run: run.cloned(),
            step: None,
            created_at: at(1_000),
            labels: vec![],
            lifetime_secs,
            aliases: vec!["latest".to_owned()],
            client_id: None,
            home_client_id: None,
        };
        self.service.create_bundle(new).await.unwrap().id
    }

    async fn keep(&self, (content, digest): (&'static str, &str)) {
        let bytes = stream::iter([Ok(Bytes::from_static(content.as_bytes()))]);
        self.service.put_content(&md5(digest), bytes).await.unwrap();
    }

    /// A committed bundle of one file `a` with this content.
    async fn bundle(&self, run: Option<&RunId>, content: (&'static str, &str), lifetime_secs: Option<u64>) -> BundleId {
        self.keep(content).await;
        let id = self.pending(run, content.1, lifetime_secs).await;
        self.service.commit_bundle(id, vec![entry(content.1)]).await.unwrap().id
    }

    /// Digests of the contents that would go, or have gone.
    async fn unneeded(&self, request: &GcRequest, is_removed: bool) -> Vec<String> {
        let mut found = Vec::new();
        for first in 0..=u8::MAX {
            let mut contents = self.gc.unneeded_contents(first, request).await.unwrap();
            if is_removed {
                contents = self.gc.remove_contents(&contents).await.unwrap();
            }
            found.extend(contents.iter().map(|content| content.digest.to_string()));
        }
        found
    }

    async fn is_here(&self, digest: &str) -> bool {
        self.service.content(&md5(digest)).await.is_ok()
    }

    fn blob(&self, digest: &str) -> PathBuf {
        self.files.path().join(format!("root/.blobs/md5/{}/{digest}", &digest[..2]))
    }

    async fn expired(&self) -> Vec<ExpiredBundle> {
        self.gc.expired_bundles(&GcRequest::default()).await.unwrap()
    }
}

fn md5(digest: &str) -> ContentDigest {
    ContentDigest::from_hex(digest).unwrap()
}

fn entry(digest: &str) -> BundleEntry {
    let content = md5(digest);
    let file = BundleFile { path: artifact("a"), digest: content.base64(), size: 0, reference: None, more: None };
    BundleEntry { file, content: Some(content) }
}

#[tokio::test]
async fn only_contents_go_that_no_bundle_needs() {
    let scene = Scene::new().await;
    let (run, all) = (scene.run().await, GcRequest::default());
    let kept = scene.bundle(Some(&run), HELLO, None).await;
    scene.keep(OTHER).await;
    assert_eq!(scene.unneeded(&all, false).await, [OTHER.1]);
    assert!(scene.is_here(OTHER.1).await, "a plan changes nothing");
    assert_eq!(scene.unneeded(&all, true).await, [OTHER.1]);
    assert_eq!((scene.is_here(HELLO.1).await, scene.is_here(OTHER.1).await), (true, false));
    assert_eq!(scene.unneeded(&all, true).await, [""; 0]);
    scene.service.change_bundle(kept, BundleChange::Delete).await.unwrap();
    assert_eq!(scene.unneeded(&all, true).await, [HELLO.1]);
}

#[tokio::test]
async fn what_a_run_sees_of_a_content_outlives_it() {
    let scene = Scene::new().await;
    let run = scene.run().await;
    let bundle = scene.bundle(Some(&run), HELLO, None).await;
    let (_, folder) = scene.service.bundle_folder(&scene.service.bundle(bundle).await.unwrap()).await.unwrap().unwrap();
    std::fs::remove_file(scene.blob(HELLO.1)).unwrap();
    let file = scene.service.run_artifact(&run, &folder.join(&artifact("a"))).await.unwrap();
    assert_eq!(file.size(), 5);
}

#[tokio::test]
async fn what_is_announced_or_drafted_stays() {
    let scene = Scene::new().await;
    let id = scene.pending(None, "x", None).await;
    scene.service.announce_bundle_files(id, vec![entry(HELLO.1)]).await.unwrap();
    scene.service.redraft_bundle(id, |_| Ok(format!("[{:?}]", md5(OTHER.1).base64()))).await.unwrap();
    scene.keep(HELLO).await;
    scene.keep(OTHER).await;
    assert_eq!(scene.unneeded(&GcRequest::default(), true).await, [""; 0]);
    assert!(scene.is_here(HELLO.1).await && scene.is_here(OTHER.1).await);
}

#[tokio::test]
async fn what_is_announced_after_the_plan_stays() {
    let scene = Scene::new().await;
    scene.keep(HELLO).await;
    let planned = scene.gc.unneeded_contents(0x5d, &GcRequest::default()).await.unwrap();
    let id = scene.pending(None, "x", None).await;
    assert_eq!(scene.service.announce_bundle_files(id, vec![entry(HELLO.1)]).await.unwrap(), [true]);
    assert_eq!((planned.len(), scene.gc.remove_contents(&planned).await.unwrap()), (1, vec![]));
    assert_eq!(scene.service.commit_bundle(id, vec![entry(HELLO.1)]).await.unwrap().size, 5);
}

#[tokio::test]
async fn a_removal_that_was_killed_leaves_nothing_lost_and_is_finished_by_the_next() {
    let scene = Scene::new().await;
    scene.keep(HELLO).await;
    scene.keep(OTHER).await;
    for digest in [HELLO.1, OTHER.1] {
        std::fs::rename(scene.blob(digest), scene.blob(digest).with_extension("aside")).unwrap();
    }
    // Nobody needed it then, and somebody does now.
    let id = scene.pending(None, "x", None).await;
    assert_eq!(scene.service.announce_bundle_files(id, vec![entry(HELLO.1)]).await.unwrap(), [true]);
    assert_eq!(scene.unneeded(&GcRequest::default(), true).await, [OTHER.1]);
    scene.service.commit_bundle(id, vec![entry(HELLO.1)]).await.unwrap();
    assert!(!scene.blob(OTHER.1).with_extension("aside").exists());
    assert_eq!((scene.is_here(HELLO.1).await, scene.is_here(OTHER.1).await), (true, false));
}

#[tokio::test]
async fn contents_that_are_here_for_a_short_time_are_left() {
    let scene = Scene::new().await;
    scene.keep(HELLO).await;
    let written = std::fs::metadata(scene.blob(HELLO.1)).unwrap().modified().unwrap();
    let written = written.duration_since(std::time::UNIX_EPOCH).unwrap();
    scene.clock.advance(i64::try_from(written.as_millis()).unwrap() + 1_000);
    let older_than = |secs| GcRequest { older_than: Some(Duration::from_secs(secs)), ..GcRequest::default() };
    assert_eq!(scene.unneeded(&older_than(60), true).await, [""; 0]);
    assert_eq!(scene.unneeded(&older_than(1), true).await, [HELLO.1]);
}

/// Whoever hears that a content is here need not send it, and finds it there when all is committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_left_without_a_content_beside_a_removal() {
    let scene = Scene::new().await;
    let all = GcRequest::default();
    let rounds = async {
        for n in 0..200 {
            let id = scene.pending(None, &n.to_string(), None).await;
            if scene.service.announce_bundle_files(id, vec![entry(HELLO.1)]).await.unwrap() == [false] {
                scene.keep(HELLO).await;
            }
            scene.service.commit_bundle(id, vec![entry(HELLO.1)]).await.unwrap();
            assert!(scene.is_here(HELLO.1).await, "round {n}");
            scene.service.change_bundle(id, BundleChange::Delete).await.unwrap();
        }
    };
    let (mut rounds, mut n_removed) = (std::pin::pin!(rounds), 0);
    loop {
        let removal = async {
            let contents = scene.gc.unneeded_contents(0x5d, &all).await.unwrap();
            // A plan is old when it is carried out: by as long as others take to announce something.
            scene.pending(None, "another", None).await;
            scene.gc.remove_contents(&contents).await.unwrap().len()
        };
        // Both go on at each other's pauses; a removal that has begun is ended.
        let mut removal = std::pin::pin!(removal);
        tokio::select! {
            biased;
            n = &mut removal => n_removed += n,
            () = &mut rounds => {
                removal.await;
                break;
            }
        }
    }
    assert!(n_removed > 0, "they never met");
}

#[tokio::test]
async fn the_root_and_contents_are_out_of_reach_by_any_path() {
    let scene = Scene::new().await;
    scene.keep(HELLO).await;
    let path = artifact(&format!(".blobs/md5/5d/{}", HELLO.1));
    for root in ["", ".", "./", "//"] {
        let Ok(root) = trackside_core::ArtifactPath::parse(root) else { continue };
        assert_eq!(scene.service.delete_artifact(&root).await.unwrap_err().kind(), ErrorKind::Invalid);
    }
    for spelled in [".blobs", "./.blobs", ".//.blobs/md5", ".Blobs/md5", path.as_str()] {
        let spelled = artifact(spelled);
        let outcomes = [
            scene.service.delete_artifact(&spelled).await,
            scene.service.artifact(&spelled).await.map(drop),
            scene.service.list_artifacts(&spelled).await.map(drop),
        ];
        for outcome in outcomes {
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Invalid, "{spelled}");
        }
    }
    assert!(scene.is_here(HELLO.1).await);
}

#[tokio::test]
async fn a_bundle_whose_time_is_over_goes_with_its_files() {
    let scene = Scene::new().await;
    scene.store.open_cursor("sink").await.unwrap();
    let run = scene.run().await;
    let first = scene.bundle(Some(&run), HELLO, Some(10)).await;
    let second = scene.bundle(Some(&run), OTHER, None).await;
    assert_eq!(scene.expired().await, []);
    scene.clock.advance(10_000);
    let expired = scene.expired().await;
    assert_eq!(
        expired.iter().map(|expired| (expired.id, expired.to_string())).collect::<Vec<_>>(),
        [(first, "artifact data:v0".to_owned())]
    );
    assert_eq!(scene.gc.remove_bundle(&expired[0], &GcRequest::default()).await.unwrap(), Removed::Whole);
    assert_eq!(scene.gc.remove_bundle(&expired[0], &GcRequest::default()).await.unwrap(), Removed::NoMore);
    assert_eq!(scene.service.bundle(first).await.unwrap().state, BundleState::Deleted);
    let (_, left) = scene.service.list_run_artifacts(&run, &artifact("artifacts/data")).await.unwrap();
    assert_eq!(left.iter().map(|entry| entry.path.as_str()).collect::<Vec<_>>(), ["artifacts/data/v1"]);
    let range = LogRange { after: Seq(0), until: None, subject: None, max_bytes: u64::MAX };
    let told = scene.store.read_log(range).await.unwrap().into_iter().any(|entry| {
        let gone = Event::ArtifactDeleted(artifact("artifacts/data/v0"));
        matches!(entry.batch, Batch::Run(batch) if batch.events.contains(&gone))
    });
    assert!(told, "destinations hear of it");
    assert_eq!(scene.unneeded(&GcRequest::default(), true).await, [HELLO.1]);
    assert_eq!(scene.service.bundle(second).await.unwrap().state, BundleState::Committed);
}

#[tokio::test]
async fn a_bundle_that_is_named_or_linked_outlives_its_time() {
    let scene = Scene::new().await;
    let run = scene.run().await;
    let id = scene.bundle(Some(&run), HELLO, Some(10)).await;
    let bundle = scene.service.bundle(id).await.unwrap();
    scene.clock.advance(10_000);
    let [planned] = &scene.expired().await[..] else { panic!("it is over") };
    let marker = pair(LINK, &id.to_string());
    scene.service.link_to_model(&bundle, &key("m"), vec![], marker.clone(), vec![]).await.unwrap();
    assert_eq!(scene.gc.remove_bundle(planned, &GcRequest::default()).await.unwrap(), Removed::NoMore);
    assert_eq!(scene.expired().await, []);
    scene.service.unlink_from_model(&key("m"), &marker).await.unwrap();
    let named = BundleChange::SetAliases(bundle.home, vec!["best".to_owned()]);
    scene.service.change_bundle(id, named).await.unwrap();
    assert_eq!(scene.gc.remove_bundle(planned, &GcRequest::default()).await.unwrap(), Removed::NoMore);
    assert_eq!(scene.expired().await, []);
    assert_eq!(scene.service.bundle(id).await.unwrap().state, BundleState::Committed);
}
