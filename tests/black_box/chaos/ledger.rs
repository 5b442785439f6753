//! What clients were told is stored. Everything else is held against it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::Value;

use crate::chaos::shown::Shown;

/// A metric point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) step: i64,
    pub(crate) time: i64,
    pub(crate) value: f64,
}

/// What makes a point the same as another, and an order among points.
pub(crate) type Identity = (String, i64, i64, u64);

/// A point of a metric.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Logged {
    pub(crate) key: String,
    pub(crate) point: Point,
}

impl Logged {
    /// NaN is one value here.
    pub(crate) fn identity(&self) -> Identity {
        let Point { step, time, value } = self.point;
        let bits = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
        (self.key.clone(), step, time, bits)
    }
}

/// What is known of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    pub(crate) experiment: String,
    pub(crate) name: String,
    /// In the order of their first requests; a point that comes again is the same point.
    pub(crate) points: Vec<Logged>,
    pub(crate) known: BTreeSet<Identity>,
    pub(crate) params: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) status: String,
    pub(crate) is_deleted: bool,
    pub(crate) artifacts: BTreeMap<String, String>,
}

impl Run {
    pub(crate) fn add_points(&mut self, points: Vec<Logged>) {
        for point in points {
            if self.known.insert(point.identity()) {
                self.points.push(point);
            }
        }
    }
}

/// All that was acknowledged. Cheap to clone; clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Acknowledged>>);

/// By id or name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Acknowledged {
    pub(crate) runs: BTreeMap<String, Run>,
    /// Versions of registered models, and the run of each.
    pub(crate) versions: BTreeMap<(String, String), String>,
    /// How many requests were acknowledged, and how many of those only after they had gone unanswered.
    pub(crate) requests: u64,
    pub(crate) repeated: u64,
}

impl Acknowledged {
    /// Adds the runs that are there without a client knowing: nobody was told that they were created. Sinks have them
    /// as well.
    pub(crate) fn adopt(&mut self, shown: &Shown) {
        for (id, run) in &shown.runs {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let mut tags = run["tags"].as_object().cloned().unwrap_or_default();
            tags.remove("mlflow.runName");
            self.runs.entry(id.clone()).or_insert_with(|| Run {
                name: text(&run["name"]),
                experiment: text(&run["experiment"]),
                status: "RUNNING".to_owned(),
                tags: tags.iter().map(|(key, value)| (key.clone(), text(value))).collect(),
                ..Run::default()
            });
        }
    }
}

impl Ledger {
    pub(crate) fn write(&self) -> MutexGuard<'_, Acknowledged> {
        self.0.lock().unwrap()
    }

    pub(crate) fn run(&self, id: &str, change: impl FnOnce(&mut Run)) {
        change(self.write().runs.entry(id.to_owned()).or_default());
    }
}
