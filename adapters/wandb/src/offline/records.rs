//! Records of a batch, framed for their place in the file.

use std::collections::BTreeSet;

use prost::Message;
use trackside_wandb_wire::{
    container,
    record::{
        Control, Exit, File, Files, Git, Header, History, Item, Items, Metric, MetricOptions, Record, Run, Step, Time,
        VersionInfo,
    },
};

use crate::{
    change::{Change, Fields, OWN},
    line,
    memory::{Memory, Row},
};

/// Oldest client that reads what we write, as the vendor's own client says it.
const MIN_CONSUMER: &str = "0.13.0";
/// Upload the file as soon as the record is read.
const NOW: i32 = 0;

/// Records, growing.
#[derive(Debug)]
pub(super) struct Records {
    start: u64,
    number: i64,
    bytes: Vec<u8>,
}

impl Records {
    /// After this many bytes and records.
    pub(super) const fn at(start: u64, number: i64) -> Self {
        Self { start, number, bytes: Vec::new() }
    }

    /// Bytes and records of the file as it is now.
    pub(super) const fn end(&self) -> (u64, i64) {
        (self.start + self.bytes.len() as u64, self.number)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn push(&mut self, record: Record) {
        self.number += 1;
        let record = Record { num: self.number, ..record };
        container::append(self.start, &record.encode_to_vec(), &mut self.bytes);
    }

    /// What a file begins with.
    pub(super) fn begin(&mut self, run: &str, entity: Option<&str>, memory: &Memory, change: &Change<'_>) {
        self.bytes.extend(container::HEADER);
        let producer = format!("trackside/{}", env!("CARGO_PKG_VERSION"));
        let versions = VersionInfo { producer, min_consumer: MIN_CONSUMER.to_owned() };
        self.push(Record { header: Some(Header { version_info: Some(versions) }), ..Record::default() });
        let (seconds, millis) = (memory.started_at.div_euclid(1000), memory.started_at.rem_euclid(1000));
        let nanos = i32::try_from(millis * 1_000_000).expect("less than a second");
        let start_time = Some(Time { seconds, nanos });
        self.run(Run { start_time, ..run_record(run, entity, &memory.project, &change.fields) });
        let options = Some(MetricOptions { hidden: true, defined: true, ..MetricOptions::default() });
        self.push(Record {
            metric: Some(Metric { name: line::STEP.to_owned(), options, ..Metric::default() }),
            ..Record::default()
        });
    }

    /// Name, notes and the like, if they change: a second run record is read as an update.
    pub(super) fn change(&mut self, run: &str, entity: Option<&str>, project: &str, change: &Change<'_>) {
        if change.fields != Fields::default() {
            self.run(run_record(run, entity, project, &change.fields));
        }
    }

    fn run(&mut self, run: Run) {
        let control = Some(Control { mailbox_slot: run.run_id.clone() });
        self.push(Record { run: Some(run), control, ..Record::default() });
    }

    /// Changes of the config. A dataset that is there already stays as it is.
    pub(super) fn config(&mut self, change: &Change<'_>, datasets: &mut BTreeSet<String>) {
        let mut items = Items::default();
        for (key, value) in &change.params {
            items.update.push(Item::nested(&[key], value.to_string()));
        }
        for (path, value) in &change.own {
            let path: Vec<&str> = std::iter::once(OWN).chain(path.iter().copied()).collect();
            match value {
                Some(value) => items.update.push(Item::nested(&path, value.to_string())),
                None => items.remove.push(Item::nested(&path, "")),
            }
        }
        for (key, value) in &change.datasets {
            if datasets.insert(key.clone()) {
                items.update.push(Item::nested(&[OWN, "datasets", key], value.to_string()));
            }
        }
        if !(items.update.is_empty() && items.remove.is_empty()) {
            self.push(Record { config: Some(items), ..Record::default() });
        }
    }

    /// Files beside the record file.
    pub(super) fn files(&mut self, paths: &[String]) {
        if !paths.is_empty() {
            let files = paths.iter().map(|path| File { path: path.clone(), policy: NOW }).collect();
            self.push(Record { files: Some(Files { files }), ..Record::default() });
        }
    }

    /// A row of metrics.
    pub(super) fn row(&mut self, row: &Row, started_at: i64) {
        let item = items(line::fields(row, started_at));
        let step = Some(Step { num: row.place.number });
        self.push(Record { history: Some(History { item, step }), ..Record::default() });
    }

    /// What the next batch replaces.
    pub(super) fn tail(&mut self, memory: &Memory) {
        if let Some(row) = &memory.history.open {
            self.row(row, memory.started_at);
        }
        let summary = items(line::summary(memory));
        if !summary.is_empty() {
            self.push(Record { summary: Some(Items { update: summary, remove: vec![] }), ..Record::default() });
        }
        if let Some(exit_code) = memory.exit_code {
            let last = memory.history.last.map_or(memory.started_at, |last| last.time);
            let runtime = line::runtime_secs(last, memory.started_at).try_into().unwrap_or(i32::MAX);
            self.push(Record { exit: Some(Exit { exit_code, runtime }), ..Record::default() });
        }
    }
}

fn items(fields: Vec<(&str, String)>) -> Vec<Item> {
    let item = |(key, value): (&str, String)| {
        // A key that is empty cannot be told from none.
        if key.is_empty() { Item::nested(&[key], value) } else { Item::new(key, value) }
    };
    fields.into_iter().map(item).collect()
}

fn run_record(run: &str, entity: Option<&str>, project: &str, fields: &Fields) -> Run {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let git = (fields.repo.is_some() || fields.commit.is_some())
        .then(|| Git { remote_url: text(&fields.repo), commit: text(&fields.commit) });
    Run {
        run_id: run.to_owned(),
        entity: entity.unwrap_or_default().to_owned(),
        project: project.to_owned(),
        run_group: text(&fields.group),
        display_name: text(&fields.display_name),
        notes: text(&fields.notes),
        git,
        ..Run::default()
    }
}
