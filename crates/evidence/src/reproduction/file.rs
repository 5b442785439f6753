//! One file that both runs wrote.

use serde::{Deserialize, Serialize};

use super::Likeness;

/// What a file is to its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// `--output` names it.
    Output,
    /// It is among the artifacts.
    Artifact,
}

impl FileRole {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Artifact => "artifact",
        }
    }
}

/// A file that a run wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSeen {
    /// What it is to the run.
    pub role: FileRole,
    /// Where it is.
    pub path: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// One file that both runs wrote, or one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileComparison {
    /// What it is to the run.
    pub role: FileRole,
    /// Where it is.
    pub path: String,
    /// Identical or different.
    pub likeness: Likeness,
    /// `false` for formats that hold times, ids or addresses, so that no two files are the same.
    pub judged: bool,
    /// SHA-256 in the original; `None` when it has no such file.
    pub recorded: Option<String>,
    /// SHA-256 in the repeat.
    pub found: Option<String>,
}

/// Compares files by role and path; sorted by both.
pub(super) fn files(then: &[FileSeen], now: &[FileSeen]) -> Vec<FileComparison> {
    let find = |files: &[FileSeen], key: (FileRole, &str)| {
        files.iter().find(|file| (file.role, file.path.as_str()) == key).map(|file| file.sha256.clone())
    };
    let mut keys: Vec<(FileRole, &str)> = then.iter().chain(now).map(|file| (file.role, file.path.as_str())).collect();
    keys.sort_unstable();
    keys.dedup();
    let compare = |key: (FileRole, &str)| {
        let (recorded, found) = (find(then, key), find(now, key));
        let likeness = if recorded == found { Likeness::Identical } else { Likeness::Different };
        FileComparison { role: key.0, path: key.1.to_owned(), likeness, judged: is_judged(key.1), recorded, found }
    };
    keys.into_iter().map(compare).collect()
}

/// Endings of formats that hold times, ids or addresses.
const VOLATILE: [&str; 24] = [
    "pkl",
    "pickle",
    "joblib",
    "cloudpickle",
    "pt",
    "pth",
    "ckpt",
    "keras",
    "h5",
    "hdf5",
    "npz",
    "zip",
    "gz",
    "tgz",
    "tar",
    "parquet",
    "pdf",
    "html",
    "svg",
    "log",
    "db",
    "mlmodel",
    "skops",
    "onnx",
];
/// Files of MLflow's with times and ids.
const VOLATILE_NAMES: [&str; 2] = ["MLmodel", "registered_model_meta"];

fn is_judged(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    !VOLATILE_NAMES.contains(&name)
        && !name.contains("tfevents")
        && !ending.is_some_and(|ending| VOLATILE.contains(&ending.as_str()))
}
