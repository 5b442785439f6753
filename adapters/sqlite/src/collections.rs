//! Collections of bundles. Elsewhere: the bundles (`bundles.rs`), and where they are members (`members.rs`).

use std::collections::BTreeSet;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use trackside_core::{
    Collection, CollectionChange, CollectionId, CollectionRole, ExperimentId, Key, NewCollection, Result, Timestamp,
    fault, store::Collections,
};

use crate::{
    SqliteStore, error, experiments, members,
    rows::{Columns, bound, execute, number, unreadable},
};

const COLUMNS: &str = "*, coalesce(folder, name) AS own_folder, \
                       (SELECT count(*) FROM member WHERE member.collection = collection.pk) AS n_members";
/// What is tried as a folder until one is free.
const MAX_FOLDERS: u32 = 10_000;

#[async_trait]
impl Collections for SqliteStore {
    async fn ensure_collection(&self, new: NewCollection) -> Result<Collection> {
        self.write(move |connection| ensure(connection, &new)).await
    }

    async fn collection(&self, id: CollectionId) -> Result<Option<Collection>> {
        self.read(move |connection| one(connection, "pk = ?1", [id.get()])).await
    }

    async fn collection_named(&self, experiment: ExperimentId, name: &Key) -> Result<Option<Collection>> {
        let name = name.clone();
        self.read(move |connection| named(connection, experiment, &name)).await
    }

    async fn collections(
        &self,
        experiment: ExperimentId,
        after: Option<CollectionId>,
        limit: usize,
    ) -> Result<Vec<Collection>> {
        self.read(move |connection| {
            let sql =
                format!("SELECT {COLUMNS} FROM collection WHERE experiment = ?1 AND pk > ?2 ORDER BY pk LIMIT ?3");
            let after = after.map_or(0, CollectionId::get);
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([experiment.get(), after, bound(limit)], read)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn change_collection(&self, id: CollectionId, change: CollectionChange, at: Timestamp) -> Result<()> {
        self.write(move |connection| {
            let found = require(connection, id)?;
            apply(connection, found, change)?;
            touch(connection, id, at)
        })
        .await
    }
}

fn apply(connection: &Connection, found: Collection, change: CollectionChange) -> error::Result<()> {
    let pk = found.id.get();
    match change {
        CollectionChange::Rename(name) => {
            // Its files stay where they are.
            let sql = "UPDATE OR IGNORE collection SET name = ?2, folder = coalesce(folder, name) WHERE pk = ?1";
            if execute(connection, sql, params![pk, name.as_str()])? == 0 {
                return Err(fault::collection_exists(&name).into());
            }
        }
        CollectionChange::Describe(text) => {
            execute(connection, "UPDATE collection SET description = ?2 WHERE pk = ?1", params![pk, text])?;
        }
        CollectionChange::SetKind(kind) => {
            execute(connection, "UPDATE collection SET kind = ?2 WHERE pk = ?1", params![pk, kind.as_str()])?;
        }
        CollectionChange::AddLabels(labels) => label(connection, pk, found.labels.into_iter().chain(labels))?,
        CollectionChange::DeleteLabels(labels) => {
            label(connection, pk, found.labels.into_iter().filter(|label| !labels.contains(label)))?;
        }
        // Its bundles and members follow by their foreign keys.
        CollectionChange::Delete => {
            execute(connection, "DELETE FROM collection WHERE pk = ?1", [pk])?;
        }
    }
    Ok(())
}

fn label(connection: &Connection, pk: i64, labels: impl Iterator<Item = String>) -> error::Result<()> {
    let labels: Vec<_> = labels.collect::<BTreeSet<_>>().into_iter().collect();
    let sql = "UPDATE collection SET labels = ?2 WHERE pk = ?1";
    execute(connection, sql, params![pk, members::written(&labels)]).map(drop)
}

/// `NotFound` when there is none of this id.
pub(crate) fn require(connection: &Connection, id: CollectionId) -> error::Result<Collection> {
    Ok(one(connection, "pk = ?1", [id.get()])?.ok_or_else(|| fault::collection_not_found(id))?)
}

/// Marks a collection as changed.
pub(crate) fn touch(connection: &Connection, id: CollectionId, at: Timestamp) -> error::Result<()> {
    execute(connection, "UPDATE collection SET updated_at = ?2 WHERE pk = ?1", [id.get(), at.millis()]).map(drop)
}

/// A number that the collection has not given yet.
pub(crate) fn take_number(connection: &Connection, id: CollectionId) -> error::Result<i64> {
    let sql = "UPDATE collection SET next_number = next_number + 1 WHERE pk = ?1 RETURNING next_number - 1";
    Ok(number(connection, sql, [id.get()])?.ok_or_else(|| fault::collection_not_found(id))?)
}

fn named(connection: &Connection, experiment: ExperimentId, name: &Key) -> error::Result<Option<Collection>> {
    one(connection, "experiment = ?1 AND name = ?2", params![experiment.get(), name.as_str()])
}

fn ensure(connection: &Connection, new: &NewCollection) -> error::Result<Collection> {
    experiments::require_active(connection, new.experiment)?;
    let sql = "INSERT INTO collection (experiment, name, kind, role, created_at, updated_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (experiment, name) DO NOTHING";
    let (name, kind) = (new.name.as_str(), new.kind.as_str());
    let at = new.created_at.millis();
    if execute(connection, sql, params![new.experiment.get(), name, kind, new.role.as_str(), at])? > 0 {
        settle(connection, new)?;
    }
    let found = named(connection, new.experiment, &new.name)?;
    let same = found.filter(|found| found.kind == new.kind && found.role == new.role);
    Ok(same.ok_or_else(|| fault::collection_differs(&new.name, &new.kind))?)
}

/// Gives a new collection a folder of its own where another has kept the one of this name.
fn settle(connection: &Connection, new: &NewCollection) -> error::Result<()> {
    let (experiment, name) = (new.experiment.get(), new.name.as_str());
    let sql = "SELECT count(*) FROM collection WHERE experiment = ?1 AND coalesce(folder, name) = ?2 AND name <> ?3";
    for n in 1..MAX_FOLDERS {
        let folder = if n == 1 { name.to_owned() } else { format!("{name}-{n}") };
        if number(connection, sql, params![experiment, folder, name])? == Some(0) {
            if n > 1 {
                let sql = "UPDATE collection SET folder = ?3 WHERE experiment = ?1 AND name = ?2";
                execute(connection, sql, params![experiment, name, folder])?;
            }
            return Ok(());
        }
    }
    Err(fault::collection_exists(&new.name).into())
}

fn one(connection: &Connection, condition: &str, params: impl Params) -> error::Result<Option<Collection>> {
    let sql = format!("SELECT {COLUMNS} FROM collection WHERE {condition}");
    Ok(connection.prepare_cached(&sql)?.query_row(params, read).optional()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Collection> {
    Ok(Collection {
        id: CollectionId::new(row.get("pk")?),
        experiment: ExperimentId::new(row.get("experiment")?),
        name: row.key("name")?,
        kind: row.key("kind")?,
        folder: row.key("own_folder")?,
        role: row.parsed("role", CollectionRole::parse)?,
        description: row.get("description")?,
        labels: members::read_back(row.get_ref("labels")?.as_str().map_err(unreadable)?)?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        n_members: row.count("n_members")?,
    })
}
