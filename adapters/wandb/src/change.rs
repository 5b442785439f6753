//! What a batch asks for, in W&B's terms.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use trackside_core::{
    ArtifactPath, DatasetInput, Event, Kind, MetricPoint, RunBatch, RunStarted, RunStatus, RunUpdate, Tag, Withheld,
};
use trackside_wandb_wire::{
    config::{Document, RESERVED},
    scalar,
};

use crate::rows;

/// The config key of all that W&B has no place for.
pub(crate) const OWN: &str = "_trackside";
/// Longest schema or profile of a dataset that goes into the config, in bytes.
const MAX_TEXT: usize = 64 << 10;

/// What a batch asks for. Of each thing the last word.
#[derive(Debug, Default)]
pub(crate) struct Change<'a> {
    pub(crate) started: Option<&'a RunStarted>,
    pub(crate) fields: Fields,
    /// Config of the user.
    pub(crate) params: BTreeMap<&'a str, Value>,
    /// Paths below [`OWN`]; `None` removes.
    pub(crate) own: BTreeMap<Vec<&'a str>, Option<Value>>,
    /// Below [`OWN`], by key; what is there already stays.
    pub(crate) datasets: BTreeMap<String, Value>,
    pub(crate) points: Vec<&'a MetricPoint>,
    pub(crate) files: BTreeSet<&'a ArtifactPath>,
    pub(crate) status: Option<RunStatus>,
    pub(crate) withheld: Withheld,
}

/// Fields of a run; `None` leaves one as it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) display_name: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) program: Option<String>,
    pub(crate) repo: Option<String>,
    pub(crate) commit: Option<String>,
}

impl Fields {
    /// The field that a tag is shown in as well.
    fn of_tag(&mut self, key: &str) -> Option<&mut Option<String>> {
        Some(match key {
            "mlflow.note.content" => &mut self.notes,
            "mlflow.parentRunId" => &mut self.group,
            "mlflow.source.name" => &mut self.program,
            "mlflow.source.git.repoURL" => &mut self.repo,
            "mlflow.source.git.commit" => &mut self.commit,
            _ => return None,
        })
    }
}

impl<'a> Change<'a> {
    /// Reads a batch that holds only what the capability allows.
    pub(crate) fn of(batch: &'a RunBatch) -> Self {
        let mut change = Self { started: batch.started.as_ref(), ..Self::default() };
        if let Some(started) = &batch.started {
            change.fields.display_name = Some(started.name.clone());
            change.own.insert(vec!["run_id"], Some(batch.run.as_str().into()));
            change.own.insert(vec!["experiment"], Some(started.experiment.as_str().into()));
            change.own.insert(vec!["user"], Some(started.user.as_str().into()));
            change.own.insert(vec!["started_at"], Some(started.started_at.millis().into()));
            change.own.insert(vec!["status"], Some(RunStatus::Running.as_str().into()));
            started.tags.iter().for_each(|tag| change.set_tag(tag));
        }
        batch.events.iter().for_each(|event| change.add(event));
        change
    }

    fn add(&mut self, event: &'a Event) {
        match event {
            Event::Params(params) | Event::ParamsReplaced(params) => {
                for param in params {
                    if [RESERVED, OWN].contains(&param.key.as_str()) {
                        self.withheld.add(Kind::Params, 1);
                    } else {
                        self.params.insert(param.key.as_str(), scalar::typed(&param.value));
                    }
                }
            }
            Event::Points(points) => points.iter().for_each(|metric| self.add_point(metric)),
            Event::Tags(tags) => tags.iter().for_each(|tag| self.set_tag(tag)),
            Event::TagDeleted(key) => {
                self.own.insert(vec!["tags", key.as_str()], None);
                if let Some(field) = self.fields.of_tag(key.as_str()) {
                    *field = Some(String::new());
                }
            }
            Event::DatasetInputs(inputs) => inputs.iter().for_each(|input| self.add_dataset(input)),
            Event::Updated(update) => self.update(update),
            Event::ArtifactStored(entry) => drop(self.files.insert(&entry.path)),
            Event::ArtifactDeleted(path) => {
                self.files.remove(path);
                self.withheld.add(Kind::Artifacts, 1);
            }
            Event::Resumed => {
                self.update(&RunUpdate { status: Some(RunStatus::Running), ..RunUpdate::default() });
                self.own.insert(vec!["ended_at"], None);
            }
            // Lacking in the capability, or not mirrored at all.
            Event::ModelInputs(_)
            | Event::ModelOutputs(_)
            | Event::Deleted(_)
            | Event::Restored
            | Event::Document(_)
            | Event::Lines(_) => {}
        }
    }

    fn add_point(&mut self, metric: &'a MetricPoint) {
        if metric.subject.is_some() {
            self.withheld.add(Kind::LoggedModels, 1);
        }
        if rows::allows(metric.key.as_str()) {
            self.points.push(metric);
        } else {
            self.withheld.add(Kind::Points, 1);
        }
    }

    fn set_tag(&mut self, tag: &'a Tag) {
        self.own.insert(vec!["tags", tag.key.as_str()], Some(tag.value.as_str().into()));
        if let Some(field) = self.fields.of_tag(tag.key.as_str()) {
            *field = Some(tag.value.clone());
        }
    }

    fn add_dataset(&mut self, input: &DatasetInput) {
        let dataset = &input.dataset;
        let mut short = |text: &Option<String>| {
            let long = text.as_ref().is_some_and(|text| text.len() > MAX_TEXT);
            self.withheld.add(Kind::Datasets, long.into());
            text.clone().filter(|_| !long)
        };
        let (schema, profile) = (short(&dataset.schema), short(&dataset.profile));
        let tags = input.tags.iter().map(|tag| (tag.key.as_str().to_owned(), Value::from(tag.value.as_str())));
        let mut value = json!({
            "name": dataset.name.as_str(),
            "digest": dataset.digest,
            "source_type": dataset.source_type,
            "source": dataset.source,
            "schema": schema,
            "profile": profile,
            "tags": tags.collect::<Map<_, _>>(),
        });
        // `wandb sync` leaves out what is empty; online and offline are to show the same.
        if let Some(value) = value.as_object_mut() {
            value.retain(|_, value| !value.is_null() && *value != json!({}));
        }
        self.datasets.entry(format!("{}@{}", dataset.name, dataset.digest)).or_insert(value);
    }

    fn update(&mut self, update: &RunUpdate) {
        if let Some(status) = update.status {
            self.status = Some(status);
            self.own.insert(vec!["status"], Some(status.as_str().into()));
        }
        if let Some(ended_at) = update.ended_at {
            self.own.insert(vec!["ended_at"], Some(ended_at.millis().into()));
        }
        if let Some(name) = &update.name {
            self.fields.display_name = Some(name.clone());
        }
    }

    /// Whether the config changes.
    pub(crate) fn touches_config(&self) -> bool {
        !(self.params.is_empty() && self.own.is_empty() && self.datasets.is_empty())
    }

    /// How the run ends, given how it had ended before this batch.
    pub(crate) fn exit_code(&self, before: Option<i32>) -> Option<i32> {
        match self.status {
            None => before,
            Some(RunStatus::Running | RunStatus::Scheduled) => None,
            Some(RunStatus::Finished) => Some(0),
            Some(RunStatus::Failed) => Some(1),
            // What the client sends after an interruption from the keyboard.
            Some(RunStatus::Killed) => Some(255),
        }
    }

    /// Changes a config accordingly.
    pub(crate) fn apply(&self, document: &mut Document) {
        for (key, value) in &self.params {
            document.set(key, value.clone());
        }
        document.edit(OWN, |own| {
            for (path, value) in &self.own {
                set(own, path, value.as_ref());
            }
            for (key, value) in &self.datasets {
                let known = own.get("datasets").is_some_and(|datasets| datasets.get(key).is_some());
                if !known {
                    set(own, &["datasets", key], Some(value));
                }
            }
        });
    }
}

/// Sets or removes what is at the end of a path of objects.
fn set(object: &mut Map<String, Value>, path: &[&str], value: Option<&Value>) {
    match (path, value) {
        ([], _) => {}
        ([key], Some(value)) => drop(object.insert((*key).to_owned(), value.clone())),
        ([key], None) => drop(object.remove(*key)),
        ([key, below @ ..], value) => {
            let inner = object.entry(*key).or_insert_with(|| json!({}));
            if let Some(inner) = inner.as_object_mut() {
                set(inner, below, value);
            }
        }
    }
}
