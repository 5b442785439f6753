//! `type: sqlite`: a copy in a database of our own.

use std::{fs, path::Path, sync::Arc};

use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_artifacts::PROXY_ROOT;
use trackside_core::{Error, ErrorKind, Result, StoreTracker};

use crate::{config::sink::SqliteConfig, sinks::Builder};

pub(crate) fn build(builder: &Builder, name: &str, config: &SqliteConfig) -> Result<(StoreTracker, SqliteStore)> {
    if let Some(folder) = config.path.parent().filter(|folder| *folder != Path::new("")) {
        fs::create_dir_all(folder).map_err(|error| {
            Error::new(ErrorKind::Unavailable, format!("cannot create the directory {}", folder.display()))
                .with_context("cause", error)
        })?;
    }
    let store = SqliteStore::open(&config.path, modest())?;
    // Served later, the copy finds artifacts where the server that serves it keeps its own.
    let tracker = StoreTracker::new(name, Arc::new(store.clone()), Arc::clone(&builder.clock), PROXY_ROOT);
    Ok((tracker, store))
}

/// A copy is appended to, and hardly read while it grows: it needs the ends of its B-trees in memory, not their inner
/// pages. With the caches of the system of record each copy would take up to 64 MiB.
fn modest() -> Config {
    Config { readers: 2, writer_cache_kib: 8 * 1024, reader_cache_kib: 1024, ..Config::default() }
}
