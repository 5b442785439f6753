//! API keys.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, Row, params};
use trackside_core::{ApiKey, Error, ErrorKind, Key, KeyDigest, Result, store::ApiKeys};

use crate::{
    SqliteStore,
    rows::{Columns, execute},
};

const COLUMNS: &str = "name, created_at";

#[async_trait]
impl ApiKeys for SqliteStore {
    async fn create_api_key(&self, new: ApiKey, digest: KeyDigest) -> Result<()> {
        self.write(move |connection| {
            let sql =
                "INSERT INTO api_key (name, digest, created_at) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING";
            if execute(connection, sql, params![new.name.as_str(), digest, new.created_at.millis()])? == 0 {
                let taken = format!("there is an API key named '{}' already", new.name);
                return Err(Error::new(ErrorKind::AlreadyExists, taken).into());
            }
            Ok(())
        })
        .await
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM api_key ORDER BY name"))?;
            Ok(statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn api_key(&self, digest: KeyDigest) -> Result<Option<ApiKey>> {
        self.read(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM api_key WHERE digest = ?1");
            Ok(connection.prepare_cached(&sql)?.query_row([digest], read).optional()?)
        })
        .await
    }

    async fn revoke_api_key(&self, name: &Key) -> Result<()> {
        let name = name.clone();
        self.write(move |connection| {
            if execute(connection, "DELETE FROM api_key WHERE name = ?1", [name.as_str()])? == 0 {
                return Err(Error::not_found(format!("there is no API key named '{name}'")).into());
            }
            Ok(())
        })
        .await
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    Ok(ApiKey { name: row.key(0)?, created_at: row.instant(1)? })
}
