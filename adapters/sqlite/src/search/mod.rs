//! Searches: a query tree becomes SQL that finds the primary keys of a page.
//!
//! The same code serves everything that can be searched; a file per kind of thing maps its fields to columns
//! (`run.rs`, `experiment.rs`, …). Values of the tree are bound, never written into the text. A page begins behind the
//! last row of the one before (`token.rs`).
//!
//! Of runs there may be many. Theirs goes through an index in the order asked for (`walk.rs`), unless few can pass the
//! filter (`source.rs`).

mod binds;
mod condition;
mod evaluation_dataset;
mod experiment;
mod lane;
mod logged_model;
mod measure;
mod merge;
mod model_version;
mod order;
mod phase;
mod place;
mod registered_model;
mod run;
mod rung;
mod source;
mod token;
mod trace;
mod walk;

use std::fmt::Debug;

use rusqlite::{Connection, params_from_iter};
use trackside_core::{Lifecycle, Page, PageRequest, Query, query::View};

pub(crate) use self::run::find_runs;
use self::{
    binds::Binds,
    condition::condition,
    order::Order,
    place::Place,
    rung::Rung,
    token::{Found, Mark},
};
use crate::{error::Result, owners::json_array};

/// A column that always has a value, and whether the smallest comes first.
type Column = (&'static str, bool);

/// A kind of thing that can be searched, known by the type of its fields.
trait Searchable: Debug {
    /// Its table, with others that its columns need.
    const FROM: &'static str;
    /// Its primary key.
    const KEY: &'static str;
    /// The order when none is given.
    const DEFAULT_ORDER: &'static [Column];
    /// What decides between rows that are equal in the order given.
    const TIES: &'static [Column];

    /// Where the value of this field is. `alias` names the row of another table that holds it, if there is one.
    fn place(&self, alias: &str, binds: &mut Binds) -> Place;
    /// Where a filter finds the values of a field that has several, any of which may pass a test.
    fn tested(&self, alias: &str, binds: &mut Binds) -> Place {
        self.place(alias, binds)
    }
    /// `Invalid` when the field holds tests of its own that cannot be put.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A search under construction: conditions besides those of the query.
#[derive(Debug, Default)]
pub(crate) struct Search {
    conditions: Vec<String>,
    binds: Binds,
}

impl Search {
    /// Only what belongs to these experiments; nothing when there are none.
    pub(crate) fn in_experiments(&mut self, column: &str, experiments: &[i64]) {
        self.conditions.push(match experiments[..] {
            // An equality, unlike a list, lets an index on experiment and start give the order.
            [id] => format!("{column} = {}", self.binds.bind(id)),
            _ => format!("{column} IN (SELECT value FROM json_each({}))", self.binds.bind(json_array(experiments))),
        });
    }

    /// Only what a row of another table, with `owner` and `experiment`, links to any of these experiments.
    pub(crate) fn linked_to_experiments(&mut self, column: &str, link: &str, experiments: &[i64]) {
        let experiments = self.binds.bind(json_array(experiments));
        self.conditions.push(format!(
            "{column} IN (SELECT owner FROM {link} WHERE experiment IN (SELECT value FROM json_each({experiments})))"
        ));
    }

    /// Only what is in these stages of its life.
    pub(crate) fn in_view(&mut self, deleted_at: &str, view: View) {
        self.conditions.extend(in_view(deleted_at, view));
    }

    /// Runs the search, for a page of primary keys. `Invalid` when the token is not ours or belongs to another order,
    /// or a field cannot be tested or ordered so.
    #[expect(private_bounds, reason = "the kinds of things are known to this module alone")]
    pub(crate) fn find<F: Searchable>(
        mut self,
        connection: &Connection,
        query: &Query<F>,
        page: &PageRequest,
    ) -> Result<Page<i64>> {
        let mark = Mark::of(F::FROM, &query.order);
        let order = Order::of(&query.order, &mut self.binds)?;
        let after = token::parse(page.after.as_ref(), &mark, order.terms.len())?;
        let sql = self.sql(query, &order, after.as_deref(), page.limit)?;
        let rows = found(connection, &sql, &self.binds, order.terms.len())?;
        Ok(token::page(rows, page.limit, &mark, after.as_deref()))
    }

    fn sql<F: Searchable>(
        &mut self,
        query: &Query<F>,
        order: &Order,
        after: Option<&[Rung]>,
        limit: usize,
    ) -> Result<String> {
        self.conditions.push(condition(&query.filter, &mut self.binds)?);
        if let Some(after) = after {
            self.conditions.push(order.behind(after, &mut self.binds));
        }
        Ok(format!(
            "SELECT {}, {} FROM {}{} WHERE {} ORDER BY {} LIMIT {}",
            F::KEY,
            order.columns(),
            F::FROM,
            order.joins,
            self.conditions.join(" AND "),
            order.by(),
            // One more than the page holds, to see whether there is a next one.
            self.binds.bind(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)),
        ))
    }
}

fn in_view(deleted_at: &str, view: View) -> Option<String> {
    match view.only()? {
        Lifecycle::Active => Some(format!("{deleted_at} IS NULL")),
        Lifecycle::Deleted => Some(format!("{deleted_at} IS NOT NULL")),
    }
}

/// The rows of a statement that selects a primary key and two columns for each rung.
fn found(connection: &Connection, sql: &str, binds: &Binds, n_rungs: usize) -> Result<Vec<Found>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params_from_iter(binds.values()), |row| {
        let rungs = (0..n_rungs).map(|n| Rung::read(row, 1 + 2 * n)).collect::<rusqlite::Result<_>>()?;
        Ok(Found { key: row.get(0)?, rungs })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use trackside_core::{
        Key,
        query::{Compare, DatasetField, Filter, LoggedModelField, Order, RunField, Test},
    };

    use super::*;
    use crate::migrate::MIGRATIONS;

    fn plan<F: Searchable>(mut search: Search, query: &Query<F>) -> String {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&MIGRATIONS.concat()).unwrap();
        let order = super::Order::of(&query.order, &mut search.binds).unwrap();
        let sql = search.sql(query, &order, None, 10).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let binds = params_from_iter(search.binds.values());
        let steps = statement.query_map(binds, |row| row.get::<_, String>(3)).unwrap();
        steps.collect::<rusqlite::Result<Vec<_>>>().unwrap().join("\n")
    }

    fn runs_of(experiments: &[i64]) -> Search {
        let mut search = Search::default();
        search.in_experiments("run.experiment", experiments);
        search.in_view("run.deleted_at", View::Active);
        search
    }

    fn key(text: &str) -> Key {
        Key::new(text).unwrap()
    }

    fn is<F>(field: F) -> Filter<F> {
        Filter::Field(field, Test::Text(Compare::Equal, "x".to_owned()))
    }

    #[test]
    fn the_latest_runs_of_an_experiment_need_no_sorting() {
        let filter = Filter::Field(RunField::Metric(key("accuracy")), Test::Number(Compare::Greater, 0.9));
        let plan = plan(runs_of(&[1]), &Query { filter, ..Query::default() });
        assert!(plan.contains("run_by_start") && !plan.contains("TEMP B-TREE"), "{plan}");
    }

    #[test]
    fn no_field_makes_a_search_of_runs_scan_a_table() {
        let filter = Filter::All(vec![
            is(RunField::Param(key("p"))),
            is(RunField::Tag(key("t"))),
            is(RunField::Dataset(DatasetField::Digest)),
            is(RunField::Dataset(DatasetField::Context)),
            Filter::Field(RunField::Metric(key("m")), Test::Number(Compare::NotEqual, 1.0)),
        ]);
        let fields = [RunField::Metric(key("m")), RunField::Param(key("p")), RunField::Tag(key("t"))];
        let order = fields.map(|field| Order { field, ascending: false }).into();
        let plan = plan(runs_of(&[1, 2]), &Query { filter, order, ..Query::default() });
        let scanned: Vec<_> =
            plan.lines().filter(|step| step.contains("SCAN") && !step.contains("json_each")).collect();
        assert!(scanned.is_empty(), "{plan}");
    }

    #[test]
    fn the_latest_metric_of_a_model_is_found_by_index() {
        let metric = || LoggedModelField::Metric { key: key("m"), datasets: vec![("d".to_owned(), None)] };
        let filter = Filter::Field(metric(), Test::Number(Compare::Greater, 0.5));
        let order = vec![Order { field: metric(), ascending: true }];
        let plan = plan(Search::default(), &Query { filter, order, ..Query::default() });
        assert_eq!(plan.matches("model_metric_identity (model=? AND key=?)").count(), 2, "{plan}");
    }
}
