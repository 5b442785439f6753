//! Sweeps.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use trackside_core::{
    ExperimentId, NewSweep, Result, Sweep, SweepChange, SweepId, SweepState, Timestamp, fault, store::Sweeps,
};

use crate::{
    SqliteStore, error, experiments,
    rows::{Columns, bound, execute, number, unreadable},
};

#[async_trait]
impl Sweeps for SqliteStore {
    async fn create_sweep(&self, new: NewSweep) -> Result<Sweep> {
        self.write(move |connection| {
            experiments::require_active(connection, new.experiment)?;
            let sql = "INSERT INTO sweep (id, experiment, name, description, definition, state, created_at, \
                       updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT (id) DO NOTHING";
            let (id, experiment, at) = (new.id.as_str(), new.experiment.get(), new.created_at.millis());
            let state = SweepState::Pending.as_str();
            if execute(connection, sql, params![id, experiment, new.name, new.description, new.definition, state, at])?
                == 0
            {
                return Err(fault::sweep_exists(&new.id).into());
            }
            require(connection, &new.id)
        })
        .await
    }

    async fn sweep(&self, id: &SweepId) -> Result<Option<Sweep>> {
        let id = id.clone();
        self.read(move |connection| find(connection, &id)).await
    }

    async fn sweeps(&self, experiment: ExperimentId, limit: usize) -> Result<Vec<Sweep>> {
        self.read(move |connection| {
            let sql = "SELECT * FROM sweep WHERE experiment = ?1 ORDER BY created_at DESC, id LIMIT ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([experiment.get(), bound(limit)], read)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn change_sweep(&self, id: &SweepId, change: SweepChange, at: Timestamp) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| {
            let (column, value) = match change {
                SweepChange::Rename(name) => ("name", Some(name)),
                SweepChange::Describe(text) => ("description", text),
                SweepChange::Define(text) => ("definition", Some(text)),
                SweepChange::State(state) => ("state", Some(state.as_str().to_owned())),
            };
            let sql = format!("UPDATE sweep SET {column} = ?2, updated_at = ?3 WHERE id = ?1");
            match execute(connection, &sql, params![id.as_str(), value, at.millis()])? {
                0 => Err(fault::sweep_not_found(&id).into()),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn take_trial(&self, id: &SweepId, at: Timestamp) -> Result<Option<u64>> {
        let id = id.clone();
        self.write(move |connection| {
            require(connection, &id)?;
            let sql = "UPDATE sweep SET n_trials = n_trials + 1, state = ?2, updated_at = ?3 \
                       WHERE id = ?1 AND state IN (?2, ?4) RETURNING n_trials - 1";
            let (running, pending) = (SweepState::Running.as_str(), SweepState::Pending.as_str());
            let taken = number(connection, sql, params![id.as_str(), running, at.millis(), pending])?;
            Ok(taken.map(u64::try_from).transpose().map_err(unreadable)?)
        })
        .await
    }
}

/// `NotFound` when there is none of this id.
fn require(connection: &Connection, id: &SweepId) -> error::Result<Sweep> {
    Ok(find(connection, id)?.ok_or_else(|| fault::sweep_not_found(id))?)
}

fn find(connection: &Connection, id: &SweepId) -> error::Result<Option<Sweep>> {
    let mut statement = connection.prepare_cached("SELECT * FROM sweep WHERE id = ?1")?;
    Ok(statement.query_row([id.as_str()], read).optional()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Sweep> {
    Ok(Sweep {
        id: SweepId::parse(&row.get::<_, String>("id")?).map_err(unreadable)?,
        experiment: ExperimentId::new(row.get("experiment")?),
        name: row.get("name")?,
        description: row.get("description")?,
        definition: row.get("definition")?,
        state: row.parsed("state", SweepState::parse)?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        n_trials: row.count("n_trials")?,
    })
}
