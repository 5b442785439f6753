use trackside_core::{
    Error, Key, ModelVersion, NewRegisteredModel, Page, PageRequest, Query, RegisteredModel, RegisteredModelChange,
    Result, Stage, Tag, fault, query::RegisteredModelField,
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
        self.store().create_registered_model(new, &self.origin).await
    }

    /// By name. `NotFound` when there is none.
    pub async fn registered_model(&self, name: &Key) -> Result<RegisteredModel> {
        self.store().registered_model(name).await?.ok_or_else(|| fault::registered_model_not_found(name))
    }

    /// Applies one change. `Denied` when a policy is against it, or waits for others to approve.
    pub async fn change_registered_model(&self, name: &Key, change: RegisteredModelChange) -> Result<()> {
        self.change_model_within_policy(name, change).await
    }

    /// Sets a tag of a model to a value made from its present one. No other such update comes between.
    pub async fn update_model_tag(
        &self,
        name: &Key,
        key: Key,
        update: impl FnOnce(Option<&str>) -> Result<String> + Send,
    ) -> Result<()> {
        let _turn = self.tag_updates.lock().await;
        let model = self.registered_model(name).await?;
        let present = model.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str());
        let value = update(present)?;
        self.change_registered_model(name, RegisteredModelChange::SetTag(Tag { key, value })).await
    }

    /// One page of the registered models that match.
    pub async fn search_registered_models(
        &self,
        query: Query<RegisteredModelField>,
        page: PageRequest,
    ) -> Result<Page<RegisteredModel>> {
        self.store().search_registered_models(query, page).await
    }

    /// The highest version of each of these stages, or of every stage when none is given, in order of number.
    pub async fn latest_versions(&self, name: &Key, stages: &[Stage]) -> Result<Vec<ModelVersion>> {
        let stages = stages.iter().map(|stage| self.own_stage(stage)).collect::<Result<Vec<_>>>()?;
        let RegisteredModel { aliases, latest_versions, .. } = self.registered_model(name).await?;
        let mut versions = latest_versions;
        versions.retain(|version| stages.is_empty() || stages.contains(&version.stage));
        versions.sort_by_key(|version| version.number);
        for version in &mut versions {
            let own = aliases.iter().filter(|(_, number)| *number == version.number);
            version.aliases = own.map(|(alias, _)| alias.clone()).collect();
        }
        Ok(versions)
    }

    /// The version an alias names; `latest` in any case names the highest there is.
    pub async fn model_version_by_alias(&self, name: &Key, alias: &str) -> Result<ModelVersion> {
        if alias.eq_ignore_ascii_case("latest") {
            let highest = self.latest_versions(name, &[]).await?.pop();
            return highest.ok_or_else(|| Error::not_found(format!("Latest version not found for model {name}.")));
        }
        let aliases = self.registered_model(name).await?.aliases;
        let named = aliases.into_iter().find(|(known, _)| known.as_str() == alias);
        let (_, number) = named.ok_or_else(|| fault::alias_not_found(alias))?;
        self.model_version(name, number).await
    }
}
