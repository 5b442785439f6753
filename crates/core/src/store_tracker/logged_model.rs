//! Batches of logged models.

use super::{StoreTracker, unless};
use crate::{
    ErrorKind, LoggedModelBatch, LoggedModelChange, LoggedModelCreated, LoggedModelId, NewLoggedModel, Param, Result,
    Timestamp, fault,
};

impl StoreTracker {
    pub(super) async fn deliver_logged_model(&self, batch: &LoggedModelBatch) -> Result<()> {
        if let Some(created) = &batch.created {
            self.create_logged_model(&batch.model, created).await?;
        }
        for (change, at) in &batch.changes {
            self.change_logged_model(&batch.model, change, *at).await?;
        }
        Ok(())
    }

    async fn create_logged_model(&self, id: &LoggedModelId, created: &LoggedModelCreated) -> Result<()> {
        let experiment = self.experiment(&created.experiment).await?;
        let new = NewLoggedModel {
            experiment: experiment.id,
            artifact_uri: format!("{}/models/{id}/artifacts", experiment.artifact_location),
            ..created.new.clone()
        };
        unless(ErrorKind::AlreadyExists, self.store.create_logged_model(new).await.map(drop))
    }

    async fn change_logged_model(&self, id: &LoggedModelId, change: &LoggedModelChange, at: Timestamp) -> Result<()> {
        let change = match change {
            LoggedModelChange::AddParams(params) => {
                let new = self.unknown_params(id, params).await?;
                if new.is_empty() {
                    return Ok(());
                }
                LoggedModelChange::AddParams(new)
            }
            other => other.clone(),
        };
        let removes = matches!(change, LoggedModelChange::DeleteTag(_));
        match self.store.change_logged_model(id, change, at).await {
            Err(error) if removes && error.kind() == ErrorKind::NotFound => self.require_logged_model(id).await,
            changed => changed,
        }
    }

    /// Those that the model does not have with this value.
    async fn unknown_params(&self, id: &LoggedModelId, params: &[Param]) -> Result<Vec<Param>> {
        let model = self.store.logged_model(id, true).await?.ok_or_else(|| fault::logged_model_not_found(id))?;
        Ok(params.iter().filter(|param| !model.params.contains(param)).cloned().collect())
    }

    async fn require_logged_model(&self, id: &LoggedModelId) -> Result<()> {
        let found = self.store.logged_model(id, true).await?;
        found.map(drop).ok_or_else(|| fault::logged_model_not_found(id))
    }
}
