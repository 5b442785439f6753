use trackside_core::{
    Key, LoggedModelId, ModelVersion, ModelVersionChange, NewModelVersion, Page, PageRequest, Query, Result, RunId,
    Tag, VersionNumber, fault, query::ModelVersionField,
};

use trackside_evidence::mirror::SEMVER_TAG;

use crate::{Service, model_source::Source};

/// What a client says of a model version it creates.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionRequest {
    /// Name of the registered model.
    pub model: Key,
    /// Where it comes from: a URI, see [`Service::create_model_version`].
    pub source: String,
    /// The run that made it.
    pub run: Option<RunId>,
    /// The logged model it is made from.
    pub logged_model: Option<LoggedModelId>,
    /// Any text.
    pub run_link: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// First tags.
    pub tags: Vec<Tag>,
    /// Whether `source` is a placeholder that names no files.
    pub placeholder: bool,
}

impl Service {
    /// Creates the next version of a registered model.
    ///
    /// `Invalid` when the source names files that the given run or logged model does not own: whoever loads
    /// the version later must not be led elsewhere.
    pub async fn create_model_version(&self, request: VersionRequest) -> Result<ModelVersion> {
        let source = if request.placeholder {
            Source { uri: request.source, run: request.run, storage_location: None }
        } else {
            self.resolve_source(&request.source, request.run, request.logged_model.as_ref()).await?
        };
        let new = NewModelVersion {
            model: request.model,
            number: None,
            created_at: self.parts.clock.now(),
            description: request.description,
            source: source.uri,
            storage_location: source.storage_location,
            run: source.run,
            run_link: request.run_link,
            logged_model: request.logged_model,
            tags: request.tags,
        };
        let _turn = match new.tags.iter().rfind(|tag| tag.key.as_str() == SEMVER_TAG) {
            Some(tag) => {
                let turn = self.tag_updates.lock().await;
                self.check_semver(&new.model, None, tag).await?;
                Some(turn)
            }
            None => None,
        };
        self.store().create_model_version(new, &self.origin).await
    }

    /// By name and number. `NotFound` when there is none.
    pub async fn model_version(&self, model: &Key, number: VersionNumber) -> Result<ModelVersion> {
        self.store().model_version(model, number).await?.ok_or_else(|| fault::model_version_not_found(model, number))
    }

    /// Applies one change. `Denied` when a policy is against it, or waits for others to approve.
    pub async fn change_model_version(
        &self,
        model: &Key,
        number: VersionNumber,
        change: ModelVersionChange,
    ) -> Result<()> {
        self.change_version_within_policy(model, number, change).await
    }

    /// One page of the versions that match, without aliases.
    pub async fn search_model_versions(
        &self,
        query: Query<ModelVersionField>,
        page: PageRequest,
    ) -> Result<Page<ModelVersion>> {
        self.store().search_model_versions(query, page).await
    }
}
