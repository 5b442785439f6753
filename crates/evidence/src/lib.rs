//! Evidence: what is known of how a run came to be, and what follows from it.
//!
//! A [`Record`] is kept as `trackside/provenance.json` among the artifacts of its run. Everything here is pure: who
//! captures a record, stores it or prints it is somebody else. `record/` is the document, a file per part; `key.rs`
//! the one number that says whether two runs had the same inputs; `difference.rs` what differs between two directories.

#![warn(missing_docs)]

mod attestation;
mod audit;
mod bill;
mod difference;
mod key;
mod lineage;
pub mod mirror;
mod model_signature;
mod pem;
mod record;
mod remote_url;
mod reproduction;
mod secret;
mod tenure;

pub use attestation::{
    Builder, Envelope, KeyFileError, Signature, SigningKey, Statement, Subject, VerifyError, VerifyingKey,
};
pub use audit::{ArtifactNow, CodeNow, DataNow, Evidence, Finding, Observed, Overall, Report, Verdict};
pub use bill::ModelFacts;
pub use difference::{Difference, Moved, difference};
pub use key::{Key, KeyError, Scope};
pub use lineage::{Direction, Edge, Graph, Node, NodeKind, Relation};
pub use model_signature::{Bundle, BundleError, EcKey, EcPublicKey, ModelManifest};
pub use record::{
    Access, Changed, Code, Computer, Data, DataKind, DataSource, Digest, Dimension, Engine, Environment, Execution,
    Gap, Gpu, Image, LeftOut, LinkedDataset, LockFile, Manifest, ManifestEntry, ObjectFormat, Package, Parameters,
    Python, ReadError, Record, Recorded, Remote, Repository, Resources, Snapshot, StoredFile, Stream, Submodule,
    Untracked, Vcs, Workspace,
};
pub use reproduction::{
    Basis, FileComparison, FileRole, FileSeen, Likeness, MetricComparison, Parting, Reproduction, Sample, Side,
    Tolerances,
};
pub use secret::{HIDDEN, hide_in, hide_in_command, is_secret_name, without_credentials};
pub use tenure::{Checkpoint, Held, Proof, ProofError, Tenure, Tenures};
pub use trackside_core::Instant;
