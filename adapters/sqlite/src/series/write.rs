//! Writing points.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};
use trackside_core::{Key, MetricPoint, Point, Timestamp};

use super::{Place, Sealing, late, place::by_place, rank, seal, tail, tail::Tail};
use crate::{
    error::Result,
    rows::{Columns, execute, stored},
};

/// A series as it is before points are added.
struct Open {
    pk: i64,
    /// It was made just now.
    is_new: bool,
    latest: Point,
    sealed_end: Option<Place>,
    tail: Option<Tail>,
}

/// Adds points to a run; for each whether it was there already.
pub(crate) fn add(
    connection: &Connection,
    run: i64,
    points: &[MetricPoint],
    sealing: &Sealing,
    now: Timestamp,
) -> Result<Vec<bool>> {
    let mut known = vec![false; points.len()];
    for (key, mut indexes) in by_key(points) {
        let series = open(connection, run, key, &points[indexes[0]].point)?;
        let order = |a: &usize, b: &usize| by_place(&points[*a].point, &points[*b].point);
        // Most come in order. Of equal ones the first stays.
        if !indexes.is_sorted_by(|a, b| order(a, b).is_lt()) {
            indexes.sort_by(order);
        }
        let added: Vec<Point> = indexes.iter().map(|index| points[*index].point).collect();
        for (index, was_there) in indexes.iter().zip(add_to(connection, series, &added, sealing, now)?) {
            known[*index] = was_there;
        }
    }
    Ok(known)
}

/// The points of each key, as indexes, in the order of arrival.
fn by_key(points: &[MetricPoint]) -> Vec<(&Key, Vec<usize>)> {
    let mut groups: Vec<(&Key, Vec<usize>)> = Vec::new();
    let mut group_of: HashMap<&Key, usize> = HashMap::new();
    let mut last = 0;
    for (index, MetricPoint { key, .. }) in points.iter().enumerate() {
        // Batches hold runs of a key, or the same keys step by step: looking there first saves hashing.
        let guesses = [last, last + 1, 0];
        let group = guesses.into_iter().find(|guess| groups.get(*guess).is_some_and(|(of, _)| *of == key));
        last = group.unwrap_or_else(|| {
            *group_of.entry(key).or_insert_with(|| {
                groups.push((key, Vec::new()));
                groups.len() - 1
            })
        });
        groups[last].1.push(index);
    }
    groups
}

/// Finds or creates a series.
fn open(connection: &Connection, run: i64, key: &Key, first: &Point) -> Result<Open> {
    let sql = format!(
        "SELECT pk, sealed_end, tail.series IS NOT NULL, series.last_step, series.last_time, series.last_value, \
         series.last_is_nan, {} FROM series LEFT JOIN tail ON tail.series = series.pk WHERE run = ?1 AND key = ?2",
        tail::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_row(params![run, key.as_str()], |row| {
        let tail = if row.get(2)? { Some(Tail::read(row, 7)?) } else { None };
        let latest = tail.as_ref().map_or_else(|| row.point(3), |tail| Ok(tail.latest))?;
        Ok(Open { pk: row.get(0)?, is_new: false, latest, sealed_end: row.get(1)?, tail })
    });
    if let Some(found) = found.optional()? {
        return Ok(found);
    }
    let (value, is_nan) = stored(first.value);
    let metric = rank::metric(connection, run, key)?;
    let sql = "INSERT INTO series (run, key, last_step, last_time, last_value, last_is_nan, metric) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    execute(connection, sql, params![run, key.as_str(), first.step, first.time.millis(), value, is_nan, metric])?;
    Ok(Open { pk: connection.last_insert_rowid(), is_new: true, latest: *first, sealed_end: None, tail: None })
}

/// Adds points, which are in order.
fn add_to(
    connection: &Connection,
    series: Open,
    points: &[Point],
    sealing: &Sealing,
    now: Timestamp,
) -> Result<Vec<bool>> {
    let n_late = series.sealed_end.map_or(0, |end| points.partition_point(|point| Place::of(point) <= end));
    let mut known = late::add(connection, series.pk, &points[..n_late])?;
    let fresh = &points[n_late..];

    let has_tail = series.tail.is_some();
    let mut tail = series.tail.unwrap_or_else(|| Tail::begin(series.latest, fresh.first().unwrap_or(&series.latest)));
    // They are in order, so the last of those before is enough for each.
    let mut before: Option<Place> = None;
    let mut there: Option<HashSet<Place>> = None;
    for point in fresh {
        let place = Place::of(point);
        let mut was_there = before == Some(place);
        if has_tail && !was_there && place <= tail.end {
            let there = match &mut there {
                Some(there) => there,
                None => there.insert(tail.points(connection, series.pk)?.iter().map(Place::of).collect()),
            };
            was_there = there.contains(&place);
        }
        before = Some(place);
        known.push(was_there);
    }

    // Of equally late points the first, as if they had come one by one.
    let news = || points.iter().zip(&known).filter(|(_, known)| !**known).map(|(point, _)| *point);
    let later = |latest: Point, point: Point| if point.recency(&latest).is_gt() { point } else { latest };
    tail.latest = news().fold(series.latest, later);
    let added: Vec<Point> = news().skip(known[..n_late].iter().filter(|known| !**known).count()).collect();
    let moved = !rank::is_same(&tail.latest, &series.latest);
    let leaves = moved && tail.is_ranked && !series.is_new;
    if series.is_new {
        rank::enter(connection, series.pk, &tail.latest)?;
    } else if leaves {
        rank::leave(connection, series.pk, &series.latest)?;
    }
    if !added.is_empty() {
        tail.extend(connection, series.pk, &added, !has_tail, sealing, now)?;
    } else if tail.latest.recency(&series.latest).is_gt() {
        // Late points alone.
        if !has_tail {
            seal::set_latest(connection, series.pk, &tail.latest)?;
            return if leaves { rank::enter(connection, series.pk, &tail.latest).map(|()| known) } else { Ok(known) };
        }
        tail.save(connection, series.pk, false, now)?;
    }
    if leaves {
        tail.is_ranked = false;
        rank::note(connection, series.pk)?;
    }
    if tail.len() >= sealing.unsealed_points {
        seal::seal(connection, series.pk, &tail, sealing, false)?;
    }
    Ok(known)
}
