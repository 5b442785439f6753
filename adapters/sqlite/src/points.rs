//! Writing metric points: into the history of the run, its latest values, and those of logged models.

use std::collections::{HashMap, hash_map::Entry};

use rusqlite::{Connection, params};
use trackside_core::{Key, MetricPoint, MetricSubject, Point, fault};

use crate::{
    append::Target,
    error::Result,
    logged_models,
    rows::{execute, nan_apart, number},
};

/// Adds points to a run: one statement per point, and one per series for its latest value. Returns which of them were
/// there already.
pub(crate) fn add(connection: &Connection, run: &Target<'_>, points: &[MetricPoint]) -> Result<Vec<usize>> {
    let mut series: HashMap<&Key, i64> = HashMap::new();
    for (key, latest) in latest_by_key(points) {
        series.insert(key, touch_series(connection, run.pk, key, latest)?);
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO point (series, time, step, value, is_nan) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    )?;
    let mut known = Vec::new();
    for (index, MetricPoint { key, point, subject }) in points.iter().enumerate() {
        let (value, is_nan) = nan_apart(point.value);
        let mut is_new = insert.execute(params![series[key], point.time.millis(), point.step, value, is_nan])? > 0;
        if let Some(subject) = subject {
            is_new |= add_to_model(connection, run, key, *point, subject)?;
        }
        if !is_new {
            known.push(index);
        }
    }
    Ok(known)
}

/// Of equally late points the first, as if they had come one by one.
fn latest_by_key(points: &[MetricPoint]) -> HashMap<&Key, Point> {
    let mut latest = HashMap::new();
    for MetricPoint { key, point, .. } in points {
        match latest.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(*point);
            }
            Entry::Occupied(mut entry) if point.recency(entry.get()).is_gt() => {
                entry.insert(*point);
            }
            Entry::Occupied(_) => {}
        }
    }
    latest
}

/// Creates a series or moves its latest point on; returns its primary key. The comparison is [`Point::recency`]:
/// NaN is stored as zero.
fn touch_series(connection: &Connection, run: i64, key: &Key, latest: Point) -> Result<i64> {
    let (value, is_nan) = nan_apart(latest.value);
    let touched = number(
        connection,
        "INSERT INTO series (run, key, last_step, last_time, last_value, last_is_nan) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT (run, key) DO UPDATE SET last_step = excluded.last_step, last_time = excluded.last_time, \
         last_value = excluded.last_value, last_is_nan = excluded.last_is_nan \
         WHERE (excluded.last_step, excluded.last_time, excluded.last_value) > (last_step, last_time, last_value) \
         RETURNING pk",
        params![run, key.as_str(), latest.step, latest.time.millis(), value, is_nan],
    )?;
    if let Some(pk) = touched {
        return Ok(pk);
    }
    // Nothing is returned when a later point is there already, which is rare: points come in order.
    let known = number(connection, "SELECT pk FROM series WHERE run = ?1 AND key = ?2", params![run, key.as_str()])?;
    Ok(known.ok_or(rusqlite::Error::QueryReturnedNoRows)?)
}

/// Whether the model did not have it yet.
fn add_to_model(
    connection: &Connection,
    run: &Target<'_>,
    key: &Key,
    point: Point,
    subject: &MetricSubject,
) -> Result<bool> {
    let Some(id) = &subject.model else { return Ok(false) };
    let model = logged_models::pk(connection, id)?.ok_or_else(|| fault::logged_model_not_found(id))?;
    let (value, is_nan) = nan_apart(point.value);
    let (name, digest) = subject.dataset.as_ref().map(|(name, digest)| (name, digest)).unzip();
    let added = execute(
        connection,
        "INSERT INTO model_metric (model, key, time, step, run, value, is_nan, dataset_name, dataset_digest) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        params![model, key.as_str(), point.time.millis(), point.step, run.pk, value, is_nan, name, digest],
    )?;
    Ok(added > 0)
}
