//! Model versions.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use trackside_core::{
    Key, LoggedModelId, ModelVersion, ModelVersionChange, NewModelVersion, Page, PageRequest, Query, RegistryEvent,
    Result, RunId, Stage, Timestamp, VersionNumber, fault,
    ledger::{Action, Origin},
    query::ModelVersionField,
    store::ModelVersions,
};

use crate::{
    SqliteStore, error,
    key_values::MODEL_VERSION_TAGS,
    ledger::{self, effects},
    log::change,
    owners::Owners,
    registered_models,
    rows::{Columns, execute, number},
    search::Search,
};

#[async_trait]
impl ModelVersions for SqliteStore {
    async fn create_model_version(&self, new: NewModelVersion, by: &Origin) -> Result<ModelVersion> {
        let (recorder, by) = (self.recorder(), by.clone());
        self.write_announced(move |connection, announcer| {
            let pk = insert(connection, &new)?;
            let created = load(connection, &[pk])?.pop();
            let created = created.ok_or_else(|| fault::registered_model_not_found(&new.model))?;
            let effects = effects::of_new_version(&created);
            ledger::add(connection, &new.model, Action::CreateVersion, new.created_at, by, effects)?;
            let (model, event) = (new.model.clone(), RegistryEvent::VersionCreated(created.number, new));
            announcer.announce(connection, &model, &event)?;
            recorder.record(connection, || Ok(change::registry(model, event)))?;
            Ok(created)
        })
        .await
    }

    async fn model_version(&self, model: &Key, number: VersionNumber) -> Result<Option<ModelVersion>> {
        let model = model.clone();
        self.read(move |connection| {
            let Some(found) = find(connection, &model, number)? else { return Ok(None) };
            let version = load(connection, &[found.pk])?.pop();
            version.map(|version| with_aliases(connection, found.pk, version)).transpose()
        })
        .await
    }

    async fn change_model_version(
        &self,
        model: &Key,
        number: VersionNumber,
        change: ModelVersionChange,
        at: Timestamp,
        by: &Origin,
    ) -> Result<()> {
        let (model, recorder, by) = (model.clone(), self.recorder(), by.clone());
        self.write_announced(move |connection, announcer| {
            let found = require(connection, &model, number)?;
            let promoted = ledger::warranted(connection, &model, at, &by)?;
            let mut effects = effects::of_version_change(connection, &found, number, &change)?;
            effects.extend(promoted);
            apply(connection, &found, &change, at)?;
            ledger::add(connection, &model, Action::from(&change), at, by, effects)?;
            let event = RegistryEvent::VersionChanged(number, change, at);
            announcer.announce(connection, &model, &event)?;
            recorder.record(connection, || Ok(change::registry(model, event)))
        })
        .await
    }

    async fn search_model_versions(
        &self,
        query: Query<ModelVersionField>,
        page: PageRequest,
    ) -> Result<Page<ModelVersion>> {
        self.read(move |connection| {
            let found = Search::default().find(connection, &query, &page)?;
            Ok(Page { items: load(connection, &found.items)?, next: found.next })
        })
        .await
    }
}

/// Primary keys of a version and of its model.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) pk: i64,
    pub(crate) model: i64,
}

/// `NotFound` when there is no such version.
pub(crate) fn require(connection: &Connection, model: &Key, number: VersionNumber) -> error::Result<Found> {
    Ok(find(connection, model, number)?.ok_or_else(|| fault::model_version_not_found(model, number))?)
}

/// The highest version of each stage of each model, in order of stage, with the position of its model.
pub(crate) fn latest(connection: &Connection, models: &Owners) -> error::Result<Vec<(usize, ModelVersion)>> {
    // With `max` SQLite takes the other columns from the row that holds it.
    let sql = "SELECT model, pk, max(number) FROM model_version WHERE model {owners} GROUP BY model, stage";
    let (mut pks, mut positions) = (Vec::new(), Vec::new());
    models.parts(connection, sql, |position, row| {
        positions.push(position);
        pks.push(row.get(1)?);
        Ok(())
    })?;
    let mut latest: Vec<_> = positions.into_iter().zip(load(connection, &pks)?).collect();
    latest.sort_by(|(_, left), (_, right)| left.stage.cmp(&right.stage));
    Ok(latest)
}

fn find(connection: &Connection, model: &Key, number: VersionNumber) -> error::Result<Option<Found>> {
    let sql = "SELECT v.pk, v.model FROM model_version AS v JOIN registered_model AS m ON m.pk = v.model \
               WHERE m.name = ?1 AND v.number = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let found =
        statement.query_row(params![model.as_str(), number], |row| Ok(Found { pk: row.get(0)?, model: row.get(1)? }));
    Ok(found.optional()?)
}

fn insert(connection: &Connection, new: &NewModelVersion) -> error::Result<i64> {
    let model = registered_models::require(connection, &new.model)?;
    let taken = match new.number {
        Some(wanted) if find(connection, &new.model, wanted)?.is_some() => {
            return Err(fault::model_version_exists(&new.model, wanted).into());
        }
        Some(wanted) => i64::from(wanted),
        None => number(connection, "SELECT next_version FROM registered_model WHERE pk = ?1", [model])?
            .ok_or(rusqlite::Error::QueryReturnedNoRows)?,
    };
    let take = "UPDATE registered_model SET next_version = max(next_version, ?2 + 1), updated_at = ?3 WHERE pk = ?1";
    execute(connection, take, [model, taken, new.created_at.millis()])?;
    execute(
        connection,
        "INSERT INTO model_version (model, number, created_at, updated_at, description, stage, source, \
         storage_location, run, run_link, logged_model) VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            model,
            taken,
            new.created_at.millis(),
            new.description,
            Stage::None.as_str(),
            new.source,
            new.storage_location,
            new.run.as_ref().map(RunId::as_str),
            new.run_link,
            new.logged_model.as_ref().map(LoggedModelId::as_str),
        ],
    )?;
    let pk = connection.last_insert_rowid();
    MODEL_VERSION_TAGS.set(connection, pk, &new.tags)?;
    Ok(pk)
}

fn apply(connection: &Connection, found: &Found, change: &ModelVersionChange, at: Timestamp) -> error::Result<()> {
    match change {
        ModelVersionChange::Describe(description) => {
            let sql = "UPDATE model_version SET description = ?2, updated_at = ?3 WHERE pk = ?1";
            execute(connection, sql, params![found.pk, description, at.millis()]).map(drop)
        }
        ModelVersionChange::Stage { stage, archive_others } => {
            if *archive_others {
                let sql = "UPDATE model_version SET stage = ?4, updated_at = ?5 \
                           WHERE model = ?1 AND stage = ?3 AND pk <> ?2";
                let archived = Stage::Archived.as_str();
                execute(connection, sql, params![found.model, found.pk, stage.as_str(), archived, at.millis()])?;
            }
            let sql = "UPDATE model_version SET stage = ?2, updated_at = ?3 WHERE pk = ?1";
            execute(connection, sql, params![found.pk, stage.as_str(), at.millis()])?;
            registered_models::touch(connection, found.model, at)
        }
        ModelVersionChange::SetTag(tag) => MODEL_VERSION_TAGS.set(connection, found.pk, std::slice::from_ref(tag)),
        ModelVersionChange::DeleteTag(key) => MODEL_VERSION_TAGS.remove(connection, found.pk, key).map(drop),
        ModelVersionChange::Delete => {
            // Tags and aliases follow by their foreign keys.
            execute(connection, "DELETE FROM model_version WHERE pk = ?1", [found.pk])?;
            registered_models::touch(connection, found.model, at)
        }
    }
}

/// Versions without their aliases, in the order of their primary keys as given.
pub(crate) fn load(connection: &Connection, pks: &[i64]) -> error::Result<Vec<ModelVersion>> {
    let owners = Owners::new(pks);
    let from = "model_version ON model_version.pk = page.value \
                JOIN registered_model ON registered_model.pk = model_version.model";
    let columns = "model_version.*, registered_model.name AS model_name";
    let mut versions = owners.rows(connection, columns, from, read)?;
    MODEL_VERSION_TAGS.load(connection, &owners, |position, tag| versions[position].tags.push(tag))?;
    Ok(versions)
}

fn with_aliases(connection: &Connection, pk: i64, version: ModelVersion) -> error::Result<ModelVersion> {
    let sql = "SELECT alias FROM model_alias WHERE version = ?1 ORDER BY alias";
    let mut statement = connection.prepare_cached(sql)?;
    let aliases = statement.query_map([pk], |row| row.key(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(ModelVersion { aliases, ..version })
}

fn read(row: &Row<'_>) -> rusqlite::Result<ModelVersion> {
    Ok(ModelVersion {
        model: row.key("model_name")?,
        number: row.get("number")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        description: row.get("description")?,
        stage: row.parsed("stage", Stage::parse)?,
        source: row.get("source")?,
        storage_location: row.get("storage_location")?,
        run: row.optional_run_id("run")?,
        run_link: row.get("run_link")?,
        tags: Vec::new(),
        aliases: Vec::new(),
    })
}
