use serde::{Deserialize, Serialize};

use crate::{ModelVersionChange, PromotionStep, RegisteredModelChange};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The model was there when the ledger began.
    FindModel,
    /// A model was registered.
    CreateModel,
    /// It got another name.
    RenameModel,
    /// Its description changed.
    DescribeModel,
    /// A tag of it was set.
    SetModelTag,
    /// A tag of it was removed.
    DeleteModelTag,
    /// An alias was pointed at a version.
    SetAlias,
    /// An alias was removed.
    DeleteAlias,
    /// The model was removed with all its versions.
    DeleteModel,
    /// A version was registered.
    CreateVersion,
    /// Its description changed.
    DescribeVersion,
    /// It was moved to a stage.
    MoveVersion,
    /// A tag of it was set.
    SetVersionTag,
    /// A tag of it was removed.
    DeleteVersionTag,
    /// It was removed.
    DeleteVersion,
    /// Somebody wants a version to have a stage or an alias.
    RequestPromotion,
    /// One more is for it.
    ApprovePromotion,
    /// Somebody is against it.
    RejectPromotion,
    /// Nobody asks for it any more.
    WithdrawPromotion,
}

impl From<PromotionStep> for Action {
    fn from(step: PromotionStep) -> Self {
        match step {
            PromotionStep::Requested => Self::RequestPromotion,
            PromotionStep::Approved => Self::ApprovePromotion,
            PromotionStep::Rejected => Self::RejectPromotion,
            PromotionStep::Withdrawn => Self::WithdrawPromotion,
        }
    }
}

impl From<&RegisteredModelChange> for Action {
    fn from(change: &RegisteredModelChange) -> Self {
        match change {
            RegisteredModelChange::Rename(_) => Self::RenameModel,
            RegisteredModelChange::Describe(_) => Self::DescribeModel,
            RegisteredModelChange::SetTag(_) => Self::SetModelTag,
            RegisteredModelChange::DeleteTag(_) => Self::DeleteModelTag,
            RegisteredModelChange::SetAlias(..) => Self::SetAlias,
            RegisteredModelChange::DeleteAlias(_) => Self::DeleteAlias,
            RegisteredModelChange::Delete => Self::DeleteModel,
        }
    }
}

impl From<&ModelVersionChange> for Action {
    fn from(change: &ModelVersionChange) -> Self {
        match change {
            ModelVersionChange::Describe(_) => Self::DescribeVersion,
            ModelVersionChange::Stage { .. } => Self::MoveVersion,
            ModelVersionChange::SetTag(_) => Self::SetVersionTag,
            ModelVersionChange::DeleteTag(_) => Self::DeleteVersionTag,
            ModelVersionChange::Delete => Self::DeleteVersion,
        }
    }
}
