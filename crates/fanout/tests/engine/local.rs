use std::{sync::Arc, time::Duration};

use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{ErrorKind, RunStatus, TrackerInterface, store::Runs};
use trackside_fanout::{Fanout, local::LocalFiles};
use trackside_testkit::MemoryTracker;

/// The builder takes destinations by value; tests look into them afterwards.
#[derive(Debug)]
struct Shared(Arc<MemoryTracker>);

#[async_trait::async_trait]
impl TrackerInterface for Shared {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn capability(&self) -> trackside_core::Capability {
        self.0.capability()
    }

    async fn probe(&self) -> trackside_core::Result<()> {
        self.0.probe().await
    }

    async fn deliver(
        &self,
        batch: &trackside_core::Batch,
        memory: Option<&str>,
    ) -> trackside_core::Result<trackside_core::Delivered> {
        self.0.deliver(batch, memory).await
    }

    async fn flush(&self) -> trackside_core::Result<()> {
        self.0.flush().await
    }
}

#[tokio::test]
async fn a_program_can_log_without_a_store() {
    let trackers = [MemoryTracker::new().named("a"), MemoryTracker::new().named("b")].map(Arc::new);
    let files = Arc::new(LocalFiles::default());
    let builder = Fanout::builder().sink(Shared(trackers[0].clone())).sink(Shared(trackers[1].clone()));
    let recorder = builder.artifacts(files.clone()).start().await.unwrap();
    let run = recorder.start_run_with_tags("digits", "first", &[("t", "1")]).await.unwrap();
    let id = run.id().clone();
    run.log_params(&[("lr", "0.1")]).await.unwrap();
    run.log_metrics(&[("loss", 0.5), ("acc", f64::NAN)], 1).await.unwrap();
    run.log_metric("loss", 0.25, 2).await.unwrap();
    run.set_tag("t", "2").await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "12345").unwrap();
    files.log_artifact(&run, file.path(), "out/a.txt").await.unwrap();
    run.finish(RunStatus::Finished).await.unwrap();
    recorder.close(Duration::from_secs(30)).await;
    for tracker in trackers {
        let state = tracker.run(&id).unwrap();
        assert_eq!(
            (state.experiment.as_str(), state.name.as_str(), state.status),
            ("digits", "first", RunStatus::Finished)
        );
        assert_eq!((state.params.len(), state.tags.values().map(String::as_str).collect::<Vec<_>>()), (1, vec!["2"]));
        assert_eq!(state.points.values().map(Vec::len).sum::<usize>(), 3);
        assert_eq!(state.artifacts.values().collect::<Vec<_>>(), [&5]);
    }
}

#[tokio::test]
async fn with_a_store_nothing_is_lost_between_programs() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Arc::new(SqliteStore::open(dir.path().join("t.db"), Config::default()).unwrap());
    let tracker = Arc::new(MemoryTracker::new());
    tracker.set_out_of_reach(Some(ErrorKind::Unavailable));

    let store = open();
    let recorder = Fanout::builder().sink(Shared(tracker.clone())).store(store.clone()).start().await.unwrap();
    let run = recorder.start_run("digits", "first").await.unwrap();
    let id = run.id().clone();
    run.log_metric("loss", 0.5, 1).await.unwrap();
    assert!(store.run(&id).await.unwrap().is_some());
    recorder.close(Duration::from_secs(30)).await;
    store.close().await;

    tracker.set_out_of_reach(None);
    let store = open();
    let recorder = Fanout::builder().sink(Shared(tracker.clone())).store(store.clone()).start().await.unwrap();
    recorder.close(Duration::from_secs(30)).await;
    store.close().await;
    assert_eq!(tracker.run(&id).unwrap().points.len(), 1);
}

#[tokio::test]
async fn a_full_memory_is_an_error_and_not_a_loss() {
    let tracker = Arc::new(MemoryTracker::new());
    tracker.set_out_of_reach(Some(ErrorKind::Unavailable));
    let recorder = Fanout::builder().sink(Shared(tracker.clone())).memory_bytes(1_000).start().await.unwrap();
    let run = recorder.start_run("digits", "first").await.unwrap();
    let mut logged = 0;
    let error = loop {
        match run.log_metric("loss", 0.5, logged).await {
            Ok(()) => logged += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Throttled);
    tracker.set_out_of_reach(None);
    recorder.fanout().resume("memory").await.unwrap();
    recorder.close(Duration::from_secs(30)).await;
}
