//! The command and how it went.

use serde::{Deserialize, Serialize};

use crate::Instant;

/// A command that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// Program and arguments; what looks like a secret is hidden.
    pub command: Vec<String>,
    /// The working directory, absolute.
    pub directory: String,
    /// When it began.
    pub started_at: Instant,
    /// When it ended; `None` while it runs, or when nobody saw its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Instant>,
    /// Its exit code; 128 + the signal when a signal ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended it, e.g. `SIGKILL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// What it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// What it wrote to its standard streams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<Stream>,
}

/// What a command and its children used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Processor time of its own code, in milliseconds.
    pub user_ms: u64,
    /// Processor time of the kernel for it, in milliseconds.
    pub system_ms: u64,
    /// Most memory of one process at a time, in bytes.
    pub peak_memory: u64,
}

/// A standard stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// The artifact, e.g. `trackside/stdout.log`.
    pub artifact: String,
    /// What the command wrote, in bytes.
    pub bytes: u64,
    /// What of it the artifact leaves out of its middle, in bytes.
    pub left_out: u64,
}

/// An artifact of the run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StoredFile {
    /// Below the run's artifacts; of a logged model's file, behind the name of the model, where MLflow's clients show it.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// How data at a path may be come by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum Access {
    /// It stands where it stood.
    Path,
    /// It is in a cache of DVC's.
    Cache,
    /// It is in a remote of DVC's.
    Remote {
        /// What the remote is called.
        name: String,
    },
}
