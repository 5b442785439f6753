//! Pages of a metric's history.
//!
//! A page begins after the last point of the one before, so points that come in between are neither hidden nor make
//! others appear twice.

use rusqlite::{Connection, params};
use trackside_core::{Error, Page, PageToken, Point, fault, store::HistoryQuery};

use crate::{
    error::Result,
    rows::{Columns, nan_apart},
};

/// A place in the order of the table: between two points.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    time: i64,
    step: i64,
    value: f64,
    is_nan: i64,
}

/// Before all points, none of which has such a flag.
const START: Place = Place { time: i64::MIN, step: i64::MIN, value: f64::NEG_INFINITY, is_nan: -1 };

/// One page of a series, which may not exist. `Invalid` when the token is none of ours.
pub(crate) fn page(connection: &Connection, series: Option<i64>, query: &HistoryQuery) -> Result<Page<Point>> {
    let after = begin(query)?;
    let Some(series) = series else { return Ok(Page { items: Vec::new(), next: None }) };
    // One more than the page holds, to see whether there is a next one. SQLite takes a negative limit for none.
    let limit = query.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1));
    let mut statement = connection.prepare_cached(PAGE)?;
    let rows = statement
        .query_map(params![series, after.time, after.step, after.value, after.is_nan, limit], |row| row.point(0))?;
    let mut items = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let next = match query.limit {
        Some(limit) if items.len() > limit => {
            items.truncate(limit);
            Some(items.last().map_or(after, Place::after).token())
        }
        _ => None,
    };
    Ok(Page { items, next })
}

/// This is the order of the table itself.
const PAGE: &str = "SELECT step, time, value, is_nan FROM point \
                    WHERE series = ?1 AND (time, step, value, is_nan) > (?2, ?3, ?4, ?5) \
                    ORDER BY time, step, value, is_nan LIMIT ?6";

/// Where a query begins.
fn begin(query: &HistoryQuery) -> Result<Place> {
    match (&query.after, &query.since) {
        (None, None) => Ok(START),
        (None, Some(point)) => Ok(Place::after(point)),
        (Some(token), None) => Ok(Place::parse(token).ok_or_else(fault::invalid_page_token)?),
        (Some(_), Some(_)) => Err(Error::invalid("a history goes on after a token or after a point, not both").into()),
    }
}

impl Place {
    fn after(point: &Point) -> Self {
        let (value, is_nan) = nan_apart(point.value);
        Self { time: point.time.millis(), step: point.step, value, is_nan: i64::from(is_nan) }
    }

    /// Time and step in decimal, the bits of the value in hexadecimal, the flag.
    fn token(self) -> PageToken {
        PageToken::new(format!("{}_{}_{:016x}_{}", self.time, self.step, self.value.to_bits(), self.is_nan))
    }

    fn parse(token: &PageToken) -> Option<Self> {
        let mut parts = token.as_str().split('_');
        let time = parts.next()?.parse().ok()?;
        let step = parts.next()?.parse().ok()?;
        let value = f64::from_bits(u64::from_str_radix(parts.next()?, 16).ok()?);
        let is_nan = parts.next()?.parse().ok()?;
        let place = Self { time, step, value, is_nan };
        // Only the one spelling that we write; NaN would be NULL to SQLite.
        (!value.is_nan() && place.token() == *token).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use trackside_core::Timestamp;

    use super::*;

    #[test]
    fn a_token_leads_back_to_its_place() {
        for value in [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::from_bits(1)] {
            let place = Place::after(&Point { step: i64::MIN, time: Timestamp::from_millis(i64::MAX), value });
            assert_eq!(Place::parse(&place.token()), Some(place));
        }
        assert_eq!(Place::parse(&START.token()), Some(START));
    }

    #[test]
    fn only_our_own_tokens_are_taken() {
        let nan = format!("1_1_{:016x}_0", f64::NAN.to_bits());
        for bad in
            ["", "10", "1_1_0000000000000000", "1_1_0_0", "+1_1_0000000000000000_0", "1_1_0000000000000000_0_", &nan]
        {
            assert_eq!(Place::parse(&PageToken::new(bad)), None, "{bad:?}");
        }
    }

    #[test]
    fn a_page_is_found_without_passing_over_those_before_it() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("migrations/0001_initial.sql")).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {PAGE}")).unwrap();
        let plan: String = statement.query_one(params![1, 1, 1, 0.0, 0, 1], |row| row.get(3)).unwrap();
        assert_eq!(plan, "SEARCH point USING PRIMARY KEY (series=? AND (time,step,value,is_nan)>(?,?,?,?))");
    }
}
