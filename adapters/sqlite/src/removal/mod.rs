//! The bin, and what leaves it for good. Elsewhere: rows of runs and logged models (`purge.rs`), experiments
//! (`experiment.rs`).

mod experiment;
mod purge;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use trackside_core::{
    ExperimentId, Result, Timestamp, fault,
    store::{Bin, BinEntry, BinItem, BinKind, BinQuery},
};

use crate::{
    SqliteStore,
    connection::open_writer,
    error,
    rows::{Columns, bound, execute, integer, number},
};

#[async_trait]
impl Bin for SqliteStore {
    async fn bin(&self, query: BinQuery) -> Result<Vec<BinEntry>> {
        self.read(move |connection| list(connection, &query)).await
    }

    async fn binned(&self, item: &BinItem) -> Result<Option<BinEntry>> {
        let item = item.clone();
        self.read(move |connection| {
            let found = Found::of(connection, &item)?;
            // Places of experiments begin with 1.
            let before = found.pk - i64::from(!matches!(item, BinItem::Experiment(_)));
            let after = u64::try_from(before).unwrap_or_default();
            let query = BinQuery { kind: kind(&item), deleted_until: None, experiment: None, after, limit: 1 };
            Ok(list(connection, &query)?.pop().filter(|entry| entry.item == item))
        })
        .await
    }

    async fn doom(&self, item: &BinItem, deleted_until: Option<Timestamp>) -> Result<()> {
        let item = item.clone();
        self.write(move |connection| {
            let found = Found::of(connection, &item)?;
            let deleted_at = found.deleted_at.ok_or_else(|| fault::not_in_bin(&item))?;
            if !found.doomed && deleted_until.is_some_and(|until| deleted_at > until) {
                return Err(fault::too_young(&item).into());
            }
            if let BinItem::Experiment(id) = item {
                require_empty(connection, id)?;
            }
            let sql = format!("UPDATE {} SET doomed = 1 WHERE {} = ?1", table(&item).name, table(&item).pk);
            execute(connection, &sql, [found.pk]).map(drop)
        })
        .await
    }

    async fn purge(&self, item: &BinItem) -> Result<bool> {
        if let BinItem::Experiment(id) = *item {
            let traces = self.write(move |connection| {
                if !Found::of(connection, &BinItem::Experiment(id))?.doomed {
                    return Err(fault::not_in_bin(&BinItem::Experiment(id)).into());
                }
                purge::traces(connection, id.get())
            });
            if traces.await? {
                return Ok(true);
            }
            let (path, config) = (self.path.clone(), self.config.clone());
            let purge = move || experiment::purge(&mut open_writer(&path, &config)?, id);
            let purged = tokio::task::spawn_blocking(purge).await;
            let purged = purged.map_err(|error| error::Failure::Panic(error.to_string())).and_then(|purged| purged);
            return Ok(purged.map(|()| false)?);
        }
        let item = item.clone();
        self.write(move |connection| {
            let found = Found::of(connection, &item)?;
            if !found.doomed {
                return Err(fault::not_in_bin(&item).into());
            }
            match item {
                BinItem::Run(_) => purge::run(connection, found.pk),
                _ => purge::logged_model(connection, found.pk),
            }
        })
        .await
    }
}

/// `Conflict` when an experiment has runs or logged models.
fn require_empty(connection: &Connection, id: ExperimentId) -> error::Result<()> {
    for children in ["run", "logged_model"] {
        let sql = format!("SELECT 1 FROM {children} WHERE experiment = ?1 LIMIT 1");
        if number(connection, &sql, [id.get()])?.is_some() {
            return Err(fault::experiment_not_empty(id).into());
        }
    }
    Ok(())
}

/// Of which sort something is.
const fn kind(item: &BinItem) -> BinKind {
    match item {
        BinItem::Run(_) => BinKind::Runs,
        BinItem::LoggedModel(_) => BinKind::LoggedModels,
        BinItem::Experiment(_) => BinKind::Experiments,
    }
}

/// Where things of a sort are.
struct Table {
    name: &'static str,
    pk: &'static str,
}

const fn table(item: &BinItem) -> Table {
    match item {
        BinItem::Run(_) => Table { name: "run", pk: "pk" },
        BinItem::LoggedModel(_) => Table { name: "logged_model", pk: "pk" },
        BinItem::Experiment(_) => Table { name: "experiment", pk: "id" },
    }
}

/// How something stands.
#[derive(Debug)]
struct Found {
    pk: i64,
    deleted_at: Option<Timestamp>,
    doomed: bool,
}

impl Found {
    /// `NotFound` when there is no such thing.
    fn of(connection: &Connection, item: &BinItem) -> error::Result<Self> {
        let Table { name, pk } = table(item);
        let sql = format!("SELECT {pk}, deleted_at, doomed IS NOT NULL FROM {name} WHERE id = ?1");
        let mut statement = connection.prepare_cached(&sql)?;
        let read = |row: &Row<'_>| {
            let deleted_at = row.get::<_, Option<i64>>(1)?.map(Timestamp::from_millis);
            Ok(Self { pk: row.get(0)?, deleted_at, doomed: row.get(2)? })
        };
        let found = match item {
            BinItem::Run(id) => statement.query_row([id.as_str()], read),
            BinItem::LoggedModel(id) => statement.query_row([id.as_str()], read),
            BinItem::Experiment(id) => statement.query_row([id.get()], read),
        };
        Ok(found.optional()?.ok_or_else(|| match item {
            BinItem::Run(id) => fault::run_not_found(id),
            BinItem::LoggedModel(id) => fault::logged_model_not_found(id),
            BinItem::Experiment(id) => fault::experiment_not_found(*id),
        })?)
    }
}

fn list(connection: &Connection, query: &BinQuery) -> error::Result<Vec<BinEntry>> {
    // The experiment of an experiment is itself. Experiments are numbered from 0, and a list begins behind 0.
    let (place, name, experiment, uri) = match query.kind {
        BinKind::Runs => ("pk", "run", "experiment", "artifact_uri"),
        BinKind::LoggedModels => ("pk", "logged_model", "experiment", "artifact_uri"),
        BinKind::Experiments => ("id + 1", "experiment", "id", "artifact_location"),
    };
    let sql = format!(
        "SELECT {place} AS place, id, deleted_at, {uri} AS uri FROM {name} WHERE deleted_at IS NOT NULL AND {place} > ?1 \
         AND (?2 IS NULL OR deleted_at <= ?2 OR doomed IS NOT NULL) AND (?3 IS NULL OR {experiment} = ?3) \
         ORDER BY {place} LIMIT ?4"
    );
    let values = params![
        integer(query.after),
        query.deleted_until.map(Timestamp::millis),
        query.experiment.map(ExperimentId::get),
        bound(query.limit),
    ];
    let entry = |row: &Row<'_>| {
        Ok(BinEntry {
            item: match query.kind {
                BinKind::Runs => BinItem::Run(row.run_id("id")?),
                BinKind::LoggedModels => BinItem::LoggedModel(row.model_id("id")?),
                BinKind::Experiments => BinItem::Experiment(ExperimentId::new(row.get("id")?)),
            },
            deleted_at: row.instant("deleted_at")?,
            artifact_uri: row.get("uri")?,
            place: row.count("place")?,
        })
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let entries = statement.query_map(values, entry)?;
    Ok(entries.collect::<rusqlite::Result<_>>()?)
}
