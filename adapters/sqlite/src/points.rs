//! Writing metric points: into the history of the run, its latest values, and those of logged models.

use rusqlite::{Connection, params};
use trackside_core::{Key, MetricPoint, MetricSubject, Point, Timestamp, fault};

use crate::{
    append::Target,
    error::Result,
    logged_models,
    rows::{execute, nan_apart},
    series::{self, Sealing},
};

/// Adds points to a run. Returns which of them were there already.
pub(crate) fn add(
    connection: &Connection,
    run: &Target<'_>,
    points: &[MetricPoint],
    sealing: &Sealing,
    now: Timestamp,
) -> Result<Vec<usize>> {
    let mut known = series::add(connection, run.pk, points, sealing, now)?;
    for (MetricPoint { key, point, subject }, known) in points.iter().zip(&mut known) {
        if let Some(subject) = subject {
            *known &= !add_to_model(connection, run, key, *point, subject)?;
        }
    }
    Ok(known.iter().enumerate().filter(|(_, known)| **known).map(|(index, _)| index).collect())
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
