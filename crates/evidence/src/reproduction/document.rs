//! The document: a run, its repeat, and how the two stand to each other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trackside_core::Error;

use super::{FileComparison, FileSeen, Likeness, MetricComparison, Sample, Tolerances, file};
use crate::Instant;

/// The version of the document that this release writes.
const VERSION: u32 = 1;

/// What is known of how a run came out.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// The run.
    pub run_id: String,
    /// Every point of every metric.
    pub metrics: BTreeMap<String, Vec<Sample>>,
    /// What it wrote.
    pub files: Vec<FileSeen>,
    /// The exit code of its command, where it is known.
    pub exit_code: Option<i32>,
}

/// A run, its repeat, and how the two stand to each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reproduction {
    /// Version of the document, 1.
    version: u32,
    /// The run that was repeated.
    pub original: String,
    /// The run that repeats it.
    pub repeat: String,
    /// When they were compared.
    pub compared_at: Instant,
    /// How the repeat came out.
    pub verdict: Likeness,
    /// Why, in a sentence without a full stop.
    pub reason: String,
    /// Metrics of the original, sorted by name.
    pub metrics: Vec<MetricComparison>,
    /// Metrics that only the repeat has, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_found: Vec<String>,
    /// What they wrote.
    pub files: Vec<FileComparison>,
}

impl Reproduction {
    /// Compares a run with its repeat. `earlier` are the metrics of other runs with the same inputs.
    pub fn of(
        then: &Side,
        now: &Side,
        earlier: &[BTreeMap<String, Vec<Sample>>],
        tolerances: &Tolerances,
        compared_at: Instant,
    ) -> Self {
        let compare = |(name, recorded): (&String, &Vec<Sample>)| {
            let found = now.metrics.get(name).map_or(&[][..], Vec::as_slice);
            let earlier: Vec<Vec<Sample>> = earlier.iter().filter_map(|run| run.get(name).cloned()).collect();
            MetricComparison::of(name, recorded, found, &earlier, tolerances)
        };
        let metrics: Vec<MetricComparison> = then.metrics.iter().map(compare).collect();
        let only_found = now.metrics.keys().filter(|name| !then.metrics.contains_key(*name)).cloned().collect();
        let files = file::files(&then.files, &now.files);
        let (verdict, reason) = verdict(&metrics, &files, then.exit_code.zip(now.exit_code));
        Self {
            version: VERSION,
            original: then.run_id.clone(),
            repeat: now.run_id.clone(),
            compared_at,
            verdict,
            reason,
            metrics,
            only_found,
            files,
        }
    }

    /// Reads a document of this or an older release. The message says what is wrong with it.
    pub fn read(json: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let malformed = |error| Error::invalid(format!("not a report of a reproduction: {error}"));
        let head: Head = serde_json::from_slice(json).map_err(malformed)?;
        match head.version {
            VERSION => serde_json::from_slice(json).map_err(malformed),
            newer => Err(Error::invalid(format!(
                "a report of a reproduction of version {newer}, which needs a newer release of Trackside"
            ))),
        }
    }

    /// The document as it is stored: indented, ending in a line feed.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic, as the message says")]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec_pretty(self).expect("all keys are texts");
        json.push(b'\n');
        json
    }
}

/// Metrics decide. Where there are none that count, files do; else a file that differs takes `identical` away.
fn verdict(
    metrics: &[MetricComparison],
    files: &[FileComparison],
    exit_codes: Option<(i32, i32)>,
) -> (Likeness, String) {
    if let Some((then, now)) = exit_codes.filter(|(then, now)| then != now) {
        return (Likeness::Different, format!("the command ended with exit code {now}, the original with {then}"));
    }
    let judged: Vec<&MetricComparison> = metrics.iter().filter(|metric| metric.judged).collect();
    let named = |likeness: Likeness| {
        let names: BTreeSet<&str> =
            judged.iter().filter(|metric| metric.likeness == likeness).map(|metric| metric.name.as_str()).collect();
        crate::audit::listed(names)
    };
    let worst = judged.iter().map(|metric| metric.likeness).max();
    let differing: Vec<&str> = files
        .iter()
        .filter(|file| file.judged && file.likeness == Likeness::Different)
        .map(|file| file.path.as_str())
        .collect();
    let has_files = files.iter().any(|file| file.judged);
    match worst {
        Some(Likeness::Different) => {
            let first = judged.iter().filter_map(|metric| metric.breaks.as_ref()).map(|parting| parting.step).min();
            let from = first.map(|step| format!(", from step {step} on")).unwrap_or_default();
            (Likeness::Different, format!("other values than in the original{from}: {}", named(Likeness::Different)))
        }
        Some(Likeness::Equivalent) => {
            (Likeness::Equivalent, format!("within what is tolerated: {}", named(Likeness::Equivalent)))
        }
        Some(Likeness::Identical) if !differing.is_empty() => {
            let files = crate::audit::listed(differing);
            (Likeness::Equivalent, format!("every metric is the same to the bit; written otherwise: {files}"))
        }
        Some(Likeness::Identical) => (Likeness::Identical, "every metric is the same to the bit".to_owned()),
        None if !differing.is_empty() => {
            let files = crate::audit::listed(differing);
            (Likeness::Different, format!("there are no metrics to compare, and files differ: {files}"))
        }
        None if has_files => {
            (Likeness::Identical, "there are no metrics to compare; every file is the same".to_owned())
        }
        None => {
            (Likeness::Equivalent, "the command ended as it did, and left nothing that could be compared".to_owned())
        }
    }
}
