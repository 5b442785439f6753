//! Reading a history: chunks, late points and the tail, merged.

use std::{ops::ControlFlow, vec::IntoIter};

use rusqlite::{Connection, Rows, params};
use trackside_core::Point;

use super::{Place, chunk::Chunk, place::by_place, tail};
use crate::{
    error::Result,
    rows::{Columns, stored},
};

/// Hands over the points of a series after a place, in order, until `take` has enough. Holds one chunk in memory.
pub(crate) fn visit(
    connection: &Connection,
    series: i64,
    after: Option<Place>,
    mut take: impl FnMut(Point) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let is_behind = |point: &Point| after.is_none_or(|after| Place::of(point) > after);
    let mut tail = tail::sorted(connection, series)?;
    tail.retain(is_behind);

    let mut statement = connection.prepare_cached(if after.is_some() { LATE_AFTER } else { LATE })?;
    let late = match after.map(Place::point) {
        Some(place) => {
            let (value, is_nan) = stored(place.value);
            statement.query(params![series, place.time.millis(), place.step, value, is_nan])?
        }
        None => statement.query([series])?,
    };
    let mut late = Late { rows: late, next: None };
    late.advance()?;
    let mut sealed = Sealed { connection, series, next: Begin::At(after), points: Vec::new().into_iter() };
    sealed.advance(is_behind)?;
    let mut tail = tail.into_iter().peekable();

    loop {
        let sources = [sealed.points.as_slice().first(), late.next.as_ref(), tail.peek()];
        let next = sources.into_iter().enumerate().filter_map(|(source, point)| Some((source, *point?)));
        let Some((source, point)) = next.min_by(|(_, a), (_, b)| by_place(a, b)) else { return Ok(()) };
        match source {
            0 => {
                sealed.points.next();
                sealed.advance(|_| true)?;
            }
            1 => late.advance()?,
            _ => drop(tail.next()),
        }
        if take(point)?.is_break() {
            return Ok(());
        }
    }
}

/// This is the order of the table itself.
const LATE: &str = "SELECT step, time, value, is_nan FROM point WHERE series = ?1 ORDER BY time, step, value, is_nan";
const LATE_AFTER: &str = "SELECT step, time, value, is_nan FROM point \
                          WHERE series = ?1 AND (time, step, value, is_nan) > (?2, ?3, ?4, ?5) \
                          ORDER BY time, step, value, is_nan";

struct Late<'a> {
    rows: Rows<'a>,
    next: Option<Point>,
}

impl Late<'_> {
    fn advance(&mut self) -> Result<()> {
        self.next = self.rows.next()?.map(|row| row.point(0)).transpose()?;
        Ok(())
    }
}

/// Where the next chunk is.
enum Begin {
    /// Around a place, or the first of all.
    At(Option<Place>),
    /// After the chunk that begins there.
    After(Place),
    /// There is none.
    End,
}

struct Sealed<'a> {
    connection: &'a Connection,
    series: i64,
    next: Begin,
    points: IntoIter<Point>,
}

impl Sealed<'_> {
    /// Reads the next chunk when there is no point left, and keeps the points that are wanted.
    fn advance(&mut self, is_wanted: impl Fn(&Point) -> bool) -> Result<()> {
        while self.points.as_slice().is_empty() {
            let chunk = match self.next {
                Begin::At(None) => Chunk::first(self.connection, self.series)?,
                Begin::At(Some(place)) => Chunk::around(self.connection, self.series, place)?,
                Begin::After(place) => Chunk::after(self.connection, self.series, place)?,
                Begin::End => return Ok(()),
            };
            let Some(chunk) = chunk else {
                self.next = Begin::End;
                return Ok(());
            };
            self.next = Begin::After(chunk.first);
            let mut points = chunk.points(self.connection)?;
            points.retain(&is_wanted);
            self.points = points.into_iter();
        }
        Ok(())
    }
}
