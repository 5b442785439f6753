//! Where the few runs come from that can pass a filter.
//!
//! To follow an index until enough rows pass takes long when few do, less when it need only look whether a run is among
//! those few; to read all that can pass and to sort them takes long when many do. Which it is, is counted, and no
//! further than it takes to know.

use rusqlite::{Connection, params, params_from_iter};
use trackside_core::{
    Key,
    query::{Compare, Filter, RunField, Test},
};

use super::{binds::Binds, condition::operator};
use crate::{error::Result, owners::json_array};

/// So many parts of a filter are looked at.
const PARTS: usize = 8;

/// Tables of keys and values of runs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Table {
    Param,
    Tag,
}

impl Table {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Param => "run_param",
            Self::Tag => "run_tag",
        }
    }
}

/// What an index knows of a part of a filter: at least all runs that pass it.
#[derive(Debug)]
pub(super) enum Source<'a> {
    /// Runs of these ids.
    Ids(&'a [String]),
    /// Runs with one of these values in a table of keys and values.
    Values { table: Table, key: &'a Key, values: &'a [String] },
    /// Runs with such a latest value, and those being added to.
    Metric { metrics: Vec<i64>, compare: Compare, number: f64 },
}

/// Looks for the source of the fewest runs, fewer than `most`; and how many it has.
pub(super) fn fewest<'a>(
    connection: &Connection,
    experiments: &[i64],
    parts: &[&'a Filter<RunField>],
    most: i64,
) -> Result<Option<(Source<'a>, i64)>> {
    let mut best: Option<(Source<'a>, i64)> = None;
    let mut n_looked_at = 0;
    for part in parts {
        let Some(source) = of(connection, experiments, part)? else { continue };
        n_looked_at += 1;
        if n_looked_at > PARTS {
            break;
        }
        let least = best.as_ref().map_or(most, |(_, n)| *n);
        let n = source.count(connection, experiments, least)?;
        if n < least {
            best = Some((source, n));
        }
    }
    Ok(best)
}

/// How many runs there are, or so many.
pub(super) fn count_runs(connection: &Connection, experiments: &[i64], most: i64) -> Result<i64> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM json_each(?1) AS e CROSS JOIN run INDEXED BY run_by_start \
               ON run.experiment = e.value LIMIT ?2)";
    Ok(connection.prepare_cached(sql)?.query_one(params![json_array(experiments), most], |row| row.get(0))?)
}

fn of<'a>(connection: &Connection, experiments: &[i64], part: &'a Filter<RunField>) -> Result<Option<Source<'a>>> {
    let Filter::Field(field, test) = part else { return Ok(None) };
    let values = match test {
        Test::Text(Compare::Equal, text) => std::slice::from_ref(text),
        Test::OneOf { values, negated: false } => values,
        _ => &[],
    };
    Ok(match (field, test) {
        (RunField::Metric(_), Test::Number(Compare::NotEqual, _)) => None,
        (RunField::Metric(key), Test::Number(compare, number)) if !number.is_nan() => {
            let metrics = metrics(connection, experiments, key)?;
            Some(Source::Metric { metrics, compare: *compare, number: *number })
        }
        _ if values.is_empty() => None,
        (RunField::Id, _) => Some(Source::Ids(values)),
        (RunField::Param(key), _) => Some(Source::Values { table: Table::Param, key, values }),
        (RunField::Tag(key), _) => Some(Source::Values { table: Table::Tag, key, values }),
        _ => None,
    })
}

impl Source<'_> {
    /// The query for their primary keys.
    pub(super) fn sql(&self, experiments: &[i64], binds: &mut Binds) -> String {
        match self {
            Self::Ids(ids) => format!("SELECT pk FROM run WHERE id IN {}", binds.bind_set(ids)),
            Self::Values { table, key, values } => {
                let table = table.name();
                let (key, experiments) = (binds.bind(key.as_str().to_owned()), binds.bind(json_array(experiments)));
                let values = binds.bind(serde_json::Value::from(*values).to_string());
                format!(
                    "SELECT p.owner FROM json_each({experiments}) AS e CROSS JOIN json_each({values}) AS v \
                     CROSS JOIN {table} AS p INDEXED BY {table}_by_value ON p.experiment = e.value AND p.key = {key} \
                     AND substr(p.value, 1, 64) = substr(v.value, 1, 64)"
                )
            }
            Self::Metric { metrics, compare, number } => {
                let (metrics, number) = (binds.bind(json_array(metrics)), binds.bind(*number));
                let operator = operator(*compare);
                format!(
                    "SELECT r.run FROM json_each({metrics}) AS m CROSS JOIN rank AS r ON r.metric = m.value \
                     AND r.is_nan = 0 AND r.value {operator} {number} \
                     UNION ALL SELECT s.run FROM json_each({metrics}) AS m CROSS JOIN tail AS t \
                     INDEXED BY tail_unranked ON t.unranked = m.value CROSS JOIN series AS s ON s.pk = t.series"
                )
            }
        }
    }

    /// How many there are, or so many.
    fn count(&self, connection: &Connection, experiments: &[i64], most: i64) -> Result<i64> {
        if let Self::Ids(ids) = self {
            return Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX));
        }
        let mut binds = Binds::default();
        let sql = self.sql(experiments, &mut binds);
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM ({sql}) LIMIT {})", binds.bind(most));
        Ok(connection.prepare_cached(&sql)?.query_one(params_from_iter(binds.values()), |row| row.get(0))?)
    }
}

/// The numbers of a metric, one for each experiment that has it.
pub(super) fn metrics(connection: &Connection, experiments: &[i64], key: &Key) -> Result<Vec<i64>> {
    let sql = "SELECT metric.pk FROM json_each(?1) AS e CROSS JOIN metric \
               ON metric.experiment = e.value AND metric.key = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map(params![json_array(experiments), key.as_str()], |row| row.get(0))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
