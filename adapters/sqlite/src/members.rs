//! Where bundles are members, and their aliases there.

use rusqlite::{Connection, Params, params};
use trackside_core::{
    Bundle, BundleId, BundleNumber, BundleRelation, BundleState, CollectionId, CollectionRole, Member, RunId,
    Timestamp, WhichMember, fault,
};

use crate::{
    bundles, collections,
    error::Result,
    rows::{Columns, bound, execute, number, unreadable},
    runs,
};

const SELECT: &str = "SELECT m.collection, m.number, m.created_at, m.bundle FROM member AS m";

/// One of a collection.
pub(crate) fn one(connection: &Connection, collection: CollectionId, which: &WhichMember) -> Result<Option<Member>> {
    let of = collection.get();
    let mut found = match which {
        WhichMember::Number(number) => {
            load(connection, "WHERE m.collection = ?1 AND m.number = ?2", params![of, number])?
        }
        WhichMember::Alias(alias) => {
            let rest = "JOIN member_alias AS a ON a.collection = m.collection AND a.bundle = m.bundle \
                        WHERE a.collection = ?1 AND a.alias = ?2";
            load(connection, rest, params![of, alias])?
        }
        WhichMember::Digest(digest) => {
            let rest = "JOIN bundle ON bundle.pk = m.bundle WHERE m.collection = ?1 AND bundle.digest = ?2 \
                        ORDER BY m.number DESC LIMIT 1";
            load(connection, rest, params![of, digest])?
        }
        WhichMember::Bundle(id) => {
            load(connection, "WHERE m.collection = ?1 AND m.bundle = ?2", params![of, id.get()])?
        }
    };
    Ok(found.pop())
}

/// A page of those of a collection, the highest first.
pub(crate) fn of_collection(
    connection: &Connection,
    collection: CollectionId,
    before: Option<BundleNumber>,
    limit: usize,
) -> Result<Vec<Member>> {
    let rest = "WHERE m.collection = ?1 AND m.number < ?2 ORDER BY m.number DESC LIMIT ?3";
    let before = before.map_or(i64::MAX, i64::from);
    load(connection, rest, [collection.get(), before, bound(limit)])
}

/// All of a bundle, its home first.
pub(crate) fn of_bundle(connection: &Connection, id: BundleId) -> Result<Vec<Member>> {
    let rest = "JOIN bundle ON bundle.pk = m.bundle WHERE m.bundle = ?1 \
                ORDER BY m.collection <> bundle.home, m.collection";
    load(connection, rest, [id.get()])
}

/// A page of what a run has to do with.
pub(crate) fn of_run(
    connection: &Connection,
    run: &RunId,
    relation: BundleRelation,
    after: Option<BundleId>,
    limit: usize,
) -> Result<Vec<Member>> {
    let Some(pk) = runs::pk(connection, run)? else { return Ok(Vec::new()) };
    let of = match relation {
        BundleRelation::Made => "bundle.run = ?1",
        BundleRelation::Used => "bundle.pk IN (SELECT bundle FROM bundle_use WHERE run = ?1)",
    };
    let rest = format!(
        "JOIN bundle ON bundle.pk = m.bundle AND bundle.home = m.collection \
         WHERE {of} AND bundle.pk > ?2 ORDER BY bundle.pk LIMIT ?3"
    );
    load(connection, &rest, [pk, after.map_or(0, BundleId::get), bound(limit)])
}

/// Makes a bundle a member.
pub(crate) fn add(
    connection: &Connection,
    collection: CollectionId,
    number: i64,
    id: BundleId,
    at: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO member (collection, number, bundle, created_at) VALUES (?1, ?2, ?3, ?4)";
    execute(connection, sql, [collection.get(), number, id.get(), at.millis()]).map(drop)
}

/// `NotFound` when it is none.
pub(crate) fn require(connection: &Connection, id: BundleId, collection: CollectionId) -> Result<()> {
    let sql = "SELECT number FROM member WHERE bundle = ?1 AND collection = ?2";
    match number(connection, sql, [id.get(), collection.get()])? {
        Some(_) => Ok(()),
        None => Err(fault::not_a_member(id, collection).into()),
    }
}

/// Puts a bundle into a collection of links.
pub(crate) fn link(
    connection: &Connection,
    bundle: &Bundle,
    collection: CollectionId,
    aliases: &[String],
    at: Timestamp,
) -> Result<()> {
    let into = collections::require(connection, collection)?;
    if into.role != CollectionRole::Links {
        return Err(fault::collection_differs(&into.name, &into.kind).into());
    }
    if bundle.state != BundleState::Committed {
        return Err(fault::bundle_not_committed(bundle.id).into());
    }
    if require(connection, bundle.id, collection).is_err() {
        let taken = collections::take_number(connection, collection)?;
        add(connection, collection, taken, bundle.id, at)?;
    }
    collections::touch(connection, collection, at)?;
    set_aliases(connection, bundle.id, collection, aliases)
}

/// Takes it out again, unless it is its home.
pub(crate) fn unlink(connection: &Connection, bundle: &Bundle, collection: CollectionId) -> Result<()> {
    if bundle.home == collection {
        return Ok(());
    }
    for table in ["member_alias", "member"] {
        let sql = format!("DELETE FROM {table} WHERE bundle = ?1 AND collection = ?2");
        execute(connection, &sql, [bundle.id.get(), collection.get()])?;
    }
    Ok(())
}

/// Gives a member aliases, away from others.
pub(crate) fn set_aliases(
    connection: &Connection,
    id: BundleId,
    collection: CollectionId,
    aliases: &[String],
) -> Result<()> {
    let sql = "INSERT INTO member_alias (collection, alias, bundle) VALUES (?1, ?2, ?3) \
               ON CONFLICT (collection, alias) DO UPDATE SET bundle = excluded.bundle";
    for alias in aliases {
        execute(connection, sql, params![collection.get(), alias, id.get()])?;
    }
    Ok(())
}

/// Takes aliases from a member.
pub(crate) fn delete_aliases(
    connection: &Connection,
    id: BundleId,
    collection: CollectionId,
    aliases: &[String],
) -> Result<()> {
    let sql = "DELETE FROM member_alias WHERE collection = ?1 AND alias = ?2 AND bundle = ?3";
    for alias in aliases {
        execute(connection, sql, params![collection.get(), alias, id.get()])?;
    }
    Ok(())
}

/// Aliases as they are stored until their bundle is committed.
pub(crate) fn written(aliases: &[String]) -> String {
    serde_json::Value::from(aliases).to_string()
}

/// The reverse of [`written`].
pub(crate) fn read_back(text: &str) -> rusqlite::Result<Vec<String>> {
    serde_json::from_str(text).map_err(unreadable)
}

fn load(connection: &Connection, rest: &str, params: impl Params) -> Result<Vec<Member>> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} {rest}"))?;
    let rows = statement.query_map(params, |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, BundleNumber>(1)?, row.instant(2)?, row.get::<_, i64>(3)?))
    })?;
    let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    let mut members = Vec::with_capacity(rows.len());
    for (collection, number, created_at, bundle) in rows {
        // One by one: a bundle may be there several times.
        let Some(bundle) = bundles::load(connection, &[bundle])?.pop() else { continue };
        let collection = CollectionId::new(collection);
        let aliases = aliases(connection, bundle.id, collection)?;
        members.push(Member { collection, number, aliases, created_at, bundle });
    }
    Ok(members)
}

fn aliases(connection: &Connection, id: BundleId, collection: CollectionId) -> Result<Vec<String>> {
    let sql = "SELECT alias FROM member_alias WHERE bundle = ?1 AND collection = ?2 ORDER BY alias";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([id.get(), collection.get()], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
