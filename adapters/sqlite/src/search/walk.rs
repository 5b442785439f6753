//! Searches that follow an index: the next page costs what the first does, however many runs there are.
//!
//! By start or by id an experiment is one lane. By a metric the runs come in three phases: those with a value, those
//! whose value is NaN, those that lack the metric. The first two have a lane for each experiment, and one for all
//! series that are being added to, which no index has in order (`series/rank.rs`).

use rusqlite::Connection;
use trackside_core::{
    Key, Query,
    query::{Compare, Filter, Order, RunField, Test, View},
};

use super::{
    binds::Binds,
    condition::{condition, conjuncts, leaf},
    in_view,
    lane::{Index, Lane, Lead},
    merge::merge,
    place::{Kind, Place},
    rung::Rung,
    source::metrics,
    token::Found,
};
use crate::{error::Result, owners::json_array};

/// Lanes read side by side at most. Each costs some statements.
const LANES: usize = 256;

/// An order that an index gives.
#[derive(Debug, Clone, Copy)]
enum Way<'a> {
    Start { ascending: bool },
    Id { ascending: bool },
    Metric { key: &'a Key, ascending: bool },
}

/// The next rows of a search, at most so many; `None` when no index gives its order.
pub(super) fn walk(
    connection: &Connection,
    experiments: &[i64],
    query: &Query<RunField>,
    after: Option<&[Rung]>,
    n: usize,
) -> Result<Option<Vec<Found>>> {
    let Some(way) = way(&query.order).filter(|_| experiments.len() <= LANES) else { return Ok(None) };
    let mut rows = Vec::new();
    for phase in phases(connection, experiments, query, way, after)? {
        // What was asked for ends a phase early, and the next one begins at its beginning.
        let after = after.filter(|_| rows.is_empty()).filter(|after| phase.holds(after));
        rows.extend(merge(connection, &phase.lanes, after, n - rows.len())?);
        if rows.len() >= n {
            break;
        }
    }
    Ok(Some(rows))
}

/// Whether an index gives this order.
pub(super) fn is_walkable(order: &[Order<RunField>], n_experiments: usize) -> bool {
    n_experiments <= LANES && way(order).is_some()
}

fn way(order: &[Order<RunField>]) -> Option<Way<'_>> {
    match order {
        [] => Some(Way::Start { ascending: false }),
        [Order { field: RunField::StartedAt, ascending }] => Some(Way::Start { ascending: *ascending }),
        [Order { field: RunField::Id, ascending }] => Some(Way::Id { ascending: *ascending }),
        [Order { field: RunField::Metric(key), ascending }] => Some(Way::Metric { key, ascending: *ascending }),
        _ => None,
    }
}

/// Rows that come before those of the next phase.
#[derive(Debug)]
struct Phase {
    kind: Part,
    lanes: Vec<Lane>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Values,
    Nan,
    Missing,
}

impl Part {
    fn of(rung: &Rung) -> Self {
        match rung {
            Rung::Nan => Self::Nan,
            Rung::Missing => Self::Missing,
            Rung::Integer(_) | Rung::Real(_) | Rung::Text(_) => Self::Values,
        }
    }
}

impl Phase {
    fn holds(&self, row: &[Rung]) -> bool {
        row.first().is_some_and(|rung| Part::of(rung) == self.kind)
    }
}

/// From that of the row behind which the page begins.
fn phases(
    connection: &Connection,
    experiments: &[i64],
    query: &Query<RunField>,
    way: Way<'_>,
    after: Option<&[Rung]>,
) -> Result<Vec<Phase>> {
    let (key, ascending) = match way {
        Way::Start { ascending } => {
            let index = if ascending { Index::TiesReversed } else { Index::Exact };
            let lead = Lead::Column { name: "run.started_at", ascending };
            let lanes = whole("run INDEXED BY run_by_start", experiments, query, &lead, index, None)?;
            return Ok(vec![Phase { kind: Part::Values, lanes }]);
        }
        Way::Id { ascending } => {
            let lead = Lead::Column { name: "run.id", ascending };
            let lanes = whole("run INDEXED BY run_by_id", experiments, query, &lead, Index::Exact, None)?;
            return Ok(vec![Phase { kind: Part::Values, lanes }]);
        }
        Way::Metric { key, ascending } => (key, ascending),
    };
    let first = after.and_then(|after| after.first()).map_or(Part::Values, Part::of);
    let metrics = metrics(connection, experiments, key)?;
    let conjuncts = conjuncts(&query.filter);
    let own: Vec<_> = conjuncts.iter().filter_map(|part| on_metric(part, key)).collect();
    let mut phases = Vec::new();
    if first <= Part::Values {
        let lanes = ranked(&metrics, query, &conjuncts, key, Part::Values, ascending)?;
        phases.push(Phase { kind: Part::Values, lanes });
    }
    if first <= Part::Nan
        && own.iter().all(|test| matches!(test, Test::Number(Compare::NotEqual, _) | Test::Present(_)))
    {
        let lanes = ranked(&metrics, query, &conjuncts, key, Part::Nan, ascending)?;
        phases.push(Phase { kind: Part::Nan, lanes });
    }
    if own.iter().all(|test| matches!(test, Test::Present(false))) {
        let lead = Lead::Same(Rung::Missing);
        let lanes = whole("run INDEXED BY run_by_id", experiments, query, &lead, Index::Exact, Some(key))?;
        phases.push(Phase { kind: Part::Missing, lanes });
    }
    Ok(phases)
}

/// A test that the metric itself must pass.
fn on_metric<'a>(part: &&'a Filter<RunField>, key: &Key) -> Option<&'a Test> {
    match part {
        Filter::Field(RunField::Metric(metric), test) if metric == key => Some(test),
        _ => None,
    }
}

/// A lane over all runs of each experiment, or those that lack a metric.
fn whole(
    from: &'static str,
    experiments: &[i64],
    query: &Query<RunField>,
    lead: &Lead,
    index: Index,
    lacks: Option<&Key>,
) -> Result<Vec<Lane>> {
    let mut binds = Binds::default();
    let mut conditions = format!("run.experiment = {}{}", binds.bind(0_i64), viewed(query.view));
    if let Some(key) = lacks {
        let key = binds.bind(key.as_str().to_owned());
        conditions += &format!(" AND NOT EXISTS (SELECT 1 FROM series WHERE run = +run.pk AND key = {key})");
    }
    conditions += &format!(" AND {}", condition(&query.filter, &mut binds)?);
    let lane = Lane { from, conditions, binds, lead: lead.clone(), id: "run.id", index };
    Ok(experiments.iter().map(|experiment| of(&lane, *experiment)).collect())
}

/// Lanes over the runs with a value, or with NaN.
fn ranked(
    metrics: &[i64],
    query: &Query<RunField>,
    conjuncts: &[&Filter<RunField>],
    key: &Key,
    part: Part,
    ascending: bool,
) -> Result<Vec<Lane>> {
    let lead = |name| match part {
        Part::Values => Lead::Column { name, ascending },
        Part::Nan | Part::Missing => Lead::Same(Rung::Nan),
    };
    let is_nan = u8::from(part == Part::Nan);

    let mut binds = Binds::default();
    let mut conditions = format!("r.metric = {} AND r.is_nan = {is_nan}{}", binds.bind(0_i64), viewed(query.view));
    conditions += &passed(conjuncts, key, "r.value", "r.is_nan", &mut binds)?;
    let from = "rank AS r CROSS JOIN run ON run.pk = r.run";
    let index = if ascending || part == Part::Nan { Index::Exact } else { Index::TiesReversed };
    let lane = Lane { from, conditions, binds, lead: lead("r.value"), id: "r.id", index };
    let mut lanes: Vec<_> = metrics.iter().map(|metric| of(&lane, *metric)).collect();

    let mut binds = Binds::default();
    let among = format!("(SELECT value FROM json_each({}))", binds.bind(json_array(metrics)));
    let mut conditions = format!("t.unranked IN {among} AND (t.last_is_nan > 0) = {is_nan}{}", viewed(query.view));
    conditions += &passed(conjuncts, key, "t.last_value", "(t.last_is_nan > 0)", &mut binds)?;
    let from = "tail AS t INDEXED BY tail_unranked CROSS JOIN series AS s ON s.pk = t.series \
                CROSS JOIN run ON run.pk = s.run";
    let index = Index::None;
    lanes.push(Lane { from, conditions, binds, lead: lead("t.last_value"), id: "run.id", index });
    Ok(lanes)
}

fn viewed(view: View) -> String {
    in_view("run.deleted_at", view).map(|condition| format!(" AND {condition}")).unwrap_or_default()
}

fn of(lane: &Lane, first: i64) -> Lane {
    let mut lane = lane.clone();
    lane.binds.set_first(first);
    lane
}

/// The filter, where the value of a metric is at hand.
fn passed(conjuncts: &[&Filter<RunField>], key: &Key, value: &str, is_nan: &str, binds: &mut Binds) -> Result<String> {
    let place = Place { kind: Kind::NumberOrNan(is_nan.to_owned()), ..Place::number(value) };
    conjuncts.iter().try_fold(String::new(), |all, part| {
        let one = match on_metric(part, key) {
            Some(test) => leaf(&place, test, binds)?,
            None => condition(part, binds)?,
        };
        Ok(all + " AND " + &one)
    })
}
