//! Writing points.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use trackside_core::{Key, MetricPoint, Point, Timestamp};

use super::{Place, Sealing, late, seal, tail, tail::Tail};
use crate::{
    error::Result,
    rows::{Columns, execute, nan_apart},
};

/// A series as it is before points are added.
struct Open {
    pk: i64,
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
    let mut of_key: HashMap<&Key, Vec<usize>> = HashMap::new();
    for (index, metric) in points.iter().enumerate() {
        of_key.entry(&metric.key).or_default().push(index);
    }
    for (key, mut indexes) in of_key {
        let series = open(connection, run, key, &points[indexes[0]].point)?;
        // Of equal ones the first stays.
        indexes.sort_by_cached_key(|index| Place::of(&points[*index].point));
        let added: Vec<Point> = indexes.iter().map(|index| points[*index].point).collect();
        for (index, was_there) in indexes.iter().zip(add_to(connection, series, &added, sealing, now)?) {
            known[*index] = was_there;
        }
    }
    Ok(known)
}

/// Finds or creates a series.
fn open(connection: &Connection, run: i64, key: &Key, first: &Point) -> Result<Open> {
    let sql = "SELECT pk, sealed_end, points, \
               ifnull(tail.last_step, series.last_step), ifnull(tail.last_time, series.last_time), \
               ifnull(tail.last_value, series.last_value), ifnull(tail.last_is_nan, series.last_is_nan) \
               FROM series LEFT JOIN tail ON tail.series = series.pk WHERE run = ?1 AND key = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row(params![run, key.as_str()], |row| {
        let tail = row.get::<_, Option<Vec<u8>>>(2)?.map(Tail::new);
        Ok(Open { pk: row.get(0)?, latest: row.point(3)?, sealed_end: row.get(1)?, tail })
    });
    if let Some(found) = found.optional()? {
        return Ok(found);
    }
    let (value, is_nan) = nan_apart(first.value);
    let sql = "INSERT INTO series (run, key, last_step, last_time, last_value, last_is_nan) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    execute(connection, sql, params![run, key.as_str(), first.step, first.time.millis(), value, is_nan])?;
    Ok(Open { pk: connection.last_insert_rowid(), latest: *first, sealed_end: None, tail: None })
}

/// Adds points, which are in order.
fn add_to(
    connection: &Connection,
    series: Open,
    points: &[Point],
    sealing: &Sealing,
    now: Timestamp,
) -> Result<Vec<bool>> {
    let is_new = series.tail.is_none();
    let mut tail = series.tail.unwrap_or_default();
    let n_late = series.sealed_end.map_or(0, |end| points.partition_point(|point| Place::of(point) <= end));
    let mut known = late::add(connection, series.pk, &points[..n_late])?;

    let mut places: Vec<Place> = tail.points().map(|point| Place::of(&point)).collect();
    let n_before = places.len();
    let mut end = places.iter().max().copied();
    for point in &points[n_late..] {
        let place = Some(Place::of(point));
        let was_there = place <= end && place.is_some_and(|place| places.contains(&place));
        if !was_there {
            places.extend(place);
            tail.push(point);
            end = end.max(place);
        }
        known.push(was_there);
    }

    // Of equally late points the first, as if they had come one by one.
    let news = points.iter().zip(&known).filter(|(_, known)| !**known).map(|(point, _)| *point);
    let latest = news.fold(series.latest, |latest, point| if point.recency(&latest).is_gt() { point } else { latest });
    if tail.len() >= sealing.tail_points {
        seal::seal(connection, series.pk, &tail, &latest, sealing, false)?;
        if !is_new {
            tail::remove(connection, series.pk)?;
        }
    } else if tail.len() > n_before {
        tail.save(connection, series.pk, is_new, &latest, now)?;
    } else if latest.recency(&series.latest).is_gt() {
        if is_new {
            seal::set_latest(connection, series.pk, &latest)?;
        } else {
            tail.save(connection, series.pk, is_new, &latest, now)?;
        }
    }
    Ok(known)
}
