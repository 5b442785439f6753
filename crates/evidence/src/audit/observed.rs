//! What is there now, as far as anybody could look.

use std::collections::BTreeMap;

use crate::{Access, Difference, Digest, Environment};

/// What is there now. `None` is what could not be looked at.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// In the repository.
    pub code: Option<CodeNow>,
    /// By the path of the record.
    pub data: BTreeMap<String, DataNow>,
    /// Of the interpreter that would run the command.
    pub environment: Option<Environment>,
    /// Params of the run.
    pub params: Option<BTreeMap<String, String>>,
    /// The status of the run, e.g. `FINISHED`.
    pub status: Option<String>,
    /// Artifacts of the run, without those below `trackside/`; `None` when they cannot be listed.
    pub artifacts: Option<BTreeMap<String, ArtifactNow>>,
    /// The key that the server has beside the record.
    pub provenance_key: Option<String>,
}

/// What the repository has of the recorded code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeNow {
    /// Where it was looked for.
    pub repository: String,
    /// The commit that was checked out is there.
    pub commit: bool,
    /// The commit that holds the uncommitted state is there.
    pub snapshot: bool,
    /// Branches and tags from which the commit is reached, the first few.
    pub reached_from: Vec<String>,
    /// Another commit with the same tree.
    pub same_tree: Option<String>,
}

/// What stands at a path of data.
#[derive(Debug, Clone, Default)]
pub struct DataNow {
    /// Its digest; `None` when there is nothing.
    pub digest: Option<Digest>,
    /// Which files differ.
    pub difference: Option<Difference>,
    /// Where else the recorded version is.
    pub elsewhere: Vec<Access>,
    /// Why nothing can be said.
    pub error: Option<String>,
}

/// An artifact as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactNow {
    /// SHA-256 in hexadecimal, or why it cannot be read.
    pub sha256: Result<String, String>,
    /// In bytes.
    pub size: u64,
}
