//! A run as W&B shows it, turned back into what it was made of.

use std::collections::BTreeMap;

use serde_json::Value;
use trackside_core::{
    ArtifactPath, Dataset, DatasetInput, Event, Key, MetricPoint, Point, RunId, RunStarted, RunStatus, Tag, Timestamp,
};
use trackside_testkit::{Limits, RunState};
use trackside_wandb_wire::{config::Document, extended_json, scalar};

/// All that a user of W&B sees of a run.
#[derive(Debug, Default)]
pub(crate) struct ShownRun {
    pub(crate) display_name: String,
    pub(crate) config: Document,
    pub(crate) history: Vec<String>,
    pub(crate) exit_code: Option<i32>,
    /// Sizes by path.
    pub(crate) files: BTreeMap<String, u64>,
}

/// Files cannot be removed at W&B.
pub(crate) const LIMITS: Limits = Limits {
    finite_values: false,
    plain_times: false,
    rising_steps: false,
    plain_texts: false,
    lasting_artifacts: true,
    few_histories: false,
};

/// What of a run can be shown: a row has one time for all its points, and datasets have no order.
pub(crate) fn view(mut run: RunState) -> RunState {
    run.dataset_inputs.sort_by_key(|input| format!("{}@{}", input.dataset.name, input.dataset.digest));
    let points = std::mem::take(&mut run.points);
    for (key, points) in points {
        let timeless = |point| Point { time: Timestamp::default(), ..point };
        let event =
            points.into_iter().map(|point| MetricPoint { key: key.clone(), point: timeless(point), subject: None });
        run.apply(&Event::Points(event.collect())).unwrap();
    }
    run
}

/// A row of history, read.
pub(crate) fn row(line: &str) -> BTreeMap<String, Value> {
    serde_json::from_str(&extended_json::strict(line)).unwrap()
}

impl ShownRun {
    pub(crate) fn state(&self) -> RunState {
        let own = self.config.value("_trackside").unwrap();
        let text = |key: &str| own[key].as_str().unwrap().to_owned();
        let time = |key: &str| own.get(key).map(|millis| Timestamp::from_millis(millis.as_i64().unwrap()));
        let started = RunStarted {
            experiment: Key::new(text("experiment")).unwrap(),
            name: self.display_name.clone(),
            user: text("user"),
            started_at: time("started_at").unwrap(),
            tags: tags(&own["tags"]),
        };
        let mut state = RunState::begin(&RunId::parse(&text("run_id")).unwrap(), &started);
        state.status = RunStatus::parse(&text("status")).unwrap();
        state.ended_at = time("ended_at");
        assert_eq!(self.exit_code, exit_code(state.status), "how the run ended is told twice, and alike");
        let params =
            self.config.values().filter(|(key, _)| !key.starts_with("_wandb") && !key.starts_with("_trackside"));
        state.params = params.map(|(key, value)| (Key::new(key).unwrap(), scalar::untyped(value))).collect();
        state.dataset_inputs =
            own["datasets"].as_object().into_iter().flatten().map(|(_, value)| dataset(value)).collect();
        for line in &self.history {
            state.apply(&Event::Points(points(line))).unwrap();
        }
        let artifacts = self.files.iter().filter_map(|(name, size)| Some((name.strip_prefix("artifacts/")?, size)));
        state.artifacts = artifacts.map(|(path, size)| (ArtifactPath::parse(path).unwrap(), *size)).collect();
        view(state)
    }
}

fn exit_code(status: RunStatus) -> Option<i32> {
    match status {
        RunStatus::Running | RunStatus::Scheduled => None,
        RunStatus::Finished => Some(0),
        RunStatus::Failed => Some(1),
        RunStatus::Killed => Some(255),
    }
}

fn tags(value: &Value) -> Vec<Tag> {
    let tags = value.as_object().into_iter().flatten();
    tags.map(|(key, value)| Tag::new(key, value.as_str().unwrap()).unwrap()).collect()
}

fn dataset(value: &Value) -> DatasetInput {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let dataset = Dataset {
        name: Key::new(text("name").unwrap()).unwrap(),
        digest: text("digest").unwrap(),
        source_type: text("source_type").unwrap(),
        source: text("source").unwrap(),
        schema: text("schema"),
        profile: text("profile"),
    };
    DatasetInput { dataset, tags: tags(&value["tags"]) }
}

fn points(line: &str) -> Vec<MetricPoint> {
    let row = row(line);
    let step = row.get("trackside/step").unwrap_or(&row["_step"]).as_i64().unwrap();
    let values = row.iter().filter(|(key, _)| !key.starts_with('_') && *key != "trackside/step");
    let value = |value: &Value| value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap());
    let point = |found| Point { step, time: Timestamp::default(), value: value(found) };
    values.map(|(key, value)| MetricPoint { key: Key::new(key).unwrap(), point: point(value), subject: None }).collect()
}
