//! Orders: what `ORDER BY` needs, and what comes behind a given row.

use std::fmt::Write;

use trackside_core::{Error, query};

use super::{
    Searchable,
    binds::Binds,
    place::{Kind, Place},
    rung::Rung,
};
use crate::error::Result;

/// One criterion. Missing values come last in both directions, NaN just before them.
#[derive(Debug)]
pub(super) struct Term {
    /// The value; NULL when it is missing.
    value: String,
    /// True where it is NaN.
    is_nan: Option<String>,
    ascending: bool,
    /// It is never missing, so that an index may serve.
    is_total: bool,
}

impl Term {
    /// Of a column that always has a value.
    pub(super) const fn total(column: String, ascending: bool) -> Self {
        Self { value: column, is_nan: None, ascending, is_total: true }
    }

    fn of(place: &Place, ascending: bool) -> Self {
        let is_nan = match &place.kind {
            Kind::NumberOrNan(is_nan) => Some(is_nan.clone()),
            Kind::Text | Kind::Number => None,
        };
        let value = place.order.map_or_else(|| place.value.clone(), ToOwned::to_owned);
        Self { value, is_nan, ascending, is_total: false }
    }
}

/// What `SELECT` and `ORDER BY` need.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Rows of other tables that hold what is ordered by: at most one per row searched.
    pub(super) joins: String,
    /// Complete: no two rows are equal in all of them.
    pub(super) terms: Vec<Term>,
}

impl Order {
    pub(super) fn of<F: Searchable>(criteria: &[query::Order<F>], binds: &mut Binds) -> Result<Self> {
        let total = |(column, ascending): &(&str, bool)| Term::total((*column).to_owned(), *ascending);
        if criteria.is_empty() {
            return Ok(Self { joins: String::new(), terms: F::DEFAULT_ORDER.iter().map(total).collect() });
        }
        let mut order = Self::default();
        for (position, criterion) in criteria.iter().enumerate() {
            let place = criterion.field.place(&format!("o{position}"), binds);
            if let Some(joined) = &place.joined {
                if joined.many {
                    return Err(Error::invalid("a field that may have several values cannot be ordered by").into());
                }
                write!(order.joins, " LEFT JOIN {} ON {}{}", joined.table, joined.on, joined.with)
                    .expect("a string takes all");
            }
            order.terms.push(Term::of(&place, criterion.ascending));
        }
        order.terms.extend(F::TIES.iter().map(total));
        Ok(order)
    }

    /// Two columns per term: whether it is NaN, and the value.
    pub(super) fn columns(&self) -> String {
        let columns =
            self.terms.iter().map(|term| format!("{}, {}", term.is_nan.as_deref().unwrap_or("0"), term.value));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// For `ORDER BY`.
    pub(super) fn by(&self) -> String {
        let by = self.terms.iter().map(|term| {
            let direction = if term.ascending { "ASC" } else { "DESC" };
            match &term.is_nan {
                _ if term.is_total => format!("{} {direction}", term.value),
                None => format!("{} {direction} NULLS LAST", term.value),
                Some(is_nan) => format!("{is_nan} ASC NULLS LAST, {} {direction} NULLS LAST", term.value),
            }
        });
        by.collect::<Vec<_>>().join(", ")
    }

    /// The condition to come behind a row.
    pub(super) fn behind(&self, row: &[Rung], binds: &mut Binds) -> String {
        let behind = self.terms.iter().zip(row).rev().fold("FALSE".to_owned(), |later, (term, rung)| {
            let Term { value, is_nan, ascending, is_total } = term;
            let is_nan = is_nan.as_deref().unwrap_or("FALSE");
            let Some(bound) = rung.value() else {
                return match rung {
                    Rung::Nan => format!("({value} IS NULL OR ({is_nan} AND {later}))"),
                    _ => format!("({value} IS NULL AND {later})"),
                };
            };
            let bound = binds.bind(bound);
            let next = if *ascending { ">" } else { "<" };
            let last = if *is_total { String::new() } else { format!("{value} IS NULL OR {is_nan} OR ") };
            format!("({last}{value} {next} {bound} OR ({value} = {bound} AND {later}))")
        });
        // Says nothing new, but what an index can use.
        match (self.terms.first(), row.first().and_then(Rung::value)) {
            (Some(Term { value, ascending, is_total: true, .. }), Some(bound)) => {
                let upto = if *ascending { ">=" } else { "<=" };
                format!("({value} {upto} {} AND {behind})", binds.bind(bound))
            }
            _ => behind,
        }
    }
}
