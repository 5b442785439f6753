//! Orders.

use std::fmt::Write;

use trackside_core::{Error, query};

use super::{Searchable, binds::Binds, place::Kind};
use crate::error::Result;

/// What `ORDER BY` needs.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Rows of other tables that hold what is ordered by: at most one per row searched.
    pub(super) joins: String,
    /// Ends with what makes the order complete.
    pub(super) terms: String,
}

/// Missing values come last in both directions, NaN just before them.
pub(super) fn order<F: Searchable>(criteria: &[query::Order<F>], binds: &mut Binds) -> Result<Order> {
    if criteria.is_empty() {
        return Ok(Order { joins: String::new(), terms: F::DEFAULT_ORDER.to_owned() });
    }
    let mut order = Order::default();
    for (position, criterion) in criteria.iter().enumerate() {
        let place = criterion.field.place(&format!("o{position}"), binds);
        if let Some(joined) = &place.joined {
            if joined.many {
                return Err(Error::invalid("a field that may have several values cannot be ordered by").into());
            }
            write!(order.joins, " LEFT JOIN {} ON {}{}", joined.table, joined.on, joined.with)
                .expect("a string takes all");
        }
        if let Kind::NumberOrNan(is_nan) = &place.kind {
            write!(order.terms, "{is_nan} ASC NULLS LAST, ").expect("a string takes all");
        }
        let value = place.order.unwrap_or(&place.value);
        let direction = if criterion.ascending { "ASC" } else { "DESC" };
        write!(order.terms, "{value} {direction} NULLS LAST, ").expect("a string takes all");
    }
    order.terms.push_str(F::TIES);
    Ok(order)
}
