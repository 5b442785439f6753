//! The example of the plugin guide, held to the suite of all destinations.

use std::{
    collections::HashSet,
    fs,
    future::ready,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use async_trait::async_trait;
use tempfile::TempDir;
use trackside_adapter_exec::{Config, ExecTracker};
use trackside_core::{Capability, Event, Key, MetricPoint, Point, RunId, RunStarted, Timestamp, TrackerInterface};
use trackside_testkit::{Inspect, Limits, RunState};

/// A folder of CSV files.
#[derive(Debug)]
struct Folder(PathBuf);

/// A run of which nothing but the points is known.
fn bare(id: &RunId) -> RunState {
    let started = RunStarted {
        experiment: Key::new("").unwrap(),
        name: String::new(),
        user: String::new(),
        started_at: Timestamp::default(),
        tags: Vec::new(),
    };
    RunState::begin(id, &started)
}

fn read(row: &str) -> MetricPoint {
    let fields: Vec<&str> = row.split(',').collect();
    let [key, step, time, value] = fields[..] else { panic!("{row:?} has not four fields") };
    let point = Point {
        step: step.parse().unwrap(),
        time: Timestamp::from_millis(time.parse().unwrap()),
        value: value.parse().unwrap(),
    };
    MetricPoint { key: Key::new(key).unwrap(), point, subject: None }
}

#[async_trait]
impl Inspect for Folder {
    async fn runs(&self) -> Vec<RunState> {
        let mut runs: Vec<RunState> = Vec::new();
        for file in fs::read_dir(&self.0).into_iter().flatten() {
            let path = file.unwrap().path();
            let mut run = bare(&RunId::parse(path.file_stem().unwrap().to_str().unwrap()).unwrap());
            let text = fs::read_to_string(path).unwrap();
            let rows: HashSet<&str> = text.lines().collect();
            assert_eq!(rows.len(), text.lines().count(), "a row is there twice");
            run.apply(&Event::Points(text.lines().map(read).collect())).unwrap();
            runs.push(run);
        }
        runs.sort_by(|a, b| a.id.cmp(&b.id));
        runs
    }

    /// What is sent twice under two positions is in the file twice, so nothing is; and keys are plain, which spares
    /// this test a reader of CSV.
    fn limits(&self) -> Limits {
        Limits { rising_steps: true, plain_texts: true, ..Limits::default() }
    }

    fn view(&self, run: RunState) -> RunState {
        RunState { points: run.points.into_iter().filter(|(_, points)| !points.is_empty()).collect(), ..bare(&run.id) }
    }
}

fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/plugins/to_csv.py")
}

fn open() -> (Arc<dyn TrackerInterface>, Arc<dyn Inspect>, TempDir) {
    let folder = TempDir::new().unwrap();
    let files = folder.path().join("files");
    let command = [Path::new("python3"), &program(), &files].map(|part| part.to_str().unwrap().to_owned());
    let capability = Capability { points: true, ..Capability::default() };
    let tracker = ExecTracker::new(Config { capability, ..Config::new("csv", command.to_vec()) });
    (Arc::new(tracker), Arc::new(Folder(files)), folder)
}

trackside_testkit::tracker_suite!(|| ready(open()));

/// The session of the guide, except the call that fails there: a full disk is not to be had.
#[test]
fn the_session_in_the_guide_is_as_it_happens() {
    let guide = include_str!("../../../examples/plugins/README.md");
    let said = |sign| guide.lines().filter_map(move |line| line.strip_prefix(sign));
    let session: Vec<(&str, &str)> =
        said("→ ").zip(said("← ")).filter(|(_, answer)| !answer.contains("failed")).collect();
    assert_eq!(session.len(), 4);
    let folder = TempDir::new().unwrap();
    let mut command = Command::new("python3");
    command.arg(program()).arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut plugin = command.spawn().unwrap();
    for (call, _) in &session {
        writeln!(plugin.stdin.as_mut().unwrap(), "{call}").unwrap();
    }
    let output = plugin.wait_with_output().unwrap();
    assert!(output.status.success());
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let answers: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(value).collect();
    assert_eq!(answers, session.iter().map(|(_, answer)| value(answer)).collect::<Vec<_>>());
}
