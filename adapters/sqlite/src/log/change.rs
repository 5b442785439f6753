//! What is logged of each change. The position is given when the entry is read.

use rusqlite::{Connection, params};
use trackside_core::{
    Batch, Event, ExperimentId, Key, LoggedModelBatch, LoggedModelChange, LoggedModelCreated, LoggedModelId,
    NewLoggedModel, NewRun, RegisteredModelBatch, RegistryEvent, RunBatch, RunId, RunStarted, Seq, Timestamp,
};

use crate::{error::Result, rows::Columns};

/// A run began.
pub(crate) fn run_started(connection: &Connection, new: NewRun) -> Result<Batch> {
    let NewRun { id, experiment, name, user, started_at, artifact_uri: _, tags } = new;
    let experiment = experiment_name(connection, experiment)?;
    let started = Some(RunStarted { experiment, name, user, started_at, tags });
    Ok(Batch::Run(RunBatch { run: id, started, events: Vec::new(), last: Seq::default() }))
}

/// These things happened to a run.
pub(crate) fn run_events(run: RunId, events: Vec<Event>) -> Batch {
    Batch::Run(RunBatch { run, started: None, events, last: Seq::default() })
}

/// A logged model began.
pub(crate) fn logged_model_created(connection: &Connection, new: NewLoggedModel) -> Result<Batch> {
    let experiment = experiment_name(connection, new.experiment)?;
    let model = new.id.clone();
    let created = Some(LoggedModelCreated { experiment, new });
    Ok(Batch::LoggedModel(LoggedModelBatch { model, created, changes: Vec::new(), last: Seq::default() }))
}

/// A logged model changed.
pub(crate) fn logged_model_changed(model: LoggedModelId, change: LoggedModelChange, at: Timestamp) -> Batch {
    Batch::LoggedModel(LoggedModelBatch { model, created: None, changes: vec![(change, at)], last: Seq::default() })
}

/// This happened to a registered model or one of its versions.
pub(crate) fn registry(model: Key, event: RegistryEvent) -> Batch {
    Batch::RegisteredModel(RegisteredModelBatch { model, events: vec![event], last: Seq::default() })
}

/// Destinations know experiments by name.
fn experiment_name(connection: &Connection, id: ExperimentId) -> Result<Key> {
    let mut statement = connection.prepare_cached("SELECT name FROM experiment WHERE id = ?1")?;
    Ok(statement.query_row(params![id.get()], |row| row.key(0))?)
}
