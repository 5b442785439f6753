//! What a destination knows of a run, and what each event does to it.
//!
//! This is the contract of `Event` as a pure function: the oracle that suites hold real destinations to.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, btree_map::Entry},
};

use trackside_core::{
    ArtifactPath, DatasetInput, Event, Key, LoggedModelId, ModelOutput, Param, Point, Result, RunId, RunStarted,
    RunStatus, Timestamp, fault,
};

/// A run as it stands at a destination, in a form that can be compared. What points say about logged models is
/// left out: it is no part of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    /// Its id at the source.
    pub id: RunId,
    /// Name of its experiment.
    pub experiment: Key,
    /// Label.
    pub name: String,
    /// Who started it; may be empty.
    pub user: String,
    /// How it stands.
    pub status: RunStatus,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Whether it is in the bin.
    pub deleted: bool,
    /// Its params.
    pub params: BTreeMap<Key, String>,
    /// Its tags.
    pub tags: BTreeMap<Key, String>,
    /// Its points per metric, in the order of a history, none twice.
    pub points: BTreeMap<Key, Vec<Point>>,
    /// Datasets read, in the order they were logged.
    pub dataset_inputs: Vec<DatasetInput>,
    /// Models read, in the order they were logged.
    pub model_inputs: Vec<LoggedModelId>,
    /// Models made, in the order they were logged.
    pub model_outputs: Vec<ModelOutput>,
    /// Its files and their sizes.
    pub artifacts: BTreeMap<ArtifactPath, u64>,
}

impl RunState {
    /// A run that has just begun.
    pub fn begin(id: &RunId, started: &RunStarted) -> Self {
        Self {
            id: id.clone(),
            experiment: started.experiment.clone(),
            name: started.name.clone(),
            user: started.user.clone(),
            status: RunStatus::Running,
            started_at: started.started_at,
            ended_at: None,
            deleted: false,
            params: BTreeMap::new(),
            tags: started.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
            points: BTreeMap::new(),
            dataset_inputs: Vec::new(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
            artifacts: BTreeMap::new(),
        }
    }

    /// Applies one event; one that was applied before changes nothing. `Conflict` when a param changes.
    ///
    /// A run in the bin takes events too: an old batch delivered again is no fault of its source.
    pub fn apply(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Params(params) => params.iter().try_for_each(|param| self.write_param(param))?,
            Event::ParamsReplaced(params) => {
                self.params.extend(params.iter().map(|param| (param.key.clone(), param.value.clone())));
            }
            Event::Resumed => (self.status, self.ended_at) = (RunStatus::Running, None),
            Event::Document(_) | Event::Lines(_) => {}
            Event::Points(points) => {
                for metric in points {
                    insert_point(self.points.entry(metric.key.clone()).or_default(), metric.point);
                }
            }
            Event::Tags(tags) => self.tags.extend(tags.iter().map(|tag| (tag.key.clone(), tag.value.clone()))),
            Event::TagDeleted(key) => drop(self.tags.remove(key)),
            Event::DatasetInputs(inputs) => {
                let same = |a: &DatasetInput, b: &DatasetInput| {
                    (&a.dataset.name, &a.dataset.digest) == (&b.dataset.name, &b.dataset.digest)
                };
                insert_new(&mut self.dataset_inputs, inputs, same);
            }
            Event::ModelInputs(models) => insert_new(&mut self.model_inputs, models, PartialEq::eq),
            Event::ModelOutputs(outputs) => insert_new(&mut self.model_outputs, outputs, |a, b| a.model == b.model),
            Event::Updated(update) => {
                self.status = update.status.unwrap_or(self.status);
                self.ended_at = update.ended_at.or(self.ended_at);
                if let Some(name) = &update.name {
                    self.name.clone_from(name);
                }
            }
            Event::Deleted(_) => self.deleted = true,
            Event::Restored => self.deleted = false,
            Event::ArtifactStored(entry) => drop(self.artifacts.insert(entry.path.clone(), entry.size.unwrap_or(0))),
            Event::ArtifactDeleted(gone) => self.artifacts.retain(|path, _| !is_at_or_below(path, gone)),
        }
        Ok(())
    }

    fn write_param(&mut self, param: &Param) -> Result<()> {
        match self.params.entry(param.key.clone()) {
            Entry::Vacant(free) => {
                free.insert(param.value.clone());
                Ok(())
            }
            Entry::Occupied(known) if *known.get() == param.value => Ok(()),
            Entry::Occupied(known) => Err(fault::param_changed(&self.id, &param.key, known.get(), &param.value)),
        }
    }
}

/// Whether a path is that of a file or directory, or lies in it.
fn is_at_or_below(path: &ArtifactPath, top: &ArtifactPath) -> bool {
    let below = path.as_str().strip_prefix(top.as_str());
    top.is_root() || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Keeps what is there, and its order.
fn insert_new<T: Clone>(known: &mut Vec<T>, new: &[T], same: impl Fn(&T, &T) -> bool) {
    for item in new {
        if !known.iter().any(|other| same(other, item)) {
            known.push(item.clone());
        }
    }
}

/// Keeps a history in order and without repetitions.
fn insert_point(history: &mut Vec<Point>, new: Point) {
    if let Err(place) = history.binary_search_by(|known| in_history(known, &new)) {
        history.insert(place, new);
    }
}

/// Order of a history: time, step, value; NaN counts as zero, and comes after it to be told apart.
fn in_history(a: &Point, b: &Point) -> Ordering {
    let by_position = (a.time, a.step).cmp(&(b.time, b.step));
    by_position.then_with(|| a.recency(b)).then_with(|| a.value.is_nan().cmp(&b.value.is_nan()))
}
