//! The ledger of the registry: what each change adds to it, in the transaction of the change.

pub(crate) mod effects;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, TransactionBehavior, params};
use trackside_core::{
    Clock, Key, Timestamp, fault,
    ledger::{Action, Effect, Facet, LedgerDigest, LedgerEntry, NewLedgerEntry, Origin},
    store::{Ledger, LedgerQuery},
};

use crate::{
    SqliteStore,
    error::Result,
    model_versions, promotions, registered_models,
    rows::{Columns, bound, execute, integer, number},
};

#[async_trait]
impl Ledger for SqliteStore {
    async fn ledger(&self, query: LedgerQuery) -> trackside_core::Result<Vec<LedgerEntry>> {
        self.read(move |connection| {
            let (after, limit) = (integer(query.after), bound(query.limit));
            if let Some(model) = &query.model {
                let sql = "SELECT seq, digest, line FROM ledger WHERE model = ?3 AND seq > ?1 \
                           UNION SELECT seq, digest, line FROM ledger WHERE renamed_to = ?3 AND seq > ?1 \
                           ORDER BY seq LIMIT ?2";
                return entries(connection, sql, params![after, limit, model.as_str()]);
            }
            let sql = "SELECT seq, digest, line FROM ledger WHERE seq > ?1 ORDER BY seq LIMIT ?2";
            entries(connection, sql, params![after, limit])
        })
        .await
    }

    async fn ledger_end(&self) -> trackside_core::Result<(u64, LedgerDigest)> {
        self.read(end).await
    }

    async fn ledger_end_of(&self, model: &Key) -> trackside_core::Result<u64> {
        let model = model.clone();
        self.read(move |connection| end_of(connection, &model)).await
    }
}

/// Looks whether what allows a change is still so, and does the promotion that it is. To be called in the transaction of the
/// change, before anything is changed; what it returns belongs to the effects.
pub(crate) fn warranted(connection: &Connection, model: &Key, at: Timestamp, by: &Origin) -> Result<Option<Effect>> {
    let Some(warrant) = &by.warrant else { return Ok(None) };
    if end_of(connection, model)? != warrant.as_of {
        return Err(fault::registry_changed(model).into());
    }
    warrant.promotion.map(|id| promotions::done(connection, id, at)).transpose()
}

/// Adds an entry, unless nothing is otherwise. To be called in the transaction of the change.
pub(crate) fn add(
    connection: &Connection,
    model: &Key,
    action: Action,
    at: Timestamp,
    origin: Origin,
    effects: Vec<Effect>,
) -> Result<()> {
    if effects.is_empty() {
        return Ok(());
    }
    let evidence = origin.warrant.as_ref().and_then(|warrant| warrant.evidence.clone());
    let entry = NewLedgerEntry { at, model: model.clone(), action, origin, evidence, effects };
    let (seq, previous) = end(connection)?;
    let line = entry.line(seq + 1, previous);
    let renamed_to =
        entry.effects.iter().find(|effect| effect.what == Facet::Name).and_then(|effect| effect.after.as_deref());
    let sql = "INSERT INTO ledger (seq, model, renamed_to, digest, line) VALUES (?1, ?2, ?3, ?4, ?5)";
    let digest = LedgerDigest::of(&line);
    execute(connection, sql, params![integer(seq + 1), model.as_str(), renamed_to, digest.as_bytes(), line]).map(drop)
}

/// Begins the ledger of a registry that is older than it: an entry for each model there is.
pub(crate) fn begin(connection: &mut Connection, clock: &dyn Clock) -> Result<()> {
    let is_new = "SELECT 1 FROM registered_model WHERE NOT EXISTS (SELECT 1 FROM ledger) LIMIT 1";
    if number(connection, is_new, [])?.is_none() {
        return Ok(());
    }
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
    if number(&transaction, is_new, [])?.is_some() {
        let mut statement = transaction.prepare("SELECT pk FROM registered_model ORDER BY pk")?;
        let pks = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
        for pk in pks {
            found(&transaction, pk, clock.now())?;
        }
    }
    Ok(transaction.commit()?)
}

fn found(connection: &Connection, pk: i64, at: Timestamp) -> Result<()> {
    let Some(model) = registered_models::load(connection, &[pk])?.pop() else { return Ok(()) };
    let mut effects = effects::of_new_model(&model);
    let mut statement = connection.prepare_cached("SELECT pk FROM model_version WHERE model = ?1 ORDER BY number")?;
    let pks = statement.query_map([pk], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    for version in model_versions::load(connection, &pks)? {
        effects.extend(effects::of_new_version(&version));
    }
    effects.extend(effects::of_aliases(&model));
    add(connection, &model.name, Action::FindModel, at, Origin::NOBODY, effects)
}

fn entries(connection: &Connection, sql: &str, values: impl Params) -> Result<Vec<LedgerEntry>> {
    let mut statement = connection.prepare_cached(sql)?;
    let entries = statement
        .query_map(values, |row| Ok(LedgerEntry { seq: row.count(0)?, digest: digest(row, 1)?, line: row.get(2)? }))?;
    Ok(entries.collect::<rusqlite::Result<_>>()?)
}

fn end(connection: &Connection) -> Result<(u64, LedgerDigest)> {
    let mut statement = connection.prepare_cached("SELECT seq, digest FROM ledger ORDER BY seq DESC LIMIT 1")?;
    let end = statement.query_row([], |row| Ok((row.count(0)?, digest(row, 1)?))).optional()?;
    Ok(end.unwrap_or((0, LedgerDigest::NONE)))
}

fn end_of(connection: &Connection, model: &Key) -> Result<u64> {
    let sql = "SELECT max(ifnull((SELECT max(seq) FROM ledger WHERE model = ?1), 0), \
               ifnull((SELECT max(seq) FROM ledger WHERE renamed_to = ?1), 0))";
    Ok(connection.prepare_cached(sql)?.query_row([model.as_str()], |row| row.count(0))?)
}

/// A digest of another length is none that was ever taken: it is read as that of nothing, and found to be wrong.
fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<LedgerDigest> {
    let bytes: Vec<u8> = row.get(column)?;
    Ok(bytes.try_into().map_or(LedgerDigest::NONE, LedgerDigest::from_bytes))
}
