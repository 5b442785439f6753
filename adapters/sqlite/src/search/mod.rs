//! Searches: a query tree becomes one SQL statement that finds the primary keys of a page.
//!
//! The same code serves everything that can be searched; a file per kind of thing maps its fields to columns
//! (`run.rs`, `experiment.rs`, …). Values of the tree are bound, never written into the text.

mod binds;
mod condition;
mod experiment;
mod logged_model;
mod model_version;
mod order;
mod place;
mod registered_model;
mod run;
mod window;

use rusqlite::{Connection, params_from_iter};
use trackside_core::{ExperimentId, Lifecycle, PageRequest, PageToken, Query, query::View};

pub(crate) use self::window::Window;
use self::{binds::Binds, condition::condition, order::order, place::Place};
use crate::{error::Result, owners::json_array};

/// A kind of thing that can be searched, known by the type of its fields.
trait Searchable {
    /// Its table, with others that its columns need.
    const FROM: &'static str;
    /// Its primary key.
    const KEY: &'static str;
    /// The order when none is given.
    const DEFAULT_ORDER: &'static str;
    /// What decides between rows that are equal in the order given.
    const TIES: &'static str;

    /// Where the value of this field is. `alias` names the row of another table that holds it, if there is one.
    fn place(&self, alias: &str, binds: &mut Binds) -> Place;
    /// Where a filter finds the values of a field that has several, any of which may pass a test.
    fn tested(&self, alias: &str, binds: &mut Binds) -> Place {
        self.place(alias, binds)
    }
}

/// A search under construction: conditions besides those of the query.
#[derive(Debug, Default)]
pub(crate) struct Search {
    conditions: Vec<String>,
    binds: Binds,
}

/// One page of primary keys.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) keys: Vec<i64>,
    pub(crate) next: Option<PageToken>,
}

impl Search {
    /// Only what belongs to these experiments; nothing when there are none.
    pub(crate) fn in_experiments(&mut self, column: &str, experiments: &[ExperimentId]) {
        let ids: Vec<_> = experiments.iter().map(|id| id.get()).collect();
        self.conditions.push(match ids[..] {
            // An equality, unlike a list, lets an index on experiment and start give the order.
            [id] => format!("{column} = {}", self.binds.bind(id)),
            _ => format!("{column} IN (SELECT value FROM json_each({}))", self.binds.bind(json_array(&ids))),
        });
    }

    /// Only what is in these stages of its life.
    pub(crate) fn in_view(&mut self, deleted_at: &str, view: View) {
        self.conditions.extend(match view.only() {
            Some(Lifecycle::Active) => Some(format!("{deleted_at} IS NULL")),
            Some(Lifecycle::Deleted) => Some(format!("{deleted_at} IS NOT NULL")),
            None => None,
        });
    }

    /// Runs the search. `Invalid` when the token is not ours, or a field cannot be tested or ordered so.
    #[expect(private_bounds, reason = "the kinds of things are known to this module alone")]
    pub(crate) fn find<F: Searchable>(
        mut self,
        connection: &Connection,
        query: &Query<F>,
        page: &PageRequest,
    ) -> Result<Found> {
        let window = Window::new(Some(page.limit), page.after.as_ref())?;
        let sql = self.sql(query, window)?;
        let mut statement = connection.prepare_cached(&sql)?;
        let keys = statement.query_map(params_from_iter(self.binds.values()), |row| row.get(0))?;
        let found = window.page(keys.collect::<rusqlite::Result<_>>()?);
        Ok(Found { keys: found.items, next: found.next })
    }

    fn sql<F: Searchable>(&mut self, query: &Query<F>, window: Window) -> Result<String> {
        self.conditions.push(condition(&query.filter, &mut self.binds)?);
        let order = order(&query.order, &mut self.binds)?;
        Ok(format!(
            "SELECT {} FROM {}{} WHERE {} ORDER BY {} LIMIT {} OFFSET {}",
            F::KEY,
            F::FROM,
            order.joins,
            self.conditions.join(" AND "),
            order.terms,
            self.binds.bind(window.rows()),
            self.binds.bind(window.offset()),
        ))
    }
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
        let sql = search.sql(query, Window::new(Some(10), None).unwrap()).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let binds = params_from_iter(search.binds.values());
        let steps = statement.query_map(binds, |row| row.get::<_, String>(3)).unwrap();
        steps.collect::<rusqlite::Result<Vec<_>>>().unwrap().join("\n")
    }

    fn runs_of(experiments: &[i64]) -> Search {
        let mut search = Search::default();
        search
            .in_experiments("run.experiment", &experiments.iter().copied().map(ExperimentId::new).collect::<Vec<_>>());
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
