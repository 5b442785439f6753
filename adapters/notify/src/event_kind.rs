//! What happened.

use serde::{Deserialize, Serialize};

/// A kind of event that a destination may be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// A run ended well.
    #[serde(rename = "run.finished")]
    RunFinished,
    /// A run ended by an error.
    #[serde(rename = "run.failed")]
    RunFailed,
    /// A run was ended from outside.
    #[serde(rename = "run.killed")]
    RunKilled,
    /// Nothing was written of a run that is said to run.
    #[serde(rename = "run.stale")]
    RunStale,
    /// A version of a model was registered.
    #[serde(rename = "version.created")]
    VersionCreated,
    /// Somebody asks for a stage or an alias, and it takes approval.
    #[serde(rename = "promotion.requested")]
    PromotionRequested,
    /// One more is for it.
    #[serde(rename = "promotion.approved")]
    PromotionApproved,
    /// Somebody is against it.
    #[serde(rename = "promotion.rejected")]
    PromotionRejected,
    /// Nobody asks for it any more.
    #[serde(rename = "promotion.withdrawn")]
    PromotionWithdrawn,
    /// A version was given a stage or an alias.
    #[serde(rename = "promotion.done")]
    PromotionDone,
    /// A stage or an alias went back to a lower version.
    #[serde(rename = "promotion.rolled_back")]
    PromotionRolledBack,
    /// An audit has found that a run cannot be repeated.
    #[serde(rename = "audit.failed")]
    AuditFailed,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::RunFinished,
        Self::RunFailed,
        Self::RunKilled,
        Self::RunStale,
        Self::VersionCreated,
        Self::PromotionRequested,
        Self::PromotionApproved,
        Self::PromotionRejected,
        Self::PromotionWithdrawn,
        Self::PromotionDone,
        Self::PromotionRolledBack,
        Self::AuditFailed,
    ];

    /// The name, as users write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RunFinished => "run.finished",
            Self::RunFailed => "run.failed",
            Self::RunKilled => "run.killed",
            Self::RunStale => "run.stale",
            Self::VersionCreated => "version.created",
            Self::PromotionRequested => "promotion.requested",
            Self::PromotionApproved => "promotion.approved",
            Self::PromotionRejected => "promotion.rejected",
            Self::PromotionWithdrawn => "promotion.withdrawn",
            Self::PromotionDone => "promotion.done",
            Self::PromotionRolledBack => "promotion.rolled_back",
            Self::AuditFailed => "audit.failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_and_shown_names_are_the_same() {
        for kind in EventKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
