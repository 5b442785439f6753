//! The suite of all destinations, on files read back with the tolerant reader.

use std::{
    fs,
    future::{Ready, ready},
    path::PathBuf,
    sync::Arc,
};

use async_trait::async_trait;
use tempfile::TempDir;
use trackside_core::{
    Dataset, DatasetInput, Event, Key, KeyValue, MetricPoint, Point, RunId, RunStarted, RunStatus, RunUpdate, Tag,
    Timestamp, TrackerInterface,
};
use trackside_tensorboard_wire::{
    Event as Record, Events, FILE_VERSION, Value, Values, What, from_wall_time,
    markdown::{read_plain, read_table},
    wall_time,
};
use trackside_testkit::{Inspect, MemoryArtifacts, RunState, fixture::key};

use crate::{Config, TensorBoardTracker, card::REMOVED, tag};

type Peer = (Arc<dyn TrackerInterface>, Arc<dyn Inspect>, TempDir);

fn make() -> Ready<Peer> {
    let directory = tempfile::tempdir().unwrap();
    let config = Config { name: "tb".to_owned(), directory: directory.path().join("logs"), images: true };
    let inspect = Files(config.directory.clone());
    let tracker = TensorBoardTracker::new(config, Arc::new(MemoryArtifacts::new()));
    ready((Arc::new(tracker), Arc::new(inspect), directory))
}

trackside_testkit::tracker_suite!(make);

/// A log directory.
#[derive(Debug)]
pub(crate) struct Files(pub(crate) PathBuf);

impl Files {
    /// The events of each run, by directory. A run has one file, and nothing else lies about.
    pub(crate) fn records(&self) -> Vec<(String, Vec<Record>)> {
        let mut runs = Vec::new();
        for experiment in list(&self.0) {
            for run in list(&experiment) {
                let files = list(&run);
                let [file] = files.as_slice() else { panic!("a run has one file: {files:?}") };
                let bytes = fs::read(file).unwrap();
                let mut events = Events::new(&bytes);
                let records = events.by_ref().map(Result::unwrap).collect();
                assert_eq!(events.offset(), bytes.len(), "nothing is torn");
                runs.push((run.strip_prefix(&self.0).unwrap().to_str().unwrap().to_owned(), records));
            }
        }
        runs
    }
}

fn list(directory: &std::path::Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

pub(crate) fn text(value: &Value) -> Option<&str> {
    match &value.value {
        Some(Values::Tensor(tensor)) if !tensor.string_val.is_empty() => {
            Some(std::str::from_utf8(&tensor.string_val[0]).unwrap())
        }
        _ => None,
    }
}

pub(crate) fn values(record: &Record) -> &[Value] {
    match &record.what {
        Some(What::Summary(summary)) => &summary.value,
        _ => &[],
    }
}

fn fact(facts: &[(String, String)], name: &str) -> Option<String> {
    Some(facts.iter().find(|fact| fact.0 == name)?.1.clone())
}

fn begin(records: &[Record]) -> RunState {
    assert_eq!(records[0].what, Some(What::FileVersion(FILE_VERSION.to_owned())));
    let card = &values(&records[1])[0];
    assert_eq!(card.tag, tag::INFO);
    let facts = read_table(text(card).unwrap()).unwrap();
    let started = RunStarted {
        experiment: key(&fact(&facts, "experiment").unwrap()),
        name: fact(&facts, "name").unwrap(),
        user: fact(&facts, "user").unwrap(),
        started_at: from_wall_time(records[0].wall_time),
        tags: Vec::new(),
    };
    RunState::begin(&RunId::parse(&fact(&facts, "id").unwrap()).unwrap(), &started)
}

/// What a value tells; nothing for the HPARAMS tab, which has tests of its own.
fn event(record: &Record, value: &Value) -> Option<Event> {
    if let Some(Values::Simple(number)) = value.value {
        let point = Point { step: record.step, time: from_wall_time(record.wall_time), value: number.into() };
        return Some(Event::Points(vec![MetricPoint { key: key(&value.tag), point, subject: None }]));
    }
    let text = text(value)?;
    if let Some(tag) = value.tag.strip_prefix(tag::TAGS) {
        let removed = text == REMOVED;
        let set = || Event::Tags(vec![Tag { key: key(tag), value: read_plain(text) }]);
        return Some(if removed { Event::TagDeleted(key(tag)) } else { set() });
    }
    let rows = read_table(text).unwrap();
    Some(match value.tag.as_str() {
        tag::INFO => Event::Updated(RunUpdate {
            name: fact(&rows, "name"),
            status: fact(&rows, "status").map(|status| RunStatus::parse(&status).unwrap()),
            ended_at: fact(&rows, "ended at, ms since 1970")
                .map(|millis| Timestamp::from_millis(millis.parse().unwrap())),
        }),
        tag::PARAMS => Event::Params(rows.into_iter().map(|(key, value)| KeyValue::new(key, value).unwrap()).collect()),
        other => {
            assert!(other.starts_with(tag::DATASETS), "{other}");
            Event::DatasetInputs(vec![dataset(&rows)])
        }
    })
}

fn dataset(rows: &[(String, String)]) -> DatasetInput {
    let get = |name: &str| fact(rows, name);
    let tags = rows.iter().filter_map(|(name, value)| Some(KeyValue::new(name.strip_prefix("tag ")?, value).unwrap()));
    DatasetInput {
        dataset: Dataset {
            name: Key::new(get("name").unwrap()).unwrap(),
            digest: get("digest").unwrap(),
            source_type: get("source type").unwrap(),
            source: get("source").unwrap(),
            schema: get("schema"),
            profile: get("profile"),
        },
        tags: tags.collect(),
    }
}

#[async_trait]
impl Inspect for Files {
    async fn runs(&self) -> Vec<RunState> {
        let mut runs: Vec<_> = self
            .records()
            .iter()
            .map(|(_, records)| {
                let mut run = begin(records);
                for record in &records[1..] {
                    for event in values(record).iter().filter_map(|value| event(record, value)) {
                        run.apply(&event).unwrap();
                    }
                }
                run
            })
            .collect();
        runs.sort_by(|a, b| a.id.cmp(&b.id));
        runs
    }

    /// Values are floats, times seconds; only images are files, and the suite has none.
    fn view(&self, mut run: RunState) -> RunState {
        run.artifacts.clear();
        for (key, points) in std::mem::take(&mut run.points) {
            for point in points {
                #[expect(clippy::cast_possible_truncation, reason = "as TensorBoard does")]
                let value = f64::from(point.value as f32);
                let point = Point { time: from_wall_time(wall_time(point.time)), value, ..point };
                run.apply(&Event::Points(vec![MetricPoint { key: key.clone(), point, subject: None }])).unwrap();
            }
        }
        run
    }
}
