//! Registered models.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use trackside_core::{
    Key, NewRegisteredModel, Page, PageRequest, Query, RegisteredModel, RegisteredModelChange, RegistryEvent, Result,
    Timestamp, VersionNumber, fault,
    ledger::{Action, Origin},
    query::RegisteredModelField,
    store::RegisteredModels,
};

use crate::{
    SqliteStore, error,
    key_values::REGISTERED_MODEL_TAGS,
    ledger::{self, effects},
    log::change,
    model_versions,
    owners::Owners,
    rows::{Columns, execute, number},
    search::Search,
};

#[async_trait]
impl RegisteredModels for SqliteStore {
    async fn create_registered_model(&self, new: NewRegisteredModel, by: &Origin) -> Result<RegisteredModel> {
        let (recorder, by) = (self.recorder(), by.clone());
        self.write_announced(move |connection, announcer| {
            let pk = insert(connection, &new)?;
            let created = load(connection, &[pk])?.pop();
            let created = created.ok_or_else(|| fault::registered_model_not_found(&new.name))?;
            let effects = effects::of_new_model(&created);
            ledger::add(connection, &new.name, Action::CreateModel, new.created_at, by, effects)?;
            let (name, event) = (new.name.clone(), RegistryEvent::Created(new));
            announcer.announce(connection, &name, &event)?;
            recorder.record(connection, || Ok(change::registry(name, event)))?;
            Ok(created)
        })
        .await
    }

    async fn registered_model(&self, name: &Key) -> Result<Option<RegisteredModel>> {
        let name = name.clone();
        self.read(move |connection| {
            let pk = pk(connection, &name)?;
            Ok(load(connection, pk.as_slice())?.pop())
        })
        .await
    }

    async fn change_registered_model(
        &self,
        name: &Key,
        change: RegisteredModelChange,
        at: Timestamp,
        by: &Origin,
    ) -> Result<()> {
        let (name, recorder, by) = (name.clone(), self.recorder(), by.clone());
        self.write_announced(move |connection, announcer| {
            let pk = require(connection, &name)?;
            let promoted = ledger::warranted(connection, &name, at, &by)?;
            let mut effects = effects::of_model_change(connection, pk, &name, &change)?;
            effects.extend(promoted);
            apply(connection, pk, &name, &change, at)?;
            ledger::add(connection, &name, Action::from(&change), at, by, effects)?;
            let event = RegistryEvent::Changed(change, at);
            announcer.announce(connection, &name, &event)?;
            // A renamed one is logged by the name it had.
            recorder.record(connection, || Ok(change::registry(name, event)))
        })
        .await
    }

    async fn search_registered_models(
        &self,
        query: Query<RegisteredModelField>,
        page: PageRequest,
    ) -> Result<Page<RegisteredModel>> {
        self.read(move |connection| {
            let found = Search::default().find(connection, &query, &page)?;
            Ok(Page { items: load(connection, &found.items)?, next: found.next })
        })
        .await
    }
}

/// The primary key of a registered model; `NotFound` when there is none of that name.
pub(crate) fn require(connection: &Connection, name: &Key) -> error::Result<i64> {
    Ok(pk(connection, name)?.ok_or_else(|| fault::registered_model_not_found(name))?)
}

/// Marks a registered model as changed.
pub(crate) fn touch(connection: &Connection, pk: i64, at: Timestamp) -> error::Result<()> {
    execute(connection, "UPDATE registered_model SET updated_at = ?2 WHERE pk = ?1", [pk, at.millis()])?;
    Ok(())
}

fn pk(connection: &Connection, name: &Key) -> error::Result<Option<i64>> {
    number(connection, "SELECT pk FROM registered_model WHERE name = ?1", [name.as_str()])
}

fn insert(connection: &Connection, new: &NewRegisteredModel) -> error::Result<i64> {
    let inserted = number(
        connection,
        "INSERT INTO registered_model (name, created_at, updated_at, description) VALUES (?1, ?2, ?2, ?3) \
         ON CONFLICT (name) DO NOTHING RETURNING pk",
        params![new.name.as_str(), new.created_at.millis(), new.description],
    )?;
    let pk = inserted.ok_or_else(|| fault::registered_model_exists(&new.name))?;
    REGISTERED_MODEL_TAGS.set(connection, pk, &new.tags)?;
    Ok(pk)
}

fn apply(
    connection: &Connection,
    pk: i64,
    name: &Key,
    change: &RegisteredModelChange,
    at: Timestamp,
) -> error::Result<()> {
    match change {
        RegisteredModelChange::Rename(to) => rename(connection, pk, to, at),
        RegisteredModelChange::Describe(description) => {
            let sql = "UPDATE registered_model SET description = ?2 WHERE pk = ?1";
            execute(connection, sql, params![pk, description])?;
            touch(connection, pk, at)
        }
        RegisteredModelChange::SetTag(tag) => REGISTERED_MODEL_TAGS.set(connection, pk, std::slice::from_ref(tag)),
        RegisteredModelChange::DeleteTag(key) => REGISTERED_MODEL_TAGS.remove(connection, pk, key).map(drop),
        RegisteredModelChange::SetAlias(alias, number) => {
            let version = model_versions::require(connection, name, *number)?;
            let sql = "INSERT INTO model_alias (model, alias, version) VALUES (?1, ?2, ?3) \
                       ON CONFLICT (model, alias) DO UPDATE SET version = excluded.version";
            execute(connection, sql, params![pk, alias.as_str(), version.pk]).map(drop)
        }
        RegisteredModelChange::DeleteAlias(alias) => {
            let sql = "DELETE FROM model_alias WHERE model = ?1 AND alias = ?2";
            execute(connection, sql, params![pk, alias.as_str()]).map(drop)
        }
        RegisteredModelChange::Delete => {
            // Versions, tags and aliases follow by their foreign keys.
            execute(connection, "DELETE FROM registered_model WHERE pk = ?1", [pk]).map(drop)
        }
    }
}

fn rename(connection: &Connection, pk: i64, to: &Key, at: Timestamp) -> error::Result<()> {
    let sql = "UPDATE OR IGNORE registered_model SET name = ?2 WHERE pk = ?1";
    if execute(connection, sql, params![pk, to.as_str()])? == 0 {
        return Err(fault::registered_model_exists(to).into());
    }
    // The name is part of each version, so they change as well.
    execute(connection, "UPDATE model_version SET updated_at = ?2 WHERE model = ?1", [pk, at.millis()])?;
    touch(connection, pk, at)
}

pub(crate) fn load(connection: &Connection, pks: &[i64]) -> error::Result<Vec<RegisteredModel>> {
    let owners = Owners::new(pks);
    let from = "registered_model ON registered_model.pk = page.value";
    let mut models = owners.rows(connection, "registered_model.*", from, read)?;
    REGISTERED_MODEL_TAGS.load(connection, &owners, |position, tag| models[position].tags.push(tag))?;
    let sql = "SELECT a.model, a.alias, v.number FROM model_alias AS a JOIN model_version AS v ON v.pk = a.version \
               WHERE a.model {owners} ORDER BY a.model, a.alias";
    owners.parts(connection, sql, |position, row| {
        models[position].aliases.push((row.key(1)?, row.get::<_, VersionNumber>(2)?));
        Ok(())
    })?;
    let positions = model_versions::latest(connection, &owners)?;
    for (position, version) in positions {
        models[position].latest_versions.push(version);
    }
    Ok(models)
}

fn read(row: &Row<'_>) -> rusqlite::Result<RegisteredModel> {
    Ok(RegisteredModel {
        name: row.key("name")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        description: row.get("description")?,
        tags: Vec::new(),
        aliases: Vec::new(),
        latest_versions: Vec::new(),
    })
}
