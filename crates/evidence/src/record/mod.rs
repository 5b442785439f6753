//! The document. Lists are sorted and maps are ordered, so that equal facts are equal bytes.

mod code;
mod data;
mod digest;
mod environment;
mod execution;
mod gap;
mod manifest;
mod parameters;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use code::{Changed, Code, Engine, LeftOut, ObjectFormat, Remote, Repository, Snapshot, Submodule, Untracked};
pub use data::{Data, DataKind, DataSource, LinkedDataset, Recorded, Workspace};
pub use digest::Digest;
pub use environment::{Computer, Environment, Gpu, Image, LockFile, Package, Python, Vcs};
pub use execution::{Access, Execution, Resources, StoredFile, Stream};
pub use gap::{Dimension, Gap};
pub use manifest::{Manifest, ManifestEntry};
pub use parameters::Parameters;
pub(crate) use parameters::is_seed;

use crate::{Instant, Key};

/// The version of the document that this release writes.
const VERSION: u32 = 1;

/// All that is known of how a run came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the document, 1.
    version: u32,
    /// The release that captured it, e.g. `0.1.0`.
    pub recorder: String,
    /// When capture began.
    pub captured_at: Instant,
    /// The run, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The code.
    pub code: Code,
    /// Everything read, sorted by path.
    pub data: Vec<Data>,
    /// Whoever started it said that it reads no data.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reads_no_data: bool,
    /// Datasets that the run's own client logged, sorted by name and digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<LinkedDataset>,
    /// Interpreter, packages, machine.
    pub environment: Environment,
    /// Params of the run when it ended; `None` while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Parameters>,
    /// The command and how it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<Execution>,
    /// What was written, of what `--output` names, sorted by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Data>,
    /// The artifacts of the run when it ended, sorted by path, without those below `trackside/`. The files of the models it
    /// logged are among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<StoredFile>,
    /// What is not known, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Over the inputs that were known before the command began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs_key: Option<Key>,
    /// Over all inputs, params among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance_key: Option<Key>,
}

impl Record {
    /// The directory among the artifacts of a run that holds what is known of it.
    pub const DIRECTORY: &str = "trackside";
    /// Where the document is among the artifacts.
    pub const PATH: &str = "trackside/provenance.json";

    /// A record of which only code and environment are known yet.
    pub fn new(recorder: impl Into<String>, captured_at: Instant, code: Code, environment: Environment) -> Self {
        Self {
            version: VERSION,
            recorder: recorder.into(),
            captured_at,
            run_id: None,
            code,
            data: Vec::new(),
            reads_no_data: false,
            datasets: Vec::new(),
            environment,
            parameters: None,
            execution: None,
            outputs: Vec::new(),
            artifacts: Vec::new(),
            gaps: Vec::new(),
            inputs_key: None,
            provenance_key: None,
        }
    }

    /// Reads a document of this or an older release.
    pub fn read(json: &[u8]) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let head: Head = serde_json::from_slice(json).map_err(ReadError::Malformed)?;
        match head.version {
            VERSION => serde_json::from_slice(json).map_err(ReadError::Malformed),
            newer => Err(ReadError::Version(newer)),
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

/// Why a document cannot be read.
#[derive(Debug)]
pub enum ReadError {
    /// It is not such a document, or a damaged one.
    Malformed(serde_json::Error),
    /// It is of a release that is newer than this one.
    Version(u32),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "not a provenance record: {error}"),
            Self::Version(version) => {
                write!(f, "a provenance record of version {version}, which needs a newer release of Trackside")
            }
        }
    }
}

impl std::error::Error for ReadError {}
