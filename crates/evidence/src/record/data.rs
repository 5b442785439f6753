//! Data that a run read or wrote.

use serde::{Deserialize, Serialize};

use crate::Digest;

/// A file or directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// Below the project, with `/`; absolute when it lies elsewhere.
    pub path: String,
    /// What it is.
    pub kind: DataKind,
    /// How we came to it.
    pub source: DataSource,
    /// As it was; `None` when it is missing or could not be read, which is a gap.
    pub digest: Option<Digest>,
    /// What DVC had on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recorded>,
    /// Whether the two agree.
    pub workspace: Workspace,
    /// The artifact that lists the files of a directory, e.g. `trackside/data/train.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
}

impl Data {
    /// What a stage of a pipeline writes, and was not there: so it was not read either.
    pub fn is_yet_to_be_made(&self) -> bool {
        self.kind == DataKind::Absent && self.source.is_made()
    }
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataKind {
    /// One file.
    File,
    /// All files below a directory.
    Directory,
    /// Nothing.
    Absent,
}

/// How we came to a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum DataSource {
    /// It was named: `--data` or `--output`.
    Argument,
    /// A file of DVC's names it.
    Dvc {
        /// The `.dvc` or `dvc.lock` file, below the project.
        file: String,
        /// The stage of a `dvc.lock`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<String>,
        /// It is an output there, not a dependency.
        output: bool,
    },
}

impl DataSource {
    /// A stage of a pipeline writes it.
    pub const fn is_made(&self) -> bool {
        matches!(self, Self::Dvc { stage: Some(_), output: true, .. })
    }
}

/// What DVC had on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The digest in DVC's spelling; `None` where only the path is on record (`--no-download`).
    pub md5: Option<String>,
    /// `md5`, or `md5-dos2unix` for an entry without `hash:`, which DVC 2 wrote.
    pub algorithm: String,
    /// Repository that `dvc import` took it from, without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The commit there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// Whether what stands in the working directory is what is on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Workspace {
    /// Nothing is on record.
    Untracked,
    /// It is.
    Match,
    /// It is not.
    Modified,
    /// There is nothing.
    Missing,
}

/// A dataset that the run's own client logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedDataset {
    /// What the client calls it.
    pub name: String,
    /// The client's digest, of whatever strength.
    pub digest: String,
    /// Path of the [`Data`] that its source names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What the digest would not show, e.g. a change past row 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}
