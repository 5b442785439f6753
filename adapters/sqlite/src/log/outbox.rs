//! The log of what happened: the trait, and reading it. Elsewhere: writing it (`recorder.rs`).

use async_trait::async_trait;
use rusqlite::{Connection, params};
use trackside_core::{
    Result, Seq,
    store::{Entry, LogRange, LogSize, Outbox},
};

use super::{entry, extent, subject};
use crate::{SqliteStore, error, error::Failure, rows::integer};

#[async_trait]
impl Outbox for SqliteStore {
    fn is_logging(&self) -> bool {
        self.recorder.is_on()
    }

    async fn log_size(&self) -> Result<LogSize> {
        self.read(extent::size).await
    }

    async fn read_log(&self, range: LogRange) -> Result<Vec<Entry>> {
        self.read(move |connection| read(connection, &range)).await
    }

    async fn wait_log(&self, after: Seq) -> Result<()> {
        let mut end = self.end.clone();
        // Waiting alone would not notice it if the entry is there already.
        end.has_changed().map_err(|_| Failure::Closed)?;
        Ok(end.wait_for(|end| *end > after).await.map(drop).map_err(|_| Failure::Closed)?)
    }

    fn refuse_writes(&self, refuse: bool) {
        self.recorder.refuse(refuse);
    }
}

const ALL: &str = "SELECT seq, at, batch FROM outbox WHERE seq > ?1 AND seq <= ?2 ORDER BY seq";
const OF_SUBJECT: &str = "SELECT seq, at, batch FROM outbox \
                          WHERE seq > ?1 AND seq <= ?2 AND subject_kind = ?3 AND subject = ?4 ORDER BY seq";

fn read(connection: &Connection, range: &LogRange) -> error::Result<Vec<Entry>> {
    // Entries behind all cursors may be there still, waiting to be removed.
    let after = range.after.max(extent::floor(connection)?.unwrap_or(Seq(u64::MAX)));
    let (after, until) = (integer(after.0), integer(range.until.map_or(u64::MAX, |until| until.0)));
    let mut statement = connection.prepare_cached(if range.subject.is_some() { OF_SUBJECT } else { ALL })?;
    let mut rows = match &range.subject {
        None => statement.query([after, until])?,
        Some(subject) => {
            let (kind, subject) = subject::columns(subject);
            statement.query(params![after, until, kind, subject])?
        }
    };
    let mut entries = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let entry = entry::read(row)?;
        bytes += entry.bytes;
        entries.push(entry);
        if bytes >= range.max_bytes {
            break;
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(sql: &str) -> String {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("../migrations/0002_log.sql")).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        for n in 1..=statement.parameter_count() {
            statement.raw_bind_parameter(n, 0).unwrap();
        }
        let mut rows = statement.raw_query();
        let mut plan = String::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push_str(&row.get::<_, String>(3).unwrap());
        }
        plan
    }

    #[test]
    fn reading_is_a_walk_along_a_key() {
        assert_eq!(plan(ALL), "SEARCH outbox USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)");
        let expected =
            "SEARCH outbox USING INDEX outbox_by_subject (subject_kind=? AND subject=? AND rowid>? AND rowid<?)";
        assert_eq!(plan(OF_SUBJECT), expected);
    }
}
