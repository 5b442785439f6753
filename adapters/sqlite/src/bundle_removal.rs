//! What of bundles nobody needs any more.

use rusqlite::{Connection, params};
use trackside_core::{BundleId, BundleState, Timestamp};

use crate::{error::Result, rows::bound};

/// Of these digests those that no file has that is kept here, and no draft spells.
pub(crate) fn unneeded_digests(connection: &Connection, mut digests: Vec<String>) -> Result<Vec<String>> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM bundle_file WHERE digest = ?1 AND reference IS NULL)";
    let mut statement = connection.prepare_cached(sql)?;
    let mut unneeded = Vec::new();
    for digest in digests.drain(..) {
        if statement.query_row([&digest], |row| row.get(0))? {
            unneeded.push(digest);
        }
    }
    if unneeded.is_empty() {
        return Ok(unneeded);
    }
    // The literal makes the index usable that has the few drafts alone.
    let sql = "SELECT draft FROM bundle WHERE draft IS NOT NULL AND state = 'PENDING'";
    let mut statement = connection.prepare_cached(sql)?;
    let mut drafts = statement.query([])?;
    while let Some(row) = drafts.next()? {
        let draft = row.get_ref(0)?.as_str().unwrap_or_default();
        unneeded.retain(|digest| !draft.contains(digest.as_str()));
    }
    Ok(unneeded)
}

/// Bundles whose lifetime is over and that nobody has given a name or a place of their own.
pub(crate) fn expired(
    connection: &Connection,
    until: Timestamp,
    after: Option<BundleId>,
    limit: usize,
) -> Result<Vec<BundleId>> {
    let sql = "SELECT pk FROM bundle WHERE lifetime_secs IS NOT NULL AND created_at + lifetime_secs * 1000 <= ?1 \
               AND state = ?2 AND pk > ?3 \
               AND NOT EXISTS (SELECT 1 FROM member_alias AS a WHERE a.bundle = bundle.pk AND a.alias <> 'latest') \
               AND NOT EXISTS (SELECT 1 FROM member AS m WHERE m.bundle = bundle.pk AND m.collection <> bundle.home) \
               ORDER BY pk LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let after = after.map_or(0, BundleId::get);
    let committed = BundleState::Committed.as_str();
    let rows = statement
        .query_map(params![until.millis(), committed, after, bound(limit)], |row| row.get(0).map(BundleId::new))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
