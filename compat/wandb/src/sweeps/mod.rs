//! What is known of sweeps that go on: which trials have not begun yet, how runs went at bands, what came of trials.
//!
//! All of it is memory of this process and found again from the store after a restart.

mod early;
mod observed;
mod trials;

use trackside_core::{
    Key, PageRequest, Query, Result, Run, RunId, SweepId,
    query::{Compare, Filter, RunField, Test},
};
use trackside_service::Service;
use trackside_wandb_wire::{run_name, run_tag};

use crate::project::Project;

pub(crate) use self::{
    early::EarlyStop,
    observed::observations,
    trials::{Asked, Trials},
};

/// Runs read at once.
const PAGE: usize = 200;

/// What is remembered of all sweeps. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sweeps {
    pub(crate) trials: Trials,
    pub(crate) early: EarlyStop,
}

/// The name of the run of a trial.
pub(crate) fn run_of(project: &Project, sweep: &SweepId, number: u64) -> Result<String> {
    let seed = run_name::bits(project.experiment.id, &format!("{sweep}-{number}"))?;
    Ok(SweepId::fresh(seed).as_str().to_owned())
}

/// The latest runs of a sweep, at most so many.
async fn runs_of(service: &Service, project: &Project, sweep: &SweepId, most: usize) -> Result<Vec<Run>> {
    let of_sweep = Test::Text(Compare::Equal, sweep.as_str().to_owned());
    let filter = Filter::Field(RunField::Tag(Key::new(run_tag::SWEEP)?), of_sweep);
    let query = Query { filter, ..Query::default() };
    let mut found: Vec<Run> = Vec::new();
    let mut after = None;
    while found.len() < most {
        let page = PageRequest { limit: PAGE.min(most - found.len()), after: after.take() };
        let page = service.search_runs(vec![project.experiment.id], query.clone(), page).await?;
        found.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(found)
}

fn ids(runs: &[Run]) -> Vec<RunId> {
    runs.iter().map(|run| run.info.id.clone()).collect()
}
