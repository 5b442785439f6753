//! Finding runs by what clients call them.

use trackside_core::{Error, ErrorKind, Lifecycle, Result, Run, RunId};
use trackside_service::Service;
use trackside_wandb_wire::{node_id, run_name};

use crate::project::Project;

/// Kind of the ids of runs in GraphQL.
pub(crate) const KIND: &str = "Run";

/// By id, in any stage of its life.
pub(crate) async fn by_id(service: &Service, id: &RunId) -> Result<Option<Run>> {
    match service.run(id).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        run => run.map(Some),
    }
}

/// By its name in a project, in any stage of its life. The name of a run that another client made is its id.
pub(crate) async fn by_name(service: &Service, project: &Project, name: &str) -> Result<Option<Run>> {
    let experiment = project.experiment.id;
    if let Some(run) = by_id(service, &run_name::run_id(experiment, name)?).await? {
        return Ok(Some(run));
    }
    let Ok(id) = RunId::parse(name) else { return Ok(None) };
    Ok(by_id(service, &id).await?.filter(|run| run.info.experiment == experiment))
}

/// By the id that clients were given. `NotFound` when there is no such run in use.
pub(crate) async fn by_node_id(service: &Service, node: &str) -> Result<(Project, Run)> {
    // Old clients name a run by its own id here and there.
    let id = node_id::decode(KIND, node).unwrap_or_else(|_| node.to_owned());
    let run = match RunId::parse(&id) {
        Ok(id) => by_id(service, &id).await?,
        Err(_) => None,
    };
    let run = run.filter(is_active).ok_or_else(|| Error::not_found(format!("there is no run of the id '{node}'")))?;
    let project = Project::of(service.experiment(run.info.experiment).await?);
    Ok((project, run))
}

/// By its name. `NotFound` when there is no such run in use.
pub(crate) async fn named(service: &Service, project: &Project, name: &str) -> Result<Run> {
    let run = by_name(service, project, name).await?.filter(is_active);
    run.ok_or_else(|| {
        Error::not_found(format!("run {}/{}/{name} does not exist", project.name.entity, project.name.project))
    })
}

/// Whether it is not in the bin.
pub(crate) fn is_active(run: &Run) -> bool {
    run.info.lifecycle == Lifecycle::Active
}
