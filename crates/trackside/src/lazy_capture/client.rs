//! The process of this machine that a run was made by.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

use trackside_core::Timestamp;

/// A process that makes runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Client {
    /// Which it is, for as long as this machine is up: number and start. Several of one program have that of the first.
    pub(super) id: (i32, u64),
    /// The program that MLflow names, absolute.
    pub(super) script: PathBuf,
    /// The working directory.
    pub(super) directory: PathBuf,
    /// Program and arguments; `None` when several processes with different ones could be meant.
    pub(super) command: Option<Vec<OsString>>,
    pub(super) variables: BTreeMap<OsString, OsString>,
    pub(super) started_at: Timestamp,
}
