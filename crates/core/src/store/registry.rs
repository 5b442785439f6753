use std::fmt;

use async_trait::async_trait;

use crate::{
    Key, ModelVersion, ModelVersionChange, NewModelVersion, NewRegisteredModel, Page, PageRequest, Query,
    RegisteredModel, RegisteredModelChange, Result, Timestamp, VersionNumber,
    ledger::Origin,
    query::{ModelVersionField, RegisteredModelField},
};

/// Registered models of the system of record.
#[async_trait]
pub trait RegisteredModels: fmt::Debug + Send + Sync + 'static {
    /// `AlreadyExists` when the name is taken.
    async fn create_registered_model(&self, new: NewRegisteredModel, by: &Origin) -> Result<RegisteredModel>;

    /// By name.
    async fn registered_model(&self, name: &Key) -> Result<Option<RegisteredModel>>;

    /// Applies one change; its variants say what each needs. `NotFound` when there is no such model.
    async fn change_registered_model(
        &self,
        name: &Key,
        change: RegisteredModelChange,
        at: Timestamp,
        by: &Origin,
    ) -> Result<()>;

    /// Default order: by name. Ties go by name.
    async fn search_registered_models(
        &self,
        query: Query<RegisteredModelField>,
        page: PageRequest,
    ) -> Result<Page<RegisteredModel>>;
}

/// Model versions of the system of record. Deleted ones are never seen.
#[async_trait]
pub trait ModelVersions: fmt::Debug + Send + Sync + 'static {
    /// Creates a version, and marks the registered model as changed. The next number is higher than all that were
    /// ever given. `NotFound` when there is no such model, `AlreadyExists` when the number asked for is taken.
    async fn create_model_version(&self, new: NewModelVersion, by: &Origin) -> Result<ModelVersion>;

    /// By name and number.
    async fn model_version(&self, model: &Key, number: VersionNumber) -> Result<Option<ModelVersion>>;

    /// Applies one change and marks the registered model as changed by `Stage` and `Delete`. `NotFound`
    /// when there is no such version.
    async fn change_model_version(
        &self,
        model: &Key,
        number: VersionNumber,
        change: ModelVersionChange,
        at: Timestamp,
        by: &Origin,
    ) -> Result<()>;

    /// Default order: latest change first, then name ascending, then number descending. Ties of a given
    /// order go by name ascending, then number descending. Aliases are left empty.
    async fn search_model_versions(
        &self,
        query: Query<ModelVersionField>,
        page: PageRequest,
    ) -> Result<Page<ModelVersion>>;
}
