//! Checkpoints and proofs.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use trackside_core::ledger::LedgerDigest;

use super::{
    history::{Tenure, Tenures},
    merkle::{self, Hash},
};
use crate::{Envelope, SigningKey, Statement, Subject, VerifyError, VerifyingKey};

/// Version of the stored form.
const VERSION: u32 = 1;
const PREDICATE: &str = "https://trackside.dev/registry-checkpoint/v1";
/// What the subject is called: the last entry of the ledger.
const SUBJECT: &str = "registry-ledger";

/// What a signer found in a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Number of the last entry.
    pub entries: u64,
    /// Until when nothing else had happened, in milliseconds since the epoch, UTC.
    pub at: i64,
    /// How many tenures there are.
    pub tenures: u64,
    /// Root of their tree, in hex.
    pub root: String,
}

impl Checkpoint {
    /// Signs what is found in a ledger. `end` is the number and digest of the entry that was applied last, `at` the time until
    /// which nothing else happened.
    pub fn sign(tenures: &Tenures, end: (u64, LedgerDigest), at: i64, key: &SigningKey) -> Envelope {
        let leaves: Vec<Hash> = tenures.all().iter().map(leaf).collect();
        Self::signed(&leaves, end, at, key)
    }

    fn signed(leaves: &[Hash], end: (u64, LedgerDigest), at: i64, key: &SigningKey) -> Envelope {
        let root = hex::encode(merkle::root(leaves));
        let checkpoint = Self { entries: end.0, at, tenures: leaves.len() as u64, root };
        let subject = Subject::artifact(SUBJECT, end.1.to_string());
        // It holds numbers and a text, which JSON has.
        let said = serde_json::to_value(checkpoint).unwrap_or_default();
        Envelope::sign(&Statement::about(vec![subject], PREDICATE, said).to_json(), key)
    }

    /// What was signed, and the digest of the last entry in hex. Checked with the public key alone.
    pub fn verified(envelope: &Envelope, key: &VerifyingKey) -> Result<(Self, String), ProofError> {
        let signed = envelope.verified(key).map_err(ProofError::Signature)?;
        let statement = Statement::read(&signed).map_err(|_| ProofError::OtherStatement)?;
        let digest = statement.subject.first().and_then(|subject| subject.digest.get("sha256")).cloned();
        if statement.predicate_type != PREDICATE {
            return Err(ProofError::OtherStatement);
        }
        let checkpoint = serde_json::from_value(statement.predicate).map_err(|_| ProofError::OtherStatement)?;
        Ok((checkpoint, digest.ok_or(ProofError::OtherStatement)?))
    }
}

/// A tenure that a checkpoint holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    v: u32,
    /// What is proved.
    pub tenure: Tenure,
    /// Which leaf of the tree it is, from 0.
    pub index: u64,
    /// The nodes beside its way to the root, 32 bytes each, the lowest first, in base64.
    pub path: String,
    /// The signed checkpoint.
    pub checkpoint: Envelope,
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofError {
    /// It is of another version.
    Version,
    /// The signature of its checkpoint is not to be believed.
    Signature(VerifyError),
    /// What was signed is no checkpoint of a registry.
    OtherStatement,
    /// The tenure is not among those that were signed.
    OtherTenure,
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version => write!(f, "it is of another version than {VERSION}"),
            Self::Signature(error) => write!(f, "its checkpoint: {error}"),
            Self::OtherStatement => f.write_str("what was signed is no checkpoint of a registry"),
            Self::OtherTenure => f.write_str("what it says is not among what was signed"),
        }
    }
}

impl std::error::Error for ProofError {}

impl Proof {
    /// Proves the tenure at this place of all, with a checkpoint of its own. `None` when there is none.
    ///
    /// `end` is the number and digest of the entry that was applied last, `at` the time until which nothing else happened.
    pub fn of(tenures: &Tenures, index: usize, end: (u64, LedgerDigest), at: i64, key: &SigningKey) -> Option<Self> {
        let leaves: Vec<Hash> = tenures.all().iter().map(leaf).collect();
        let path = merkle::path(&leaves, index)?.concat();
        Some(Self {
            v: VERSION,
            tenure: tenures.all().get(index)?.clone(),
            index: index as u64,
            path: STANDARD.encode(path),
            checkpoint: Checkpoint::signed(&leaves, end, at, key),
        })
    }

    /// Checks it with the public key alone, and returns what was signed.
    pub fn verified(&self, key: &VerifyingKey) -> Result<Checkpoint, ProofError> {
        if self.v != VERSION {
            return Err(ProofError::Version);
        }
        let (checkpoint, _) = Checkpoint::verified(&self.checkpoint, key)?;
        let path = STANDARD.decode(&self.path).map_err(|_| ProofError::OtherTenure)?;
        let nodes = path.chunks(size_of::<Hash>()).map(Hash::try_from);
        let nodes = nodes.collect::<Result<Vec<_>, _>>().map_err(|_| ProofError::OtherTenure)?;
        let root = merkle::ascended(leaf(&self.tenure), self.index, checkpoint.tenures, &nodes).map(hex::encode);
        if root.as_deref() != Some(checkpoint.root.as_str()) {
            return Err(ProofError::OtherTenure);
        }
        Ok(checkpoint)
    }

    /// The last millisecond until which it proves that the version held it.
    pub fn until(&self, checkpoint: &Checkpoint) -> i64 {
        self.tenure.until.unwrap_or(checkpoint.at)
    }
}

fn leaf(tenure: &Tenure) -> Hash {
    // It holds numbers and texts, which JSON has.
    merkle::leaf(&serde_json::to_vec(tenure).unwrap_or_default())
}
