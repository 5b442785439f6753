//! Files of bundles.

use rusqlite::{Connection, Row, params};
use trackside_core::{ArtifactPath, BundleFile, BundleId};

use crate::{
    error::Result,
    rows::{Columns, bound, execute, integer, unreadable},
};

/// Adds them, in place of those of the same paths.
pub(crate) fn add(connection: &Connection, bundle: BundleId, files: &[BundleFile]) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO bundle_file (bundle, path, digest, size, reference, more) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    for file in files {
        let (path, size) = (file.path.as_str(), integer(file.size));
        execute(connection, sql, params![bundle.get(), path, file.digest, size, file.reference, file.more])?;
    }
    Ok(())
}

/// A page of them, by path.
pub(crate) fn page(
    connection: &Connection,
    bundle: BundleId,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<BundleFile>> {
    let sql = "SELECT * FROM bundle_file WHERE bundle = ?1 AND path > ?2 ORDER BY path LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    // No path is empty.
    let rows = statement.query_map(params![bundle.get(), after.unwrap_or_default(), bound(limit)], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<BundleFile> {
    Ok(BundleFile {
        path: ArtifactPath::parse(row.get_ref("path")?.as_str().map_err(unreadable)?).map_err(unreadable)?,
        digest: row.get("digest")?,
        size: row.count("size")?,
        reference: row.get("reference")?,
        more: row.get("more")?,
    })
}
