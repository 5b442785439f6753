//! From events to records: what a run's file tells, and how it goes on.
//!
//! The same story told the same batch gives the same bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trackside_core::{
    ArtifactPath, DatasetInput, Event, Kind, MetricPoint, Param, RunBatch, RunId, RunStarted, RunStatus, RunUpdate,
    Tag, Timestamp, Withheld,
};
use trackside_tensorboard_wire::{
    Content, Event as Record, HParamsPluginData, Plain, ScalarTag, SessionEndInfo, SessionStartInfo, SessionStatus,
    Value, append_message, first_event, markdown, wall_time,
};

use crate::{card, tag};

/// Params that wait for the session to begin; when they have more bytes it begins without waiting.
const MAX_WAITING: usize = 64 * 1024;

/// What has been told of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Story {
    /// When the run began, in milliseconds.
    begun: i64,
    /// The latest time told: events without a time of their own have it.
    latest: i64,
    /// Tables of facts and of params so far: their steps. One that does not rise hides those before it.
    tables: i64,
    session: Session,
}

/// Where the session of the HPARAMS tab is. Its beginning and its end are fixed once written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Session {
    /// Gathers params until the first point or the end of the run.
    Waiting(BTreeMap<String, String>),
    /// Further params cannot be shown.
    Begun,
    /// Nothing can be added.
    Ended,
}

/// What a batch adds to the file.
#[derive(Debug, Default)]
pub(crate) struct Chapter {
    /// Whole records.
    pub(crate) records: Vec<u8>,
    /// Files that may be images.
    pub(crate) artifacts: Vec<ArtifactPath>,
    /// What the file cannot show.
    pub(crate) withheld: Withheld,
}

impl Story {
    pub(crate) const fn new(begun: Timestamp) -> Self {
        let begun = begun.millis();
        Self { begun, latest: begun, tables: 0, session: Session::Waiting(BTreeMap::new()) }
    }

    pub(crate) const fn begun(&self) -> Timestamp {
        Timestamp::from_millis(self.begun)
    }

    /// The first record of a file.
    pub(crate) fn head(&self, run: &RunId) -> Vec<u8> {
        let mut head = Vec::new();
        append_message(&mut head, &first_event(self.begun(), format!("trackside, run {run}")));
        head
    }

    /// Tells a batch.
    pub(crate) fn tell(&mut self, batch: &RunBatch) -> Chapter {
        let mut chapter = Chapter::default();
        if let Some(started) = &batch.started {
            self.tell_start(&mut chapter, &batch.run, started);
        }
        // The session begins before the points of this batch, with all params of it, whatever their order.
        self.tell_params(&mut chapter, batch);
        for event in &batch.events {
            self.tell_event(&mut chapter, event);
        }
        chapter
    }

    fn tell_event(&mut self, chapter: &mut Chapter, event: &Event) {
        match event {
            Event::Points(points) => self.tell_points(chapter, points),
            Event::Tags(tags) => self.tell_tags(chapter, tags),
            Event::TagDeleted(key) => {
                let value = card::value(tag::of_tag(key).0, card::REMOVED.to_owned());
                self.add(chapter, 0, value);
            }
            Event::DatasetInputs(inputs) => inputs.iter().for_each(|input| self.tell_dataset(chapter, input)),
            Event::Updated(update) => self.tell_update(chapter, update),
            Event::Resumed => {
                self.tell_update(chapter, &RunUpdate { status: Some(RunStatus::Running), ..RunUpdate::default() });
            }
            Event::ArtifactStored(entry) if entry.size.is_some() => chapter.artifacts.push(entry.path.clone()),
            // An image that was shown stays.
            Event::ArtifactStored(_) | Event::ArtifactDeleted(_) => chapter.withheld.add(Kind::Artifacts, 1),
            // Params are told before; the capability keeps all others away.
            _ => {}
        }
    }

    fn tell_start(&mut self, chapter: &mut Chapter, run: &RunId, started: &RunStarted) {
        let facts = [
            ("id", run.as_str()),
            ("name", &started.name),
            ("experiment", started.experiment.as_str()),
            ("user", &started.user),
        ];
        self.add_table(chapter, tag::INFO, ["fact", "value"], facts);
        self.tell_tags(chapter, &started.tags);
    }

    fn tell_update(&mut self, chapter: &mut Chapter, update: &RunUpdate) {
        let ended = update.ended_at.map(|time| time.millis().to_string());
        let facts = [
            ("name", update.name.as_deref()),
            ("status", update.status.map(RunStatus::as_str)),
            ("ended at, ms since 1970", ended.as_deref()),
        ];
        let facts: Vec<_> = facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        if !facts.is_empty() {
            self.add_table(chapter, tag::INFO, ["fact", "value"], facts);
        }
        let status = match update.status {
            Some(RunStatus::Finished) => SessionStatus::Success,
            Some(RunStatus::Failed | RunStatus::Killed) => SessionStatus::Failure,
            _ => return,
        };
        self.begin_session(chapter);
        if self.session == Session::Begun {
            let time = update.ended_at.unwrap_or(Timestamp::from_millis(self.latest));
            let end = SessionEndInfo { status: status.into(), end_time_secs: wall_time(time) };
            self.add(chapter, 0, HParamsPluginData::value(Content::End(end)));
            self.session = Session::Ended;
        }
    }

    fn tell_params(&mut self, chapter: &mut Chapter, batch: &RunBatch) {
        let params: Vec<&Param> = batch
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Params(params) | Event::ParamsReplaced(params) => Some(params),
                _ => None,
            })
            .flatten()
            .collect();
        if !params.is_empty() {
            let rows = params.iter().map(|param| (param.key.as_str(), param.value.as_str()));
            self.add_table(chapter, tag::PARAMS, ["param", "value"], rows);
        }
        let begins = batch.events.iter().any(|event| matches!(event, Event::Points(points) if !points.is_empty()));
        let Session::Waiting(waiting) = &mut self.session else {
            chapter.withheld.add(Kind::Params, params.len() as u64);
            return;
        };
        waiting.extend(params.into_iter().map(|param| (param.key.as_str().to_owned(), param.value.clone())));
        let bytes: usize = waiting.iter().map(|(key, value)| key.len() + value.len()).sum();
        if begins || bytes > MAX_WAITING {
            self.begin_session(chapter);
        }
    }

    /// Once; harmless after.
    fn begin_session(&mut self, chapter: &mut Chapter) {
        if let Session::Waiting(waiting) = &mut self.session {
            let hparams = std::mem::take(waiting);
            let hparams = hparams.into_iter().map(|(key, value)| (key, Plain::from_param(&value))).collect();
            let start = SessionStartInfo { hparams, start_time_secs: wall_time(self.begun()) };
            self.add(chapter, 0, HParamsPluginData::value(Content::Start(start)));
            self.session = Session::Begun;
        }
    }

    fn tell_points(&mut self, chapter: &mut Chapter, points: &[MetricPoint]) {
        // Points of one metric often follow each other.
        for points in points.chunk_by(|a, b| a.key == b.key) {
            let tag = tag::of_metric(&points[0].key);
            let tag = ScalarTag::new(&tag);
            for MetricPoint { point, subject, .. } in points {
                #[expect(clippy::cast_possible_truncation, reason = "TensorBoard's scalars are floats")]
                let value = point.value as f32;
                tag.append(&mut chapter.records, wall_time(point.time), point.step, value);
                self.latest = self.latest.max(point.time.millis());
                if subject.as_ref().is_some_and(|subject| subject.model.is_some()) {
                    chapter.withheld.add(Kind::LoggedModels, 1);
                }
            }
        }
    }

    fn tell_tags(&self, chapter: &mut Chapter, tags: &[Tag]) {
        for Tag { key, value } in tags {
            let (tag, is_markdown) = tag::of_tag(key);
            let text = if is_markdown { value.clone() } else { markdown::plain(value) };
            self.add(chapter, 0, card::value(tag, text));
        }
    }

    fn tell_dataset(&self, chapter: &mut Chapter, input: &DatasetInput) {
        let dataset = &input.dataset;
        let mut rows = vec![
            ("name", dataset.name.as_str()),
            ("digest", dataset.digest.as_str()),
            ("source type", &dataset.source_type),
            ("source", &dataset.source),
        ];
        rows.extend(dataset.schema.as_deref().map(|schema| ("schema", schema)));
        rows.extend(dataset.profile.as_deref().map(|profile| ("profile", profile)));
        let names: Vec<String> = input.tags.iter().map(|tag| format!("tag {}", tag.key)).collect();
        rows.extend(names.iter().zip(&input.tags).map(|(name, tag)| (name.as_str(), tag.value.as_str())));
        self.add(chapter, 0, card::value(tag::of_dataset(input), markdown::table(["fact", "value"], rows)));
    }

    fn add_table<'a>(
        &mut self,
        chapter: &mut Chapter,
        tag: &str,
        head: [&str; 2],
        rows: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        self.add(chapter, self.tables, card::value(tag.to_owned(), markdown::table(head, rows)));
        self.tables += 1;
    }

    fn add(&self, chapter: &mut Chapter, step: i64, value: Value) {
        append_message(&mut chapter.records, &self.record(step, value));
    }

    /// A value that has no time of its own.
    pub(crate) fn record(&self, step: i64, value: Value) -> Record {
        Record::value(wall_time(Timestamp::from_millis(self.latest)), step, value)
    }
}
