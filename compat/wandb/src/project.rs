//! Projects are experiments.

use trackside_core::{Error, ErrorKind, Experiment, Lifecycle, Result};
use trackside_service::Service;
use trackside_wandb_wire::run_name::ProjectName;

/// A project that there is.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) name: ProjectName,
    pub(crate) experiment: Experiment,
}

impl Project {
    /// By its name; none when it is in the bin.
    pub(crate) async fn find(service: &Service, name: ProjectName) -> Result<Option<Self>> {
        let found = service.experiment_by_name(name.experiment()?.as_str()).await?;
        let active = found.filter(|experiment| experiment.lifecycle == Lifecycle::Active);
        Ok(active.map(|experiment| Self { name, experiment }))
    }

    /// By its name. `NotFound` when there is none.
    pub(crate) async fn named(service: &Service, name: ProjectName) -> Result<Self> {
        let why = format!("project {}/{} does not exist", name.entity, name.project);
        Self::find(service, name).await?.ok_or_else(|| Error::not_found(why))
    }

    /// By its name; made when there is none. Says whether it was.
    pub(crate) async fn find_or_create(service: &Service, name: ProjectName) -> Result<(Self, bool)> {
        let key = name.experiment()?;
        let mut found = service.experiment_by_name(key.as_str()).await?;
        let mut is_new = false;
        if found.is_none() {
            found = match service.create_experiment(key.clone(), None, Vec::new()).await {
                // Somebody else was quicker.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    service.experiment_by_name(key.as_str()).await?
                }
                created => {
                    is_new = true;
                    Some(created?)
                }
            };
        }
        match found {
            Some(experiment) if experiment.lifecycle == Lifecycle::Active => Ok((Self { name, experiment }, is_new)),
            _ => Err(Error::conflict(format!(
                "project {}/{} was deleted; restore the experiment '{key}' or choose another name",
                name.entity, name.project
            ))),
        }
    }

    /// The project of an experiment.
    pub(crate) fn of(experiment: Experiment) -> Self {
        Self { name: ProjectName::of_experiment(experiment.name.as_str()), experiment }
    }
}
