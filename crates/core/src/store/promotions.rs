use std::fmt;

use async_trait::async_trait;

use crate::{
    Key, NewPromotion, Promotion, PromotionChange, PromotionId, PromotionState, Result, Timestamp, VersionNumber,
    ledger::Origin,
};

/// Which promotions to list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PromotionQuery {
    /// Of this registered model alone.
    pub model: Option<Key>,
    /// Of this version of it alone.
    pub version: Option<VersionNumber>,
    /// In this state alone.
    pub state: Option<PromotionState>,
    /// Only those of lower numbers.
    pub before: Option<PromotionId>,
    /// At most so many.
    pub limit: usize,
}

/// Promotions of the system of record. Each change adds an entry to the ledger. A promotion is done by the change of the
/// model or version that names it in its [`crate::ledger::Warrant`], and is gone with its version.
#[async_trait]
pub trait Promotions: fmt::Debug + Send + Sync + 'static {
    /// Asks for a promotion. One that is pending for the same version and target is returned as it is. `NotFound` when there
    /// is no such version, `Unauthenticated` when it is not known who asks.
    async fn request_promotion(&self, new: NewPromotion, by: &Origin) -> Result<Promotion>;

    /// By number.
    async fn promotion(&self, id: PromotionId) -> Result<Option<Promotion>>;

    /// Applies one change. `NotFound` when there is no such promotion, `Conflict` when it is not pending, `Unauthenticated`
    /// when it is not known who does so.
    async fn change_promotion(
        &self,
        id: PromotionId,
        change: PromotionChange,
        at: Timestamp,
        by: &Origin,
    ) -> Result<Promotion>;

    /// Newest first.
    async fn promotions(&self, query: PromotionQuery) -> Result<Vec<Promotion>>;
}
