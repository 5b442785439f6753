use std::collections::BTreeMap;

use trackside_core::{Key, ModelVersion, Run, Target, Timestamp, Vote};
use trackside_evidence::Record;

use crate::History;

/// What is known of a version that is to be given something, as far as the rules need it.
#[derive(Debug, Clone)]
pub struct Facts {
    /// When it is judged.
    pub now: Timestamp,
    /// The version, with its tags.
    pub version: ModelVersion,
    /// What it is to have.
    pub target: Target,
    /// Name of the API key of who asks for it.
    pub requester: Option<Key>,
    /// Its run.
    pub run: Option<Run>,
    /// What is known of how the run came to be, or why nothing is.
    pub record: Result<Box<Record>, String>,
    /// The version that has now what this one is to have, and its run.
    pub holder: Option<(ModelVersion, Option<Run>)>,
    /// Runs that repeat the version's run and the holder's.
    pub repeats: Repeats,
    /// What happened to the model.
    pub history: History,
    /// Whether the model has a signature, or why that is not known.
    pub signature: Result<bool, String>,
    /// Its files, or why nothing is known of them.
    pub files: Result<FileCheck, String>,
    /// What others say.
    pub votes: Vec<Vote>,
}

/// Runs that repeat another: by the tag that says so, or by `None` those below it; of the version, and of the holder.
pub type Repeats = BTreeMap<Option<Key>, (Vec<Run>, Vec<Run>)>;

/// Files that were read again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileCheck {
    /// How many there are.
    pub count: usize,
    /// Those that are not as they were, or gone.
    pub differing: Vec<String>,
}
