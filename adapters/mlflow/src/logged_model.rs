//! Logged models, which servers have from 3.0 on; an older one withholds them.
//!
//! Their files are no events and are not mirrored. A model may come before the run that made it, because points of
//! that run name it: then it has no `source_run_id`, which cannot be set later, but a tag of ours.

use trackside_core::{
    Delivered, Error, ErrorKind, Kind, LoggedModelBatch, LoggedModelChange, LoggedModelCreated, LoggedModelId,
    LoggedModelStatus, ModelOutput, Param, Result, Tag, Withheld,
};
use trackside_mlflow_wire::{
    self as wire, Choice, CreateLoggedModel, FinalizeLoggedModel, Int, LogInputs, LogLoggedModelParams, LogOutputs,
    LoggedModelFound, LoggedModelsFound, ModelInput, SearchLoggedModels, SetLoggedModelTags,
};

use crate::{
    api::{Api, Nothing},
    events::{Writer, is_unsupported},
    memory::{RemoteModel, memory_of, recall},
    run::wire_tag,
    tag,
    tracker::MlflowTracker,
};

impl MlflowTracker {
    /// Brings a batch of a logged model.
    pub(crate) async fn logged_model(
        &self,
        api: &Api,
        batch: &LoggedModelBatch,
        memory: Option<&str>,
    ) -> Result<Delivered> {
        let done = async {
            let remote = match recall(memory) {
                Some(remote) => remote,
                None => self.model_target(api, batch).await?,
            };
            self.models.insert(&batch.model, &remote);
            let ends = batch.changes.iter().any(|(change, _)| matches!(change, LoggedModelChange::Delete));
            for (change, _) in &batch.changes {
                match change_model(api, &remote, change).await {
                    // What a former try has put in the bin takes no more changes.
                    Err(error) if ends && error.kind() == ErrorKind::NotFound => {}
                    done => done?,
                }
            }
            Ok(remote)
        };
        match done.await {
            Err(error) if is_unsupported(&error) => {
                let mut withheld = Withheld::default();
                withheld.add(Kind::LoggedModels, trackside_core::Batch::LoggedModel(batch.clone()).n_items());
                Ok(Delivered { withheld, ..Delivered::default() })
            }
            done => Ok(Delivered { memory: memory_of(&done?), ..Delivered::default() }),
        }
    }

    /// The model of a batch without memory. `NotFound` when it does not begin there either.
    async fn model_target(&self, api: &Api, batch: &LoggedModelBatch) -> Result<RemoteModel> {
        let not_found = || Error::not_found(format!("logged model {} is not at {}", batch.model, api.base()));
        let Some(created) = &batch.created else {
            return find(api, &batch.model, self.experiments(api).await?).await?.ok_or_else(not_found);
        };
        let experiment = self.experiment(api, &created.experiment).await?;
        match find(api, &batch.model, vec![experiment.clone()]).await? {
            Some(found) => {
                set_tags(api, &found, &created.new.tags).await?;
                add_params(api, &found, &created.new.params).await?;
                Ok(found)
            }
            None => self.create_model(api, &batch.model, created, experiment).await,
        }
    }

    async fn create_model(
        &self,
        api: &Api,
        model: &LoggedModelId,
        created: &LoggedModelCreated,
        experiment: String,
    ) -> Result<RemoteModel> {
        let new = &created.new;
        let mut tags = vec![wire_tag(tag::MODEL, model.as_str())];
        tags.extend(new.tags.iter().filter(|own| !tag::is_ours(own.key.as_str())).cloned().map(wire::Tag::from));
        let mut source_run_id = None;
        if let Some(run) = &new.source_run {
            source_run_id = self.known_run(api, run, Some(&experiment)).await?.map(|remote| remote.run_id);
            if source_run_id.is_none() {
                tags.push(wire_tag(tag::SOURCE_RUN, run.as_str()));
            }
        }
        let create = CreateLoggedModel {
            experiment_id: Some(experiment),
            name: Some(new.name.clone()),
            model_type: Some(new.model_type.clone()),
            source_run_id,
            params: Some(new.params.iter().cloned().map(wire::Tag::from).collect()),
            tags: Some(tags),
        };
        let LoggedModelFound { model } = api.post("logged-models", &create).await?;
        Ok(RemoteModel { model_id: model.info.model_id })
    }

    /// A logged model that a run or a version refers to, looked for in this experiment first. One that is not there
    /// may yet come: `Unavailable`.
    pub(crate) async fn known_model(&self, api: &Api, model: &LoggedModelId, experiment: &str) -> Result<RemoteModel> {
        if let Some(known) = self.models.get(model) {
            return Ok(known);
        }
        let mut found = find(api, model, vec![experiment.to_owned()]).await?;
        if found.is_none() {
            found = find(api, model, self.experiments(api).await?).await?;
        }
        let missing = || format!("logged model {model} is not at {} yet", api.base());
        let found = found.ok_or_else(|| Error::new(ErrorKind::Unavailable, missing()))?;
        self.models.insert(model, &found);
        Ok(found)
    }
}

impl Writer<'_> {
    /// Notes models that the run read.
    pub(crate) async fn model_inputs(&mut self, models: &[LoggedModelId]) -> Result<()> {
        let Some(remote) = self.linked(models.iter()).await? else { return Ok(()) };
        let known: Vec<_> =
            self.found().await?.inputs.model_inputs.into_iter().filter_map(|input| input.model_id).collect();
        let new = remote.into_iter().filter(|id| !known.contains(id));
        let models: Vec<_> = new.map(|id| ModelInput { model_id: Some(id) }).collect();
        if models.is_empty() {
            return Ok(());
        }
        let run_id = Some(self.remote.run_id.clone());
        self.post("runs/log-inputs", &LogInputs { run_id, models: Some(models), ..LogInputs::default() }).await
    }

    /// Notes models that the run made. The server refuses to be told twice.
    pub(crate) async fn model_outputs(&mut self, outputs: &[ModelOutput]) -> Result<()> {
        let Some(remote) = self.linked(outputs.iter().map(|output| &output.model)).await? else { return Ok(()) };
        let outputs_known = self.found().await?.outputs.unwrap_or_default().model_outputs;
        let known: Vec<_> = outputs_known.into_iter().filter_map(|output| output.model_id).collect();
        let new = remote.into_iter().zip(outputs).filter(|(id, _)| !known.contains(id));
        let models: Vec<_> =
            new.map(|(id, output)| wire::ModelOutput { model_id: Some(id), step: Some(Int(output.step)) }).collect();
        if models.is_empty() {
            return Ok(());
        }
        let run_id = Some(self.remote.run_id.clone());
        self.post("runs/outputs", &LogOutputs { run_id, models: Some(models), ..LogOutputs::default() }).await
    }

    /// The ids of models at the server; `None` when it has no models.
    async fn linked(
        &mut self,
        models: impl ExactSizeIterator<Item = &LoggedModelId> + Send,
    ) -> Result<Option<Vec<String>>> {
        let (n, mut ids) = (models.len() as u64, Vec::new());
        for model in models {
            let found = self.tracker.known_model(self.api, model, &self.remote.experiment_id).await;
            match self.unless_unsupported(Kind::ModelLinks, n, found)? {
                Some(found) => ids.push(found.model_id),
                None => return Ok(None),
            }
        }
        Ok(Some(ids))
    }
}

async fn find(api: &Api, model: &LoggedModelId, experiments: Vec<String>) -> Result<Option<RemoteModel>> {
    let search = SearchLoggedModels {
        experiment_ids: Some(experiments),
        filter: Some(tag::filter(tag::MODEL, model.as_str())),
        max_results: Some(Int(10)),
        ..SearchLoggedModels::default()
    };
    let found: LoggedModelsFound = api.post("logged-models/search", &search).await?;
    Ok(found
        .models
        .into_iter()
        .map(|model| RemoteModel { model_id: model.info.model_id })
        .min_by(|a, b| a.model_id.cmp(&b.model_id)))
}

async fn change_model(api: &Api, remote: &RemoteModel, change: &LoggedModelChange) -> Result<()> {
    let path = format!("logged-models/{}", remote.model_id);
    match change {
        LoggedModelChange::Status(status) => {
            let request = FinalizeLoggedModel {
                model_id: Some(remote.model_id.clone()),
                status: Some(Choice::Name(status_name(*status))),
            };
            api.patch::<Nothing>(&path, &request).await.map(drop)
        }
        LoggedModelChange::SetTags(tags) => set_tags(api, remote, tags).await,
        LoggedModelChange::DeleteTag(key) => {
            match api.delete_at(&format!("{path}/tags"), vec![key.as_str().to_owned()]).await {
                // It is gone already, unless the model is, which the next change finds out.
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                done => done.map(drop),
            }
        }
        LoggedModelChange::AddParams(params) => add_params(api, remote, params).await,
        LoggedModelChange::Delete => api.delete_at(&path, Vec::new()).await.map(drop),
    }
}

async fn set_tags(api: &Api, remote: &RemoteModel, tags: &[Tag]) -> Result<()> {
    let tags: Vec<_> =
        tags.iter().filter(|own| !tag::is_ours(own.key.as_str())).cloned().map(wire::Tag::from).collect();
    if tags.is_empty() {
        return Ok(());
    }
    let path = format!("logged-models/{}/tags", remote.model_id);
    api.patch::<Nothing>(&path, &SetLoggedModelTags { tags: Some(tags) }).await.map(drop)
}

/// Adds those that are not there: the server refuses the others.
async fn add_params(api: &Api, remote: &RemoteModel, params: &[Param]) -> Result<()> {
    let path = format!("logged-models/{}", remote.model_id);
    let LoggedModelFound { model } = api.get(&path, &[("allow_deleted", "true")]).await?;
    let known: Vec<_> = model.data.params.into_iter().filter_map(|param| param.key).collect();
    let new = params.iter().filter(|param| !known.iter().any(|key| key == param.key.as_str()));
    let params: Vec<_> = new.cloned().map(wire::Tag::from).collect();
    if params.is_empty() {
        return Ok(());
    }
    let request = LogLoggedModelParams { model_id: Some(remote.model_id.clone()), params: Some(params) };
    api.post::<Nothing>(&format!("{path}/params"), &request).await.map(drop)
}

fn status_name(status: LoggedModelStatus) -> String {
    format!("LOGGED_MODEL_{}", status.as_str())
}
