use trackside_core::{
    Key, ModelVersion, NewRegisteredModel, Page, PageRequest, Query, RegisteredModel, RegisteredModelChange, Result,
    Tag, fault, query::RegisteredModelField,
};

use crate::Service;

impl Service {
    /// Creates a registered model. `AlreadyExists` when the name is taken.
    pub async fn create_registered_model(
        &self,
        name: Key,
        description: Option<String>,
        tags: Vec<Tag>,
    ) -> Result<RegisteredModel> {
        let new = NewRegisteredModel { name, created_at: self.parts.clock.now(), description, tags };
        self.store().create_registered_model(new).await
    }

    /// By name. `NotFound` when there is none.
    pub async fn registered_model(&self, name: &Key) -> Result<RegisteredModel> {
        self.store().registered_model(name).await?.ok_or_else(|| fault::registered_model_not_found(name))
    }

    /// Applies one change.
    pub async fn change_registered_model(&self, name: &Key, change: RegisteredModelChange) -> Result<()> {
        self.store().change_registered_model(name, change, self.parts.clock.now()).await
    }

    /// One page of the registered models that match.
    pub async fn search_registered_models(
        &self,
        query: Query<RegisteredModelField>,
        page: PageRequest,
    ) -> Result<Page<RegisteredModel>> {
        self.store().search_registered_models(query, page).await
    }

    /// The version an alias names; `latest` names the highest there is.
    pub async fn model_version_by_alias(&self, name: &Key, alias: &str) -> Result<ModelVersion> {
        let model = self.registered_model(name).await?;
        let named = model.aliases.iter().find(|(known, _)| known.as_str() == alias).map(|(_, number)| *number);
        let highest = || model.latest_versions.iter().map(|version| version.number).max();
        let number = if alias.eq_ignore_ascii_case("latest") { highest() } else { named };
        self.model_version(name, number.ok_or_else(|| fault::alias_not_found(alias))?).await
    }
}
