//! Offline: the suite, and what is particular to files.

use std::{
    fs,
    future::{self, Ready},
    sync::Arc,
};

use trackside_adapter_wandb::{Config, Mode, WandbTracker};
use trackside_core::{ErrorKind, RunStatus, TrackerInterface};
use trackside_testkit::{
    Inspect, ManualClock, MemoryArtifacts,
    fixture::{point, points, tags},
};

use crate::{
    run_1::{begin, next, status},
    run_directory::{RunDirectories, read, records},
};

fn tracker(directories: &RunDirectories) -> WandbTracker {
    let mode = Mode::Offline { directory: directories.0.path().to_owned() };
    let config = Config { name: "wandb".to_owned(), mode, entity: None, project: None };
    WandbTracker::new(config, Arc::new(MemoryArtifacts::new()), Arc::new(ManualClock::at(0))).unwrap()
}

type Made = (Arc<dyn TrackerInterface>, Arc<dyn Inspect>, ());

fn make() -> Ready<Made> {
    let directories = RunDirectories(tempfile::tempdir().unwrap());
    future::ready((Arc::new(tracker(&directories)), Arc::new(directories), ()))
}

trackside_testkit::tracker_suite!(make);

/// A destination with run 1 begun, its folder, and its memory.
async fn run_1() -> (RunDirectories, WandbTracker, std::path::PathBuf, String) {
    let directories = RunDirectories(tempfile::tempdir().unwrap());
    let tracker = tracker(&directories);
    let memory = tracker.deliver(&begin(&[], vec![]), None).await.unwrap().memory.unwrap();
    let folder = directories.0.path().join("offline-run-19700101_000001-00000000000000000000000000000001");
    (directories, tracker, folder, memory)
}

#[tokio::test]
async fn the_same_batch_writes_the_same_bytes() {
    let (_directories, tracker, folder, memory) = run_1().await;
    let file = folder.join("run-00000000000000000000000000000001.wandb");
    let batch = next(vec![points("m", &[point(1, 1, 1.0), point(2, 2, f64::NAN)]), tags(&[("k", "1")])]);
    let later = next(vec![points("m", &[point(3, 3, 1.0)]), status(RunStatus::Finished)]);
    let first = tracker.deliver(&batch, Some(&memory)).await.unwrap().memory.unwrap();
    let bytes = fs::read(&file).unwrap();
    tracker.deliver(&later, Some(&first)).await.unwrap();
    assert_ne!(fs::read(&file).unwrap(), bytes);
    let again = tracker.deliver(&batch, Some(&memory)).await.unwrap().memory.unwrap();
    assert_eq!((again, fs::read(&file).unwrap()), (first, bytes));
}

#[tokio::test]
async fn the_summary_is_there_once_and_the_end_last() {
    let (_directories, tracker, folder, mut memory) = run_1().await;
    for event in [points("m", &[point(1, 1, 1.0)]), status(RunStatus::Finished), points("m", &[point(2, 2, 2.0)])] {
        memory = tracker.deliver(&next(vec![event]), Some(&memory)).await.unwrap().memory.unwrap();
    }
    let records = records(&folder);
    assert_eq!(records.iter().filter(|record| record.summary.is_some()).count(), 1);
    assert_eq!(records.last().unwrap().exit.unwrap().exit_code, 0);
    tracker.deliver(&next(vec![status(RunStatus::Running)]), Some(&memory)).await.unwrap();
    assert_eq!(read(&folder).exit_code, None);
}

#[tokio::test]
async fn a_run_that_grows_counts_as_not_synchronised() {
    let (_directories, tracker, folder, memory) = run_1().await;
    let marker = folder.join("run-00000000000000000000000000000001.wandb.synced");
    fs::write(&marker, "").unwrap();
    tracker.deliver(&next(vec![status(RunStatus::Finished)]), Some(&memory)).await.unwrap();
    assert!(!marker.exists());
}

#[tokio::test]
async fn a_run_whose_file_was_taken_away_is_not_found() {
    let (_directories, tracker, folder, memory) = run_1().await;
    fs::remove_dir_all(&folder).unwrap();
    let error = tracker.deliver(&next(vec![status(RunStatus::Finished)]), Some(&memory)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!folder.exists());
}

#[tokio::test]
async fn nothing_unfinished_is_left_behind() {
    let (_directories, tracker, folder, memory) = run_1().await;
    let stored = trackside_testkit::fixture::artifact_stored("d/e-5.bin", 5);
    tracker.deliver(&next(vec![stored]), Some(&memory)).await.unwrap();
    tracker.flush().await.unwrap();
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["files", "run-00000000000000000000000000000001.wandb"]);
    assert_eq!(fs::read(folder.join("files/artifacts/d/e-5.bin")).unwrap().len(), 5);
}
