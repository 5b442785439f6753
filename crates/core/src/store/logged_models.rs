use std::fmt;

use async_trait::async_trait;

use crate::{
    ExperimentId, LoggedModel, LoggedModelChange, LoggedModelId, NewLoggedModel, Page, PageRequest, Query, Result,
    Timestamp, query::LoggedModelField,
};

/// Logged models of the system of record.
#[async_trait]
pub trait LoggedModels: fmt::Debug + Send + Sync + 'static {
    /// Creates a pending model. `NotFound` / `Conflict` when the experiment is absent / deleted.
    async fn create_logged_model(&self, new: NewLoggedModel) -> Result<LoggedModel>;

    /// By id; deleted ones only when asked for.
    async fn logged_model(&self, id: &LoggedModelId, allow_deleted: bool) -> Result<Option<LoggedModel>>;

    /// Applies one change; its variants say what each needs. `NotFound` when there is no such model.
    async fn change_logged_model(&self, id: &LoggedModelId, change: LoggedModelChange, at: Timestamp) -> Result<()>;

    /// Active models of these experiments. Default order: newest first. Ties go by newest, then id ascending.
    async fn search_logged_models(
        &self,
        experiments: Vec<ExperimentId>,
        query: Query<LoggedModelField>,
        page: PageRequest,
    ) -> Result<Page<LoggedModel>>;
}
