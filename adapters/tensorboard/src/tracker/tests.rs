//! How files grow, and what they tell the HPARAMS and IMAGES tabs.

use std::{fs, path::PathBuf, sync::Arc};

use tempfile::TempDir;
use trackside_core::{
    Batch, Delivered, ErrorKind, Event, Kind, RunBatch, RunId, RunStarted, RunStatus, RunUpdate, Seq, TrackerInterface,
};
use trackside_tensorboard_wire::{
    Content, Event as Record, HParamsPluginData, Plain, PlainValue, SessionStatus, Values, append_record,
};
use trackside_testkit::{
    Inspect, MemoryArtifacts,
    fixture::{artifact, artifact_stored, at, key, params, point, points, tag_list, tags},
};

use crate::{
    Config, TensorBoardTracker,
    conformance::{Files, values},
};

/// A PNG of 3 x 2 pixels, as far as anybody looks here.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0";

struct Bench {
    tracker: TensorBoardTracker,
    artifacts: Arc<MemoryArtifacts>,
    files: Files,
    _directory: TempDir,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let artifacts = Arc::new(MemoryArtifacts::new());
        let config = Config { name: "tb".to_owned(), directory: directory.path().to_owned(), images: true };
        let files = Files(config.directory.clone());
        Self { tracker: TensorBoardTracker::new(config, artifacts.clone()), artifacts, files, _directory: directory }
    }

    /// Delivers; returns what is to be remembered, and the whole answer.
    async fn deliver(&self, batch: &Batch, memory: Option<&str>) -> (String, Delivered) {
        let delivered = self.tracker.deliver(batch, memory).await.unwrap();
        (delivered.memory.clone().unwrap(), delivered)
    }

    /// Delivers a history in turn; returns the last memory.
    async fn tell(&self, n: u128, batches: Vec<Vec<Event>>) -> String {
        let (mut memory, _) = self.deliver(&begin(n, "run"), None).await;
        for events in batches {
            memory = self.deliver(&then(n, events), Some(&memory)).await.0;
        }
        memory
    }

    /// The only file.
    fn file(&self) -> PathBuf {
        let mut found = Vec::new();
        let mut folders = vec![self.files.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() { folders.push(entry) } else { found.push(entry) }
            }
        }
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    /// Contents of the HPARAMS tab of the only run.
    fn sessions(&self) -> Vec<Content> {
        let [(_, records)] = &self.files.records()[..] else { panic!("one run") };
        let metadata = records.iter().flat_map(values).filter_map(|value| value.metadata.as_ref());
        metadata.filter_map(HParamsPluginData::read).collect()
    }
}

fn begin(n: u128, name: &str) -> Batch {
    let started = RunStarted {
        experiment: key("e"),
        name: name.to_owned(),
        user: "ada".to_owned(),
        started_at: at(1_000),
        tags: tag_list(&[]),
    };
    Batch::Run(RunBatch { run: RunId::fresh(n), started: Some(started), events: vec![], last: Seq(1) })
}

fn then(n: u128, events: Vec<Event>) -> Batch {
    Batch::Run(RunBatch { run: RunId::fresh(n), started: None, events, last: Seq(2) })
}

fn status(status: RunStatus, ended: Option<i64>) -> Event {
    Event::Updated(RunUpdate { status: Some(status), ended_at: ended.map(at), name: None })
}

fn loss(step: i64) -> Event {
    points("loss", &[point(step, 2_000, 0.5)])
}

fn start(content: &Content) -> Vec<(&str, &PlainValue)> {
    let Content::Start(start) = content else { panic!("{content:?} is no start") };
    let value = |plain: &'_ Plain| plain.value.clone();
    assert!(start.hparams.values().all(|plain| value(plain).is_some()));
    start.hparams.iter().map(|(key, plain)| (key.as_str(), plain.value.as_ref().unwrap())).collect()
}

#[tokio::test]
async fn a_try_that_died_half_way_is_completed_and_bytes_that_were_there_stay() {
    let bench = Bench::new();
    let memory = bench.tell(1, vec![]).await;
    let before = fs::read(bench.file()).unwrap();
    let batch = then(1, vec![params(&[("lr", "1")]), loss(1), loss(2)]);
    let (first, _) = bench.deliver(&batch, Some(&memory)).await;
    let whole = fs::read(bench.file()).unwrap();
    for length in before.len()..=whole.len() {
        fs::write(bench.file(), &whole[..length]).unwrap();
        let (again, _) = bench.deliver(&batch, Some(&memory)).await;
        assert_eq!((fs::read(bench.file()).unwrap(), &again), (whole.clone(), &first), "cut at {length}");
    }
}

#[tokio::test]
async fn a_beginning_that_died_half_way_is_completed_in_the_same_file() {
    let bench = Bench::new();
    let (memory, _) = bench.deliver(&begin(1, "run"), None).await;
    let (file, whole) = (bench.file(), fs::read(bench.file()).unwrap());
    for length in 0..=whole.len() {
        fs::write(&file, &whole[..length]).unwrap();
        let (again, _) = bench.deliver(&begin(1, "run"), None).await;
        assert_eq!((bench.file(), fs::read(&file).unwrap(), again), (file.clone(), whole.clone(), memory.clone()));
    }
}

#[tokio::test]
async fn what_another_program_left_beyond_the_known_length_is_replaced() {
    let bench = Bench::new();
    let memory = bench.tell(1, vec![]).await;
    let mut bytes = fs::read(bench.file()).unwrap();
    append_record(&mut bytes, 1, |out| out.push(0xff));
    fs::write(bench.file(), bytes).unwrap();
    bench.deliver(&then(1, vec![loss(1)]), Some(&memory)).await;
    assert_eq!(bench.files.runs().await[0].points[&key("loss")].len(), 1);
}

#[tokio::test]
async fn a_history_told_anew_replaces_the_old_one_in_a_new_file_of_the_same_directory() {
    let bench = Bench::new();
    bench.tell(1, vec![vec![loss(1)], vec![loss(2)]]).await;
    let old = bench.file();
    // Renamed since: the directory stays.
    bench.deliver(&begin(1, "another name"), None).await;
    let new = bench.file();
    assert_eq!(new.parent(), old.parent());
    assert!(new > old, "TensorBoard reads files in the order of their names");
    assert!(bench.files.runs().await[0].points.is_empty());
}

#[tokio::test]
async fn a_run_whose_directory_was_removed_goes_on_in_a_new_file() {
    let bench = Bench::new();
    let memory = bench.tell(1, vec![vec![loss(1)]]).await;
    let old = bench.file();
    for _ in 0..2 {
        fs::remove_dir_all(old.parent().unwrap()).unwrap();
        let batch = then(1, vec![loss(2)]);
        let (next, _) = bench.deliver(&batch, Some(&memory)).await;
        assert_eq!(bench.deliver(&batch, Some(&memory)).await.0, next);
        assert!(bench.file() > old);
        bench.deliver(&then(1, vec![loss(3)]), Some(&next)).await;
        let [(_, records)] = &bench.files.records()[..] else { panic!("one run") };
        let steps: Vec<i64> = records[1..].iter().map(|record| record.step).collect();
        assert_eq!(steps, [2, 3]);
    }
}

#[tokio::test]
async fn runs_of_one_name_and_like_ids_have_directories_of_their_own() {
    let bench = Bench::new();
    let (a, b) = (1_u128 << 96 | 1, 1_u128 << 96 | 2);
    for n in [a, b, a, b] {
        bench.deliver(&begin(n, "run"), None).await;
    }
    let directories: Vec<String> = bench.files.records().into_iter().map(|(directory, _)| directory).collect();
    assert_eq!(directories, ["e/run-00000001", "e/run.00000001000000000000000000000002"]);
}

#[tokio::test]
async fn a_hostile_name_stays_in_the_directory_of_its_experiment() {
    let bench = Bench::new();
    for (n, name) in (1..).zip(["../../x", "/etc/x", "", "a\0b", "..", &"n".repeat(5_000)]) {
        bench.deliver(&begin(n, name), None).await;
    }
    assert_eq!(bench.files.records().len(), 6);
    assert_eq!(fs::read_dir(&bench.files.0).unwrap().count(), 1);
}

#[tokio::test]
async fn the_session_begins_with_the_first_point_and_has_all_params_known_by_then() {
    let bench = Bench::new();
    let memory = bench.tell(1, vec![vec![params(&[("lr", "0.1")])], vec![tags(&[("t", "1")])]]).await;
    assert_eq!(bench.sessions(), []);
    let batch = then(1, vec![loss(1), params(&[("opt", "adam"), ("amp", "true")])]);
    let (memory, delivered) = bench.deliver(&batch, Some(&memory)).await;
    assert!(delivered.withheld.is_empty());
    let late = then(1, vec![params(&[("late", "1")])]);
    let (_, delivered) = bench.deliver(&late, Some(&memory)).await;
    assert_eq!(delivered.withheld.iter().collect::<Vec<_>>(), [(Kind::Params, 1)]);
    let [content] = &bench.sessions()[..] else { panic!("one session") };
    let (adam, truth) = (PlainValue::Text("adam".to_owned()), PlainValue::Truth(true));
    assert_eq!(start(content), [("amp", &truth), ("lr", &PlainValue::Number(0.1)), ("opt", &adam)]);
    // The late one is at least under TEXT.
    assert_eq!(bench.files.runs().await[0].params.len(), 4);
}

#[tokio::test]
async fn a_run_without_points_has_its_session_when_it_ends() {
    let bench = Bench::new();
    bench.tell(1, vec![vec![params(&[("lr", "1")])], vec![status(RunStatus::Killed, Some(9_000))]]).await;
    let [content, Content::End(end)] = &bench.sessions()[..] else { panic!("a session") };
    assert_eq!(start(content), [("lr", &PlainValue::Number(1.0))]);
    assert_eq!((end.status(), end.end_time_secs), (SessionStatus::Failure, 9.0));
}

#[tokio::test]
async fn a_session_ends_once_since_readers_keep_the_first_end() {
    let bench = Bench::new();
    let statuses = [RunStatus::Running, RunStatus::Finished, RunStatus::Running, RunStatus::Failed];
    let memory = bench.tell(1, statuses.map(|known| vec![status(known, None)]).to_vec()).await;
    bench.deliver(&then(1, vec![loss(1)]), Some(&memory)).await;
    let [_, Content::End(end)] = &bench.sessions()[..] else { panic!("a session") };
    assert_eq!((end.status(), end.end_time_secs), (SessionStatus::Success, 1.0));
    assert_eq!(bench.files.runs().await[0].status, RunStatus::Failed);
}

#[tokio::test]
async fn very_many_params_do_not_fill_the_memory_of_a_run() {
    let bench = Bench::new();
    let long = "x".repeat(70_000);
    let memory = bench.tell(1, vec![vec![params(&[("a", &long)])]]).await;
    assert!(memory.len() < 1_000 && bench.sessions().len() == 1);
}

#[tokio::test]
async fn images_are_known_by_content_and_all_else_is_withheld() {
    let bench = Bench::new();
    let run = RunId::fresh(1);
    bench.artifacts.put(&run, &artifact("plot"), PNG);
    bench.artifacts.put(&run, &artifact("fake.png"), "no image");
    let gone = artifact("gone-1.png");
    bench.artifacts.remove(&run, &gone);
    let stored = ["plot", "fake.png", "model-9.bin", "gone-1.png"].map(|path| artifact_stored(path, 1)).to_vec();
    let (memory, _) = bench.deliver(&begin(1, "run"), None).await;
    let batch = then(1, [stored, vec![loss(1)]].concat());
    let (first, delivered) = bench.deliver(&batch, Some(&memory)).await;
    assert_eq!(delivered.withheld.iter().collect::<Vec<_>>(), [(Kind::Artifacts, 2)]);
    let images = images(&bench.files.records()[0].1);
    assert_eq!(images, [("artifacts/plot".to_owned(), 3, 2, PNG.to_vec())]);
    let whole = fs::read(bench.file()).unwrap();
    for length in (whole.len() - 100)..whole.len() {
        fs::write(bench.file(), &whole[..length]).unwrap();
        assert_eq!(bench.deliver(&batch, Some(&memory)).await.0, first);
        assert_eq!(fs::read(bench.file()).unwrap(), whole);
    }
}

#[tokio::test]
async fn a_huge_image_is_withheld() {
    let bench = Bench::new();
    bench.artifacts.put(&RunId::fresh(1), &artifact("huge"), [PNG, &vec![0; 11 * 1024 * 1024]].concat());
    let (memory, _) = bench.deliver(&begin(1, "run"), None).await;
    let (_, delivered) = bench.deliver(&then(1, vec![artifact_stored("huge", 1)]), Some(&memory)).await;
    assert_eq!(delivered.withheld.iter().collect::<Vec<_>>(), [(Kind::Artifacts, 1)]);
}

#[tokio::test]
async fn an_image_that_changed_between_two_tries_is_there_once() {
    let bench = Bench::new();
    let run = RunId::fresh(1);
    let (memory, _) = bench.deliver(&begin(1, "run"), None).await;
    let batch = then(1, vec![artifact_stored("plot", 1)]);
    for padding in [9, 3, 40] {
        let bytes = [PNG, &vec![7; padding]].concat();
        bench.artifacts.put(&run, &artifact("plot"), bytes.clone());
        bench.deliver(&batch, Some(&memory)).await;
        let images = images(&bench.files.records()[0].1);
        assert_eq!(images, [("artifacts/plot".to_owned(), 3, 2, bytes)]);
    }
}

fn images(records: &[Record]) -> Vec<(String, i32, i32, Vec<u8>)> {
    let values = records.iter().flat_map(values).cloned();
    let image = |value: trackside_tensorboard_wire::Value| match value.value {
        Some(Values::Image(image)) => Some((value.tag, image.width, image.height, image.encoded)),
        _ => None,
    };
    values.filter_map(image).collect()
}

#[tokio::test]
async fn without_images_artifacts_are_unsupported() {
    let mut bench = Bench::new();
    bench.tracker.config.images = false;
    let batch = then(1, vec![artifact_stored("plot", 1)]);
    assert_eq!(bench.tracker.deliver(&batch, None).await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_memory_that_cannot_be_read_is_corrupt() {
    let bench = Bench::new();
    let memory = bench.tell(1, vec![]).await;
    for bad in ["", "{}", &memory.replacen("\"version\":1", "\"version\":2", 1)] {
        let error = bench.tracker.deliver(&then(1, vec![]), Some(bad)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
    }
}

#[tokio::test]
async fn a_probe_fails_where_nothing_can_be_written_and_leaves_nothing() {
    let mut bench = Bench::new();
    bench.tracker.probe().await.unwrap();
    assert_eq!(fs::read_dir(&bench.files.0).unwrap().count(), 0);
    let file = bench.files.0.join("file");
    fs::write(&file, "").unwrap();
    bench.tracker.config.directory = file.join("logs");
    assert!(bench.tracker.probe().await.is_err());
}
