//! Experiments.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use trackside_core::{
    ArtifactLocation, Event, Experiment, ExperimentChange, ExperimentId, Key, Lifecycle, NewExperiment, Page,
    PageRequest, Query, Result, RunId, Timestamp, fault,
    query::ExperimentField,
    store::{BinItem, Experiments},
};

use crate::{
    SqliteStore, error,
    key_values::EXPERIMENT_TAGS,
    log::{Recorder, change},
    owners::Owners,
    rows::{Columns, execute, number},
    search::Search,
};

#[async_trait]
impl Experiments for SqliteStore {
    async fn create_experiment(&self, new: NewExperiment) -> Result<Experiment> {
        self.write(move |connection| {
            let id = insert(connection, None, &new)?;
            let created = load(connection, &[id])?.pop();
            Ok(created.ok_or_else(|| fault::experiment_not_found(ExperimentId::new(id)))?)
        })
        .await
    }

    async fn ensure_default_experiment(&self, new: NewExperiment) -> Result<()> {
        self.write(move |connection| {
            if number(connection, "SELECT 1 FROM experiment LIMIT 1", [])?.is_none() {
                insert(connection, Some(ExperimentId::DEFAULT), &new)?;
            }
            Ok(())
        })
        .await
    }

    async fn experiment(&self, id: ExperimentId) -> Result<Option<Experiment>> {
        self.read(move |connection| Ok(load(connection, &[id.get()])?.pop())).await
    }

    async fn experiment_by_name(&self, name: &str) -> Result<Option<Experiment>> {
        let name = name.to_owned();
        self.read(move |connection| {
            let id = number(connection, "SELECT id FROM experiment WHERE name = ?1", [name])?;
            Ok(load(connection, id.as_slice())?.pop())
        })
        .await
    }

    async fn change_experiment(&self, id: ExperimentId, change: ExperimentChange, at: Timestamp) -> Result<()> {
        let recorder = self.recorder();
        self.write(move |connection| apply(connection, &recorder, id, &change, at)).await
    }

    async fn search_experiments(&self, query: Query<ExperimentField>, page: PageRequest) -> Result<Page<Experiment>> {
        self.read(move |connection| {
            let mut search = Search::default();
            search.in_view("experiment.deleted_at", query.view);
            let found = search.find(connection, &query, &page)?;
            Ok(Page { items: load(connection, &found.items)?, next: found.next })
        })
        .await
    }
}

/// Whether an experiment is in use; `NotFound` when there is none.
pub(crate) fn lifecycle(connection: &Connection, id: ExperimentId) -> error::Result<Lifecycle> {
    let deleted = number(connection, "SELECT deleted_at IS NOT NULL FROM experiment WHERE id = ?1", [id.get()])?;
    match deleted {
        None => Err(fault::experiment_not_found(id).into()),
        Some(0) => Ok(Lifecycle::Active),
        Some(_) => Ok(Lifecycle::Deleted),
    }
}

/// `NotFound` when there is no such experiment, `Conflict` when it is deleted.
pub(crate) fn require_active(connection: &Connection, id: ExperimentId) -> error::Result<()> {
    match lifecycle(connection, id)? {
        Lifecycle::Active => Ok(()),
        Lifecycle::Deleted => Err(fault::experiment_not_active(id).into()),
    }
}

fn insert(connection: &Connection, id: Option<ExperimentId>, new: &NewExperiment) -> error::Result<i64> {
    let (location, under) = match &new.artifact_location {
        ArtifactLocation::At(uri) => (uri, false),
        ArtifactLocation::Under(root) => (root, true),
    };
    let inserted = number(
        connection,
        "INSERT INTO experiment (id, name, artifact_location, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4) \
         ON CONFLICT (name) DO NOTHING RETURNING id",
        params![id.map(ExperimentId::get), new.name.as_str(), location, new.created_at.millis()],
    )?;
    let id = inserted.ok_or_else(|| fault::experiment_exists(&new.name))?;
    if under {
        // The id is known only now.
        let sql = "UPDATE experiment SET artifact_location = artifact_location || '/' || id WHERE id = ?1";
        execute(connection, sql, [id])?;
    }
    EXPERIMENT_TAGS.set(connection, id, &new.tags)?;
    Ok(id)
}

fn apply(
    connection: &Connection,
    recorder: &Recorder,
    id: ExperimentId,
    change: &ExperimentChange,
    at: Timestamp,
) -> error::Result<()> {
    match change {
        ExperimentChange::Rename(name) => {
            require_active(connection, id)?;
            rename(connection, id, name, at)
        }
        ExperimentChange::Delete => move_to(connection, recorder, id, Lifecycle::Deleted, at),
        ExperimentChange::Restore => move_to(connection, recorder, id, Lifecycle::Active, at),
        ExperimentChange::SetTag(tag) => {
            require_active(connection, id)?;
            EXPERIMENT_TAGS.set(connection, id.get(), std::slice::from_ref(tag))
        }
        ExperimentChange::DeleteTag(key) => {
            require_active(connection, id)?;
            let removed = EXPERIMENT_TAGS.remove(connection, id.get(), key)?;
            if removed { Ok(()) } else { Err(fault::experiment_tag_not_found(id, key).into()) }
        }
    }
}

fn rename(connection: &Connection, id: ExperimentId, name: &Key, at: Timestamp) -> error::Result<()> {
    let sql = "UPDATE OR IGNORE experiment SET name = ?2, updated_at = ?3 WHERE id = ?1";
    let renamed = execute(connection, sql, params![id.get(), name.as_str(), at.millis()])?;
    if renamed > 0 { Ok(()) } else { Err(fault::experiment_exists(name).into()) }
}

/// Into the bin with the active runs, or out of it with all runs. It must be on the other side.
fn move_to(
    connection: &Connection,
    recorder: &Recorder,
    id: ExperimentId,
    to: Lifecycle,
    at: Timestamp,
) -> error::Result<()> {
    if lifecycle(connection, id)? == to {
        return Err(fault::experiment_not_found(id).into());
    }
    if number(connection, "SELECT doomed FROM experiment WHERE id = ?1 AND doomed = 1", [id.get()])?.is_some() {
        return Err(fault::doomed(&BinItem::Experiment(id)).into());
    }
    let (deleted_at, event) = match to {
        Lifecycle::Active => (None, Event::Restored),
        Lifecycle::Deleted => (Some(at.millis()), Event::Deleted(at)),
    };
    let sql = "UPDATE experiment SET deleted_at = ?2, updated_at = ?3 WHERE id = ?1";
    execute(connection, sql, params![id.get(), deleted_at, at.millis()])?;
    if recorder.is_on() {
        // Destinations know nothing of the bin for experiments.
        for run in runs_not_in(connection, id, to)? {
            recorder.record(connection, || Ok(change::run_events(run, vec![event.clone()])))?;
        }
    }
    // Runs that are on that side already keep their date.
    let sql = "UPDATE run SET deleted_at = ?2 \
               WHERE experiment = ?1 AND (deleted_at IS NULL) <> (?2 IS NULL) AND doomed IS NULL";
    execute(connection, sql, params![id.get(), deleted_at])?;
    Ok(())
}

/// Runs that are on the other side, in the order they were made.
fn runs_not_in(connection: &Connection, id: ExperimentId, side: Lifecycle) -> error::Result<Vec<RunId>> {
    let sql = "SELECT id FROM run WHERE experiment = ?1 AND (deleted_at IS NULL) = ?2 AND doomed IS NULL ORDER BY pk";
    let mut statement = connection.prepare_cached(sql)?;
    let active = side == Lifecycle::Deleted;
    Ok(statement.query_map(params![id.get(), active], |row| row.run_id(0))?.collect::<rusqlite::Result<_>>()?)
}

fn load(connection: &Connection, ids: &[i64]) -> error::Result<Vec<Experiment>> {
    let owners = Owners::new(ids);
    let columns = "experiment.*";
    let mut experiments = owners.rows(connection, columns, "experiment ON experiment.id = page.value", read)?;
    EXPERIMENT_TAGS.load(connection, &owners, |position, tag| experiments[position].tags.push(tag))?;
    Ok(experiments)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Experiment> {
    Ok(Experiment {
        id: ExperimentId::new(row.get("id")?),
        name: row.key("name")?,
        artifact_location: row.get("artifact_location")?,
        lifecycle: row.lifecycle("deleted_at")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        tags: Vec::new(),
    })
}
