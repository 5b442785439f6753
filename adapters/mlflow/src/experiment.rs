//! Experiments: found by name, or created.

use trackside_core::{Error, ErrorKind, Key, Result};
use trackside_mlflow_wire::{
    Choice, CreateExperiment, ExperimentCreated, ExperimentFound, ExperimentsFound, Int, SearchExperiments, Texts,
};

use crate::{api::Api, tracker::MlflowTracker};

/// Experiments of a page.
const PAGE: i64 = 1000;

impl MlflowTracker {
    /// The id of the experiment of that name, created where there is none.
    ///
    /// One in the server's bin is a `Conflict`. To restore it would bring back every run in it, also those that
    /// somebody put in the bin one by one; a second one of the name cannot be. So it is for the user to decide.
    pub(crate) async fn experiment(&self, api: &Api, name: &Key) -> Result<String> {
        let name = format!("{}{name}", self.experiment_prefix);
        if let Some(id) = named(api, &name).await? {
            return Ok(id);
        }
        let create = CreateExperiment { name: Some(name.clone()), ..CreateExperiment::default() };
        match api.post::<ExperimentCreated>("experiments/create", &create).await {
            Ok(created) => Ok(created.experiment_id),
            // Somebody else was faster.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                named(api, &name).await?.ok_or_else(|| error.with_context("experiment", name))
            }
            Err(error) => Err(error),
        }
    }

    /// The ids of all experiments that can be this destination's, also of those in the bin.
    pub(crate) async fn experiments(&self, api: &Api) -> Result<Vec<String>> {
        let (mut ids, mut page_token) = (Vec::new(), None);
        loop {
            let found = page(api, PAGE, page_token).await?;
            let own =
                found.experiments.into_iter().filter(|experiment| experiment.name.starts_with(&self.experiment_prefix));
            ids.extend(own.map(|experiment| experiment.experiment_id));
            page_token = found.next_page_token;
            if page_token.is_none() {
                return Ok(ids);
            }
        }
    }
}

async fn named(api: &Api, name: &str) -> Result<Option<String>> {
    let found: ExperimentFound = match api.get("experiments/get-by-name", &[("experiment_name", name)]).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    if found.experiment.lifecycle_stage == "deleted" {
        return Err(Error::conflict(format!(
            "the experiment '{name}' is deleted at {}; restore it there, or set a prefix for names of experiments, \
             then retry the dead letters",
            api.base()
        )));
    }
    Ok(Some(found.experiment.experiment_id))
}

/// A page of experiments, also of those in the bin.
pub(crate) async fn page(api: &Api, max_results: i64, page_token: Option<String>) -> Result<ExperimentsFound> {
    let search = SearchExperiments {
        view_type: Some(Choice::Name("ALL".to_owned())),
        max_results: Some(Int(max_results)),
        filter: None,
        order_by: Texts::default(),
        page_token,
    };
    api.post("experiments/search", &search).await
}
