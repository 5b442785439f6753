//! One thread that writes what has gathered in one transaction; reading is for checks only.

use std::{path::Path, thread};

use anyhow::Context as _;
use rusqlite::{Connection, params};
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS run (id TEXT PRIMARY KEY, experiment TEXT, name TEXT, started_at INTEGER) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS point (
        run TEXT, key TEXT, time INTEGER, step INTEGER, value REAL, PRIMARY KEY (run, key, time, step, value)
    ) WITHOUT ROWID;
";
/// Writes that may wait, and that share a transaction.
const GROUP: usize = 512;

/// A row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Point {
    pub(super) key: String,
    pub(super) value: f64,
    #[serde(rename = "timestamp")]
    pub(super) time: i64,
    #[serde(default)]
    pub(super) step: i64,
}

/// What is to be written.
#[derive(Debug)]
pub(super) enum Write {
    Run { id: String, experiment: String, name: String, started_at: i64 },
    Points { run: String, points: Vec<Point> },
}

type Queued = (Write, oneshot::Sender<()>);

/// The way to the thread.
#[derive(Debug, Clone)]
pub(super) struct Database {
    queue: mpsc::Sender<Queued>,
    path: std::path::PathBuf,
}

impl Database {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        let (queue, mut waiting) = mpsc::channel::<Queued>(GROUP);
        thread::Builder::new().name("writer".to_owned()).spawn(move || {
            while let Some(first) = waiting.blocking_recv() {
                let mut group = vec![first];
                while group.len() < GROUP
                    && let Ok(next) = waiting.try_recv()
                {
                    group.push(next);
                }
                // Who is not answered takes the connection for broken, which voids the measurement.
                if write(&mut connection, &group).is_ok() {
                    for (_, done) in group {
                        done.send(()).ok();
                    }
                }
            }
        })?;
        Ok(Self { queue, path: path.to_owned() })
    }

    /// Returns once it is on the disk.
    pub(super) async fn write(&self, write: Write) -> anyhow::Result<()> {
        let (done, answer) = oneshot::channel();
        self.queue.send((write, done)).await?;
        answer.await.context("the write failed")
    }

    /// Points of a metric, or of all metrics, in order.
    pub(super) fn points(&self, run: &str, key: Option<&str>) -> anyhow::Result<Vec<Point>> {
        let connection = Connection::open(&self.path)?;
        let sql = "SELECT key, value, time, step FROM point WHERE run = ?1 AND key = ifnull(?2, key) ORDER BY key, time, step";
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map(params![run, key], |row| {
            Ok(Point { key: row.get(0)?, value: row.get(1)?, time: row.get(2)?, step: row.get(3)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many runs an experiment has.
    pub(super) fn n_runs(&self, experiment: &str) -> anyhow::Result<u64> {
        let connection = Connection::open(&self.path)?;
        let sql = "SELECT count(*) FROM run WHERE experiment = ?1";
        let n_runs: i64 = connection.query_one(sql, [experiment], |row| row.get(0))?;
        Ok(n_runs.cast_unsigned())
    }
}

fn write(connection: &mut Connection, group: &[Queued]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut point = transaction.prepare_cached("INSERT OR IGNORE INTO point VALUES (?1, ?2, ?3, ?4, ?5)")?;
        let mut run = transaction.prepare_cached("INSERT INTO run VALUES (?1, ?2, ?3, ?4)")?;
        for (write, _) in group {
            match write {
                Write::Run { id, experiment, name, started_at } => {
                    run.execute(params![id, experiment, name, started_at])?;
                }
                Write::Points { run, points } => {
                    for Point { key, value, time, step } in points {
                        point.execute(params![run, key, time, step, value])?;
                    }
                }
            }
        }
    }
    transaction.commit()
}
