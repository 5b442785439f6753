//! Searches that follow an index: the next page costs what the first does, however many runs there are.
//!
//! By start an experiment is one lane. By a metric, param or tag the runs come in phases: those with a value,
//! those whose value is NaN, those that lack it. Of a metric the first two have a lane for each experiment, and one for
//! all series that are being added to, which no index has in order (`series/rank.rs`).

use rusqlite::Connection;
use trackside_core::{
    Key, Query,
    query::{Compare, Order, RunField, Test},
};

use super::{
    condition::conjuncts,
    merge::merge,
    phase::{Lacking, Part, Phase, Scope},
    rung::Rung,
    source::{Source, Table, metrics},
    token::Found,
};
use crate::{error::Result, owners::json_array};

/// Lanes read side by side at most. Each costs some statements.
const LANES: usize = 256;
/// Criteria of each such order: the one that was given, the start and the id.
pub(super) const WALKED_TERMS: usize = 3;

/// An order that an index gives.
#[derive(Debug, Clone, Copy)]
enum Way<'a> {
    Start { ascending: bool },
    Metric { key: &'a Key, ascending: bool },
    Text { table: Table, key: &'a Key, ascending: bool },
}

fn way(order: &[Order<RunField>]) -> Option<Way<'_>> {
    let [Order { field, ascending }] = order else { return None };
    let ascending = *ascending;
    Some(match field {
        RunField::StartedAt => Way::Start { ascending },
        RunField::Metric(key) => Way::Metric { key, ascending },
        RunField::Param(key) => Way::Text { table: Table::Param, key, ascending },
        RunField::Tag(key) => Way::Text { table: Table::Tag, key, ascending },
        _ => return None,
    })
}

/// Whether an index gives this order.
pub(super) fn is_walkable(order: &[Order<RunField>], n_experiments: usize) -> bool {
    n_experiments <= LANES && way(order).is_some()
}

/// The next rows of a search, at most so many; none when no index gives its order. All that pass the filter are among
/// those of the source, if there is one.
pub(super) fn walk(
    connection: &Connection,
    experiments: &[i64],
    query: &Query<RunField>,
    source: Option<&Source<'_>>,
    after: Option<&[Rung]>,
    n: usize,
) -> Result<Vec<Found>> {
    let scope = Scope { experiments, view: query.view, source, conjuncts: conjuncts(&query.filter) };
    let mut rows = Vec::new();
    let Some(way) = way(&query.order) else { return Ok(rows) };
    for phase in phases(connection, &scope, &query.order, way, after)? {
        if let (Part::Missing, Way::Metric { key, .. }) = (phase.part, way)
            && has_every_run(connection, experiments, key)?
        {
            break;
        }
        // What was asked for ends a phase early, and the next one begins at its beginning.
        let after = after.filter(|_| rows.is_empty()).filter(|after| phase.holds(after));
        rows.extend(merge(connection, &phase.lanes, after, n - rows.len())?);
        if rows.len() >= n {
            break;
        }
    }
    Ok(rows)
}

/// Whether no run lacks a metric. To count is much less work than to look for those that do.
fn has_every_run(connection: &Connection, experiments: &[i64], key: &Key) -> Result<bool> {
    let sql = "SELECT (SELECT count(*) FROM json_each(?1) AS e CROSS JOIN run INDEXED BY run_by_start \
               ON run.experiment = e.value) \
               = (SELECT count(*) FROM json_each(?2) AS m CROSS JOIN rank ON rank.metric = m.value) \
               + (SELECT count(*) FROM json_each(?2) AS m CROSS JOIN tail INDEXED BY tail_unranked \
               ON tail.unranked = m.value)";
    let metrics = metrics(connection, experiments, key)?;
    let lists = [json_array(experiments), json_array(&metrics)];
    Ok(connection.prepare_cached(sql)?.query_one(lists, |row| row.get(0))?)
}

/// From that of the row on, behind which the page begins.
fn phases(
    connection: &Connection,
    scope: &Scope<'_>,
    order: &[Order<RunField>],
    way: Way<'_>,
    after: Option<&[Rung]>,
) -> Result<Vec<Phase>> {
    let first = after.and_then(|after| after.first()).map_or(Part::Values, Part::of);
    // What the field ordered by must itself pass.
    let own: Vec<_> = order.first().map_or_else(Vec::new, |order| scope.tests_of(&order.field));
    let or_nan = own.iter().all(|test| matches!(test, Test::Number(Compare::NotEqual, _) | Test::Present(_)));
    let or_missing = own.iter().all(|test| matches!(test, Test::Present(false)));
    let mut phases = Vec::new();
    let mut add = |part: Part, lanes| {
        if first <= part {
            phases.push(Phase { part, lanes });
        }
    };
    match way {
        Way::Start { ascending } => add(Part::Values, scope.started(ascending)?),
        Way::Metric { key, ascending } => {
            let metrics = metrics(connection, scope.experiments, key)?;
            add(Part::Values, scope.ranked(&metrics, key, Some(ascending))?);
            if or_nan {
                add(Part::Nan, scope.ranked(&metrics, key, None)?);
            }
            if or_missing {
                add(Part::Missing, scope.lacking(Lacking::Metric, key)?);
            }
        }
        Way::Text { table, key, ascending } => {
            add(Part::Values, scope.texts(table, key, ascending)?);
            if or_missing {
                add(Part::Missing, scope.lacking(Lacking::Text(table), key)?);
            }
        }
    }
    Ok(phases)
}

#[cfg(test)]
mod tests {
    use trackside_core::query::{Filter, View};

    use super::*;
    use crate::migrate::MIGRATIONS;

    /// Of each lane of a search in two experiments.
    fn plans(order: &[Order<RunField>], filter: &Filter<RunField>, source: Option<&Source<'_>>) -> Vec<String> {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&MIGRATIONS.concat()).unwrap();
        let rows = "INSERT INTO experiment (id, name, artifact_location, created_at, updated_at) \
                    VALUES (1, 'a', '', 0, 0), (2, 'b', '', 0, 0); \
                    INSERT INTO metric (experiment, key) VALUES (1, 'k'), (2, 'k');";
        connection.execute_batch(rows).unwrap();
        let scope = Scope { experiments: &[1, 2], view: View::Active, source, conjuncts: conjuncts(filter) };
        let phases = phases(&connection, &scope, order, way(order).unwrap(), None).unwrap();
        phases.iter().flat_map(|phase| &phase.lanes).map(|lane| lane.plan(&connection)).collect()
    }

    fn key() -> Key {
        Key::new("k").unwrap()
    }

    #[test]
    fn no_lane_sorts_what_an_index_has_in_order() {
        let is = |field| Filter::Field(field, Test::Text(Compare::Equal, "x".to_owned()));
        let filter = Filter::Any(vec![
            is(RunField::Param(key())),
            is(RunField::Id),
            Filter::Field(RunField::Metric(key()), Test::Number(Compare::Less, 1.0)),
        ]);
        let (text, ids) = (["x".to_owned()], ["y".to_owned()]);
        let key_of_param = key();
        let of_param = Source::Values { table: Table::Param, key: &key_of_param, values: &text };
        let of_metric = Source::Metric { metrics: vec![1, 2], compare: Compare::Less, number: 1.0 };
        for source in [None, Some(Source::Ids(&ids)), Some(of_param), Some(of_metric)] {
            for field in [RunField::StartedAt, RunField::Metric(key()), RunField::Param(key())] {
                for ascending in [false, true] {
                    for plan in plans(&[Order { field: field.clone(), ascending }], &filter, source.as_ref()) {
                        let sorted = plan.lines().find(|step| step.contains("TEMP B-TREE"));
                        // Hot ones, those a source has, those with NaN, and ties.
                        let may_sort = plan.contains("tail_unranked (unranked=?)")
                            || plan.contains("run USING INTEGER PRIMARY KEY (rowid=?)") && source.is_some()
                            || plan.contains("SEARCH r USING PRIMARY KEY (metric=? AND is_nan=?)")
                            || sorted.is_some_and(|step| step.starts_with("USE TEMP B-TREE FOR LAST "));
                        assert!(sorted.is_none() || may_sort, "{plan}");
                        let scanned =
                            plan.lines().find(|step| step.contains("SCAN") && !step.contains("VIRTUAL TABLE"));
                        assert_eq!(scanned, None, "{plan}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_condition_on_the_metric_ordered_by_is_a_range_of_its_index() {
        let metric = || RunField::Metric(key());
        let filter = Filter::Field(metric(), Test::Number(Compare::Greater, 0.5));
        let plans = plans(&[Order { field: metric(), ascending: false }], &filter, None);
        let range = "SEARCH r USING PRIMARY KEY (metric=? AND is_nan=? AND value>? AND value<?)";
        assert_eq!(plans.iter().filter(|plan| plan.contains(range)).count(), 2, "{plans:#?}");
        assert_eq!(plans.len(), 3, "neither NaN nor what is missing passes");
    }
}
