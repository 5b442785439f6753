//! Pages of a metric's history.
//!
//! A page begins after the last point of the one before, so points that come in between are neither hidden nor make
//! others appear twice.

use std::ops::ControlFlow;

use rusqlite::Connection;
use trackside_core::{Error, Page, Point, fault, store::HistoryQuery};

use crate::{
    error::Result,
    series::{Place, visit},
};

/// One page of a series, which may not exist. `Invalid` when the token is none of ours.
pub(crate) fn page(connection: &Connection, series: Option<i64>, query: &HistoryQuery) -> Result<Page<Point>> {
    let after = begin(query)?;
    let mut page = Page { items: Vec::new(), next: None };
    let Some(series) = series else { return Ok(page) };
    visit(connection, series, after, |point| {
        if query.limit.is_some_and(|limit| page.items.len() >= limit) {
            // There is one more than the page holds.
            page.next = page.items.last().map(Place::of).or(after).map(Place::token);
            return Ok(ControlFlow::Break(()));
        }
        page.items.push(point);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(page)
}

/// Where a query begins: behind a place, or at the first point.
fn begin(query: &HistoryQuery) -> Result<Option<Place>> {
    match (&query.after, &query.since) {
        (None, None) => Ok(None),
        (None, Some(point)) => Ok(Some(Place::of(point))),
        (Some(token), None) => Ok(Some(Place::parse(token).ok_or_else(fault::invalid_page_token)?)),
        (Some(_), Some(_)) => Err(Error::invalid("a history goes on after a token or after a point, not both").into()),
    }
}
