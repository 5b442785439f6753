//! Collections of bundles. Elsewhere: the bundles (`bundles.rs`), and where they are members (`members.rs`).

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use trackside_core::{
    Collection, CollectionChange, CollectionId, CollectionRole, ExperimentId, Key, NewCollection, Result, Timestamp,
    fault, store::Collections,
};

use crate::{
    SqliteStore, error, experiments,
    rows::{Columns, bound, execute, number},
};

const COLUMNS: &str = "*, (SELECT count(*) FROM member WHERE member.collection = collection.pk) AS n_members";

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
            let changed = match change {
                CollectionChange::Rename(name) => {
                    let sql = "UPDATE OR IGNORE collection SET name = ?2, updated_at = ?3 WHERE pk = ?1";
                    require(connection, id)?;
                    if execute(connection, sql, params![id.get(), name.as_str(), at.millis()])? == 0 {
                        return Err(fault::collection_exists(&name).into());
                    }
                    1
                }
                CollectionChange::Describe(text) => {
                    let sql = "UPDATE collection SET description = ?2, updated_at = ?3 WHERE pk = ?1";
                    execute(connection, sql, params![id.get(), text, at.millis()])?
                }
                // Its bundles and members follow by their foreign keys.
                CollectionChange::Delete => execute(connection, "DELETE FROM collection WHERE pk = ?1", [id.get()])?,
            };
            if changed == 0 { Err(fault::collection_not_found(id).into()) } else { Ok(()) }
        })
        .await
    }
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
    execute(connection, sql, params![new.experiment.get(), name, kind, new.role.as_str(), at])?;
    let found = named(connection, new.experiment, &new.name)?;
    let same = found.filter(|found| found.kind == new.kind && found.role == new.role);
    Ok(same.ok_or_else(|| fault::collection_differs(&new.name, &new.kind))?)
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
        role: row.parsed("role", CollectionRole::parse)?,
        description: row.get("description")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        n_members: row.count("n_members")?,
    })
}
