//! Runs: their fields, and how a page of them is found.

use rusqlite::Connection;
use trackside_core::{
    ExperimentId, Page, PageRequest, Query,
    query::{DatasetField, Order, RunField, View},
};

use super::{
    Column, Search, Searchable,
    binds::Binds,
    condition::conjuncts,
    place::{Joined, Kind, Place},
    source::{Source, count_runs, fewest},
    token::{self, Mark},
    walk::{WALKED_TERMS, is_walkable, walk},
};
use crate::{error::Result, owners::json_array};

/// Where no index gives the order, so many times as many runs are still few.
const UNORDERED: i64 = 25;
/// Rows of an index that are passed over in the time that it takes to read and to sort one: some ten, but other parts of
/// the filter have more of them passed over.
const PASSED: i64 = 5;

/// Finds a page of the runs of these experiments. `Invalid` when the token is not ours or belongs to another order, or a
/// field cannot be tested or ordered so. A filter that leaves fewer than `few` runs is answered from these.
pub(crate) fn find_runs(
    connection: &Connection,
    experiments: Vec<ExperimentId>,
    query: &Query<RunField>,
    page: &PageRequest,
    few: u32,
) -> Result<Page<i64>> {
    let query = &Query { order: essential(&query.order), ..query.clone() };
    let mut experiments: Vec<_> = experiments.into_iter().map(ExperimentId::get).collect();
    experiments.sort_unstable();
    experiments.dedup();
    let is_walkable = is_walkable(&query.order, experiments.len());
    // Each lane of a walk looks them up.
    let lanes = i64::try_from(experiments.len()).unwrap_or(i64::MAX).max(1);
    let most = if is_walkable { i64::from(few) / lanes } else { i64::from(few) * UNORDERED };
    let source = fewest(connection, &experiments, &conjuncts(&query.filter), most)?;
    let sorts = match &source {
        _ if !is_walkable => true,
        Some((_, n)) => is_sorted_sooner(connection, &experiments, *n, page.limit)?,
        None => false,
    };
    let source = source.map(|(source, _)| source);
    if sorts {
        return among(&experiments, source.as_ref(), query.view).find(connection, query, page);
    }
    let mark = Mark::of(RunField::FROM, &query.order);
    let after = token::parse(page.after.as_ref(), &mark, WALKED_TERMS)?;
    let n = page.limit.saturating_add(1);
    let rows = walk(connection, &experiments, query, source.as_ref(), after.as_deref(), n)?;
    Ok(token::page(rows, page.limit, &mark, after.as_deref()))
}

/// An order without what the ties go by anyway, which MLflow's clients have behind every other criterion.
fn essential(order: &[Order<RunField>]) -> Vec<Order<RunField>> {
    let mut order = order.to_vec();
    let by_start = Order { field: RunField::StartedAt, ascending: false };
    while order.len() > 1 && order.last() == Some(&by_start) {
        order.pop();
    }
    if order.is_empty() { vec![by_start] } else { order }
}

/// Whether so many runs are read and sorted sooner than as many are met on the way as a page holds.
fn is_sorted_sooner(connection: &Connection, experiments: &[i64], n: i64, limit: usize) -> Result<bool> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX).max(1);
    // All runs are passed for `n`, hence `runs / n` for one.
    let least = n.saturating_mul(n).saturating_mul(PASSED) / limit;
    Ok(count_runs(connection, experiments, least.saturating_add(1))? > least)
}

/// The runs of these experiments, or those of them that a source has.
fn among(experiments: &[i64], source: Option<&Source<'_>>, view: View) -> Search {
    let mut search = Search::default();
    if let Some(source) = source {
        let source = source.sql(experiments, &mut search.binds);
        // No index on the experiment: the source has few runs.
        let ids = search.binds.bind(json_array(experiments));
        let column = "+run.experiment";
        search.conditions.push(format!("run.pk IN ({source}) AND {column} IN (SELECT value FROM json_each({ids}))"));
    } else {
        search.in_experiments("run.experiment", experiments);
    }
    search.in_view("run.deleted_at", view);
    search
}

impl Searchable for RunField {
    const FROM: &'static str = "run";
    const KEY: &'static str = "run.pk";
    const DEFAULT_ORDER: &'static [Column] = &[("run.started_at", false), ("run.id", true)];
    const TIES: &'static [Column] = Self::DEFAULT_ORDER;

    fn place(&self, alias: &str, binds: &mut Binds) -> Place {
        match self {
            Self::Id => Place::text("run.id"),
            Self::Name => Place::text("run.name"),
            Self::User => Place::text("run.user"),
            Self::Status => Place::text("run.status"),
            Self::ArtifactUri => Place::text("run.artifact_uri"),
            Self::StartedAt => Place::number("run.started_at"),
            Self::EndedAt => Place::number("run.ended_at"),
            Self::Metric(key) => {
                let key = binds.bind(key.as_str().to_owned());
                let on = format!("{alias}.run = run.pk AND {alias}.key = {key}");
                // Its latest point is with its tail while it has one.
                let with = format!(" LEFT JOIN tail AS {alias}t ON {alias}t.series = {alias}.pk");
                let joined = Joined { table: format!("series AS {alias}"), on, with, many: false };
                let latest = |column| format!("ifnull({alias}t.last_{column}, {alias}.last_{column})");
                let kind = Kind::NumberOrNan(format!("({} > 0)", latest("is_nan")));
                Place { kind, ..Place::number(&latest("value")).of(joined) }
            }
            Self::Param(key) => Place::key_value("run_param", alias, "run.pk", &binds.bind(key.as_str().to_owned())),
            Self::Tag(key) => Place::key_value("run_tag", alias, "run.pk", &binds.bind(key.as_str().to_owned())),
            Self::Dataset(field) => dataset(*field),
        }
    }
}

fn dataset(field: DatasetField) -> Place {
    let (table, on, value) = match field {
        DatasetField::Name => ("dataset AS d", "d.pk = i.dataset", "d.name"),
        DatasetField::Digest => ("dataset AS d", "d.pk = i.dataset", "d.digest"),
        DatasetField::Context => {
            ("dataset_input_tag AS t", "t.owner = i.pk AND t.key = 'mlflow.data.context'", "t.value")
        }
    };
    let table = format!("dataset_input AS i JOIN {table} ON {on}");
    Place::text(value).of(Joined { table, on: "i.run = run.pk".to_owned(), with: String::new(), many: true })
}
