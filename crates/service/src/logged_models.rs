use trackside_core::{
    ExperimentId, Key, LoggedModel, LoggedModelChange, LoggedModelId, NewLoggedModel, Page, PageRequest, Param, Query,
    Result, RunId, Tag, fault, query::LoggedModelField,
};

use crate::{Service, artifact_uri::below, run_name};

/// What a client says of a model it logs.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedModelRequest {
    /// Where it belongs.
    pub experiment: ExperimentId,
    /// Label; one is made up when absent.
    pub name: Option<String>,
    /// Free text; may be empty.
    pub model_type: String,
    /// The run that makes it.
    pub source_run: Option<RunId>,
    /// First tags.
    pub tags: Vec<Tag>,
    /// Params; no key twice.
    pub params: Vec<Param>,
}

impl Service {
    /// Creates a pending model with a fresh id, its files below the experiment's artifacts.
    pub async fn create_logged_model(&self, request: LoggedModelRequest) -> Result<LoggedModel> {
        let experiment = self.experiment(request.experiment).await?;
        let bits = self.parts.ids.fresh()?;
        let id = LoggedModelId::fresh(bits);
        let new = NewLoggedModel {
            artifact_uri: below(&experiment.artifact_location, &format!("models/{id}/artifacts")),
            id,
            experiment: experiment.id,
            name: request.name.unwrap_or_else(|| run_name::made_up(bits)),
            created_at: self.parts.clock.now(),
            model_type: request.model_type,
            source_run: request.source_run,
            tags: request.tags,
            params: request.params,
        };
        self.store().create_logged_model(new).await
    }

    /// By id. `NotFound` when there is none, or it is deleted and that is not allowed.
    pub async fn logged_model(&self, id: &LoggedModelId, allow_deleted: bool) -> Result<LoggedModel> {
        self.store().logged_model(id, allow_deleted).await?.ok_or_else(|| fault::logged_model_not_found(id))
    }

    /// Applies one change.
    pub async fn change_logged_model(&self, id: &LoggedModelId, change: LoggedModelChange) -> Result<()> {
        self.store().change_logged_model(id, change, self.parts.clock.now()).await
    }

    /// Sets a tag to a value made from its present one. No other such update comes between.
    pub async fn update_logged_model_tag(
        &self,
        id: &LoggedModelId,
        key: Key,
        update: impl FnOnce(Option<&str>) -> Result<String> + Send,
    ) -> Result<()> {
        let _turn = self.tag_updates.lock().await;
        let model = self.logged_model(id, false).await?;
        let present = model.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str());
        let value = update(present)?;
        self.change_logged_model(id, LoggedModelChange::SetTags(vec![Tag { key, value }])).await
    }

    /// One page of the models of these experiments that match.
    pub async fn search_logged_models(
        &self,
        experiments: Vec<ExperimentId>,
        query: Query<LoggedModelField>,
        page: PageRequest,
    ) -> Result<Page<LoggedModel>> {
        self.store().search_logged_models(experiments, query, page).await
    }
}
