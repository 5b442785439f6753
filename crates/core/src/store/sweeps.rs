use std::fmt;

use async_trait::async_trait;

use crate::{ExperimentId, NewSweep, Result, Sweep, SweepChange, SweepId, Timestamp};

/// Sweeps of the system of record.
#[async_trait]
pub trait Sweeps: fmt::Debug + Send + Sync + 'static {
    /// Creates a pending sweep without trials.
    async fn create_sweep(&self, new: NewSweep) -> Result<Sweep>;

    /// By id.
    async fn sweep(&self, id: &SweepId) -> Result<Option<Sweep>>;

    /// Those of an experiment, the newest first, those of one instant by id; at most so many.
    async fn sweeps(&self, experiment: ExperimentId, limit: usize) -> Result<Vec<Sweep>>;

    /// Applies one change. `NotFound` when there is no such sweep.
    async fn change_sweep(&self, id: &SweepId, change: SweepChange, at: Timestamp) -> Result<()>;

    /// Gives out the number of a trial, from 0, and never again, while the sweep is pending, after which it is running, or
    /// running; otherwise none. `NotFound` when there is no such sweep.
    async fn take_trial(&self, id: &SweepId, at: Timestamp) -> Result<Option<u64>>;
}
