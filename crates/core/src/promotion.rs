//! Promotions that wait for approval: a version that somebody wants to have a stage or an alias.

use std::fmt;

use crate::{Key, Stage, Timestamp, VersionNumber};

/// Number of a promotion, from 1; unique in its store.
pub type PromotionId = u64;

/// What a version can be given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// A stage.
    Stage(Stage),
    /// An alias.
    Alias(Key),
}

impl Target {
    /// Reads what [`fmt::Display`] writes: a stage, or an alias with `@` before it. `None` for no name.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('@') {
            Some("") => None,
            Some(alias) => Key::new(alias).ok().map(Self::Alias),
            None => Stage::parse(text).map(Self::Stage),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(stage) => f.write_str(stage.as_str()),
            Self::Alias(alias) => write!(f, "@{alias}"),
        }
    }
}

/// How a promotion stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromotionState {
    /// It waits.
    Pending,
    /// It is in effect, or was.
    Done,
    /// Somebody who may decide is against it.
    Rejected,
    /// Who asked for it no longer does.
    Withdrawn,
}

impl PromotionState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Done, Self::Rejected, Self::Withdrawn];

    /// The name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What somebody says to a promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// Name of the API key.
    pub by: Key,
    /// For it, or against it.
    pub approves: bool,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Option<String>,
}

/// A promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// Its number.
    pub id: PromotionId,
    /// Of the registered model.
    pub model: Key,
    /// Which version.
    pub version: VersionNumber,
    /// What it is to have.
    pub target: Target,
    /// Whether others that have the stage go to the archive.
    pub archive_others: bool,
    /// Name of the API key of who asked for it.
    pub requested_by: Key,
    /// When.
    pub requested_at: Timestamp,
    /// Why.
    pub reason: Option<String>,
    /// How it stands.
    pub state: PromotionState,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// In the order in which they were given; nobody has two.
    pub votes: Vec<Vote>,
}

impl Promotion {
    /// What the ledger says of it in this state: whatever a decision depends on.
    pub fn told(&self, state: PromotionState) -> String {
        let others = if self.archive_others { ", archiving others" } else { "" };
        format!("{} {}, asked by {}{others}", state.as_str(), self.target, self.requested_by)
    }
}

/// What is needed to ask for a promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPromotion {
    /// Must exist (`NotFound`).
    pub model: Key,
    /// Must exist (`NotFound`).
    pub version: VersionNumber,
    /// What it is to have.
    pub target: Target,
    /// Whether others that have the stage go to the archive.
    pub archive_others: bool,
    /// When.
    pub at: Timestamp,
}

/// One change of a promotion, which has to be pending (`Conflict`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromotionChange {
    /// One more is for it; it stays pending. Who is for it already stays so.
    Approve,
    /// Somebody is against it, which ends it.
    Reject,
    /// Ends it.
    Withdraw,
}

/// What destinations are told of a promotion. That it is done they see by the version's stage or alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromotionEvent {
    /// Its number.
    pub promotion: PromotionId,
    /// Which version.
    pub version: VersionNumber,
    /// What it is to have.
    pub target: Target,
    /// What happened to it.
    pub step: PromotionStep,
    /// Name of the API key of who did so.
    pub by: Key,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What happens to a promotion before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromotionStep {
    /// It was asked for.
    Requested,
    /// One more is for it.
    Approved,
    /// Somebody is against it.
    Rejected,
    /// Nobody asks for it any more.
    Withdrawn,
}

impl PromotionStep {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Requested, Self::Approved, Self::Rejected, Self::Withdrawn];

    /// The name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The step of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }
}

impl From<PromotionChange> for PromotionStep {
    fn from(change: PromotionChange) -> Self {
        match change {
            PromotionChange::Approve => Self::Approved,
            PromotionChange::Reject => Self::Rejected,
            PromotionChange::Withdraw => Self::Withdrawn,
        }
    }
}
