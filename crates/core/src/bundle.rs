//! Bundles: sets of files that are kept in versions, with names that move from one to the next.
//!
//! A bundle belongs to the collection it was made for, and may be linked into others. In each it has a number, which is
//! never given twice, and aliases, each of which one bundle of the collection has.

use std::fmt;

use crate::{ArtifactPath, ExperimentId, Key, RunId, Timestamp};

/// Number of a bundle within a collection, from 0.
pub type BundleNumber = u32;

/// Id of a collection, given by the store and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionId(i64);

/// Id of a bundle, given by the store and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId(i64);

impl CollectionId {
    /// From a number the store gave.
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl BundleId {
    /// From a number the store gave.
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for CollectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for BundleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a collection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CollectionRole {
    /// Versions that are made for it.
    Versions,
    /// Bundles of other collections.
    Links,
}

impl CollectionRole {
    /// The name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Versions => "versions",
            Self::Links => "links",
        }
    }

    /// The role of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Versions, Self::Links].into_iter().find(|role| role.as_str() == text)
    }
}

/// A name under which bundles are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Collection {
    /// Unique.
    pub id: CollectionId,
    /// Where it belongs.
    pub experiment: ExperimentId,
    /// Unique within the experiment.
    pub name: Key,
    /// What its bundles are, as the client says: `model`, `dataset` …
    pub kind: Key,
    /// Where the files of its bundles are within runs; unique within the experiment. It stays when the name changes.
    pub folder: Key,
    /// What it holds.
    pub role: CollectionRole,
    /// Free text.
    pub description: Option<String>,
    /// Labels, sorted.
    pub labels: Vec<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it or its members last changed.
    pub updated_at: Timestamp,
    /// How many bundles are in it.
    pub n_members: u64,
}

/// What is needed to find or create a collection.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCollection {
    /// Must exist (`NotFound`) and be active (`Conflict`).
    pub experiment: ExperimentId,
    /// What it is called. One of that name must be of this kind and role (`Conflict`).
    pub name: Key,
    /// What its bundles are.
    pub kind: Key,
    /// What it holds.
    pub role: CollectionRole,
    /// When, if it is created.
    pub created_at: Timestamp,
}

/// One change of a collection.
#[derive(Debug, Clone, PartialEq)]
pub enum CollectionChange {
    /// The new name must be free (`AlreadyExists`).
    Rename(Key),
    /// Sets or clears the description.
    Describe(Option<String>),
    /// Says anew what its bundles are.
    SetKind(Key),
    /// Adds labels.
    AddLabels(Vec<String>),
    /// Removes labels; harmless when they are absent.
    DeleteLabels(Vec<String>),
    /// Removes it, and the bundles that were made for it.
    Delete,
}

/// Whether the files of a bundle are all there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BundleState {
    /// Files are being added; it is in no collection yet.
    Pending,
    /// It is whole and its files never change.
    Committed,
    /// It was removed; its number remains taken.
    Deleted,
}

impl BundleState {
    /// All.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Committed, Self::Deleted];

    /// The name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Committed => "COMMITTED",
            Self::Deleted => "DELETED",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A set of files.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// Unique.
    pub id: BundleId,
    /// The collection it was made for.
    pub home: CollectionId,
    /// Its number there; `None` until it is about to be committed.
    pub number: Option<BundleNumber>,
    /// Over paths and contents, as the client says.
    pub digest: String,
    /// Whether it is whole.
    pub state: BundleState,
    /// Free text.
    pub description: Option<String>,
    /// A JSON object of the client's.
    pub metadata: Option<String>,
    /// The run that made it.
    pub run: Option<RunId>,
    /// The step of the run at which it was made.
    pub step: Option<i64>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Bytes of all files.
    pub size: u64,
    /// How many files.
    pub n_files: u64,
    /// Labels, sorted.
    pub labels: Vec<String>,
    /// Seconds from its creation for which it is kept; `None` for as long as nobody deletes it.
    pub lifetime_secs: Option<u64>,
    /// What whoever makes it has to know until it is committed.
    pub draft: Option<String>,
}

/// What is needed to create a bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct NewBundle {
    /// Must exist (`NotFound`) and hold versions (`Conflict`).
    pub home: CollectionId,
    /// Over paths and contents.
    pub digest: String,
    /// Free text.
    pub description: Option<String>,
    /// A JSON object.
    pub metadata: Option<String>,
    /// The run that makes it, which must exist (`NotFound`).
    pub run: Option<RunId>,
    /// The step of the run.
    pub step: Option<i64>,
    /// When.
    pub created_at: Timestamp,
    /// Labels.
    pub labels: Vec<String>,
    /// Seconds from its creation for which it is kept.
    pub lifetime_secs: Option<u64>,
    /// Aliases that it gets in its home once it is committed.
    pub aliases: Vec<String>,
    /// What the client calls it; the same name again is the same bundle.
    pub client_id: Option<String>,
    /// What the client calls its home.
    pub home_client_id: Option<String>,
}

/// A file of a bundle, or a reference to one elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleFile {
    /// Path within the bundle.
    pub path: ArtifactPath,
    /// The MD5 of its bytes, in base64, where they are kept here; of references whatever the client says.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// Where its bytes are, when they are not kept here.
    pub reference: Option<String>,
    /// What else the client says of it: a JSON object.
    pub more: Option<String>,
}

/// A bundle in a collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The collection.
    pub collection: CollectionId,
    /// Its number there.
    pub number: BundleNumber,
    /// Its aliases there, sorted.
    pub aliases: Vec<String>,
    /// When it came there.
    pub created_at: Timestamp,
    /// The bundle.
    pub bundle: Bundle,
}

/// Which member of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichMember {
    /// By number.
    Number(BundleNumber),
    /// By alias.
    Alias(String),
    /// By digest; the latest where several have it.
    Digest(String),
    /// By bundle.
    Bundle(BundleId),
}

/// How a run and a bundle belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BundleRelation {
    /// The run made it.
    Made,
    /// The run used it.
    Used,
}

/// One change of a bundle.
#[derive(Debug, Clone, PartialEq)]
pub enum BundleChange {
    /// Sets or clears the description.
    Describe(Option<String>),
    /// Sets or clears the metadata.
    SetMetadata(Option<String>),
    /// Notes what has to be known until it is committed; `Conflict` when it is. Contents whose digests it spells are
    /// needed until then.
    Draft(String),
    /// Adds labels.
    AddLabels(Vec<String>),
    /// Removes labels; harmless when they are absent.
    DeleteLabels(Vec<String>),
    /// For how many seconds from its creation it is kept.
    SetLifetime(Option<u64>),
    /// Gives it aliases in a collection it is in (`NotFound`), away from any other bundle there.
    SetAliases(CollectionId, Vec<String>),
    /// Takes aliases from it in a collection; harmless when it lacks them.
    DeleteAliases(CollectionId, Vec<String>),
    /// Puts it, when it is committed (`Conflict`), into a collection of links (`Conflict`) with these aliases; once
    /// more, it gets the aliases.
    Link(CollectionId, Vec<String>),
    /// Takes it out of a collection that is not its home; harmless when it is not in it.
    Unlink(CollectionId),
    /// A run (`NotFound`) uses it; once more is harmless.
    Use(RunId),
    /// Removes it from all collections, with its files.
    Delete,
}
