//! What came of the trials of a sweep.

use trackside_core::{Result, Sweep};
use trackside_service::Service;
use trackside_wandb_wire::{
    projection, summary,
    sweep::{Definition, Observation},
};

use super::{PAGE, ids, runs_of};
use crate::{project::Project, records};

/// Of the latest trials, as many as the method asks for. Runs that go on count with what they have measured so far.
pub(crate) async fn observations(
    service: &Service,
    project: &Project,
    sweep: &Sweep,
    definition: &Definition,
) -> Result<Vec<Observation>> {
    let runs = runs_of(service, project, &sweep.id, definition.n_observations()).await?;
    let (config, summary) = (records::key(records::CONFIG)?, records::key(records::SUMMARY)?);
    let mut found = Vec::new();
    for page in runs.chunks(PAGE) {
        let configs = service.documents(ids(page), &config).await?;
        let summaries = service.documents(ids(page), &summary).await?;
        for (run, (config, summary)) in page.iter().zip(configs.into_iter().zip(summaries)) {
            let config = projection::whole(config.as_deref(), &run.params);
            let summary = summary::whole(summary.as_deref(), &run.metrics);
            found.extend(definition.observation(&config, &summary));
        }
    }
    Ok(found)
}
