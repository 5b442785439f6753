use trackside_core::{ExperimentId, NewSweep, Result, Sweep, SweepChange, SweepId, fault};

use crate::Service;

/// What a client says of a sweep it creates.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepRequest {
    /// Where its runs belong.
    pub experiment: ExperimentId,
    /// Label.
    pub name: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// What is searched and how.
    pub definition: String,
}

impl Service {
    /// Creates a sweep with a fresh id.
    pub async fn create_sweep(&self, request: SweepRequest) -> Result<Sweep> {
        let new = NewSweep {
            id: SweepId::fresh(self.parts.ids.fresh()?),
            experiment: request.experiment,
            name: request.name,
            description: request.description,
            definition: request.definition,
            created_at: self.parts.clock.now(),
        };
        self.store().create_sweep(new).await
    }

    /// By id. `NotFound` when there is none.
    pub async fn sweep(&self, id: &SweepId) -> Result<Sweep> {
        self.store().sweep(id).await?.ok_or_else(|| fault::sweep_not_found(id))
    }

    /// Those of an experiment, the newest first, at most so many.
    pub async fn sweeps(&self, experiment: ExperimentId, limit: usize) -> Result<Vec<Sweep>> {
        self.store().sweeps(experiment, limit).await
    }

    /// Applies one change.
    pub async fn change_sweep(&self, id: &SweepId, change: SweepChange) -> Result<()> {
        self.store().change_sweep(id, change, self.parts.clock.now()).await
    }

    /// Gives out the number of a trial; none while the sweep does not run.
    pub async fn take_trial(&self, id: &SweepId) -> Result<Option<u64>> {
        self.store().take_trial(id, self.parts.clock.now()).await
    }
}
