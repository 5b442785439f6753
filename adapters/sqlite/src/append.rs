//! Events of runs.

use rusqlite::{Connection, OptionalExtension, params};
use trackside_core::{Event, ExperimentId, Param, RunId, RunStatus, RunUpdate, Timestamp, fault, store::BinItem};

use crate::{
    error::Result,
    inputs,
    key_values::{RUN_PARAMS, RUN_TAGS},
    lines, points,
    rows::{execute, number},
    run_records,
    series::Sealing,
};

/// The run that events are applied to.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) id: &'a RunId,
    pub(crate) pk: i64,
    pub(crate) experiment: ExperimentId,
}

/// Applies events in order; the caller undoes those before the first that fails. Returns the points that were there
/// already: for each event that has such, its place and theirs.
pub(crate) fn append(
    connection: &Connection,
    id: &RunId,
    events: &[Event],
    sealing: &Sealing,
    now: Timestamp,
) -> Result<Vec<(usize, Vec<usize>)>> {
    let (target, mut deleted) = find(connection, id)?;
    let mut repeated = Vec::new();
    for (index, event) in events.iter().enumerate() {
        if deleted && event.needs_active() {
            return Err(fault::run_not_active(id).into());
        }
        let known = apply(connection, &target, event, sealing, now)?;
        if !known.is_empty() {
            repeated.push((index, known));
        }
        deleted = match event {
            Event::Deleted(_) => true,
            Event::Restored => false,
            _ => deleted,
        };
    }
    Ok(repeated)
}

/// The events less the points that were there already, as [`append`] returns them.
pub(crate) fn without(mut events: Vec<Event>, repeated: &[(usize, Vec<usize>)]) -> Vec<Event> {
    for (index, known) in repeated {
        if let Event::Points(points) = &mut events[*index] {
            let mut at = 0..;
            points.retain(|_| at.next().is_some_and(|at| known.binary_search(&at).is_err()));
        }
    }
    events.retain(|event| !matches!(event, Event::Points(points) if points.is_empty()));
    events
}

fn find<'a>(connection: &Connection, id: &'a RunId) -> Result<(Target<'a>, bool)> {
    let sql = "SELECT pk, experiment, deleted_at IS NOT NULL FROM run WHERE id = ?1";
    let found = connection.prepare_cached(sql)?.query_row([id.as_str()], |row| {
        Ok((Target { id, pk: row.get(0)?, experiment: ExperimentId::new(row.get(1)?) }, row.get(2)?))
    });
    Ok(found.optional()?.ok_or_else(|| fault::run_not_found(id))?)
}

/// Applies an event; which of its points were there already.
fn apply(
    connection: &Connection,
    run: &Target<'_>,
    event: &Event,
    sealing: &Sealing,
    now: Timestamp,
) -> Result<Vec<usize>> {
    let applied = match event {
        Event::Points(points) => return points::add(connection, run, points, sealing, now),
        Event::Params(params) => params.iter().try_for_each(|param| add_param(connection, run, param)),
        Event::ParamsReplaced(params) => RUN_PARAMS.set(connection, run.pk, params),
        Event::Resumed => resume(connection, run),
        Event::Document(document) => run_records::keep(connection, run.pk, document),
        Event::Lines(added) => lines::write(connection, run.pk, added),
        Event::Tags(tags) => RUN_TAGS.set(connection, run.pk, tags),
        Event::TagDeleted(key) => {
            let removed = RUN_TAGS.remove(connection, run.pk, key)?;
            if removed { Ok(()) } else { Err(fault::run_tag_not_found(run.id, key).into()) }
        }
        Event::DatasetInputs(inputs) => inputs.iter().try_for_each(|input| inputs::add_dataset(connection, run, input)),
        Event::ModelInputs(models) => models.iter().try_for_each(|model| inputs::add_model(connection, run, model)),
        Event::ModelOutputs(outputs) => {
            outputs.iter().try_for_each(|output| inputs::add_output(connection, run, output))
        }
        Event::Updated(update) => apply_update(connection, run, update),
        Event::Deleted(at) => bin(connection, run, *at),
        Event::Restored => restore(connection, run),
        Event::ArtifactStored(_) | Event::ArtifactDeleted(_) => Ok(()),
    };
    applied.map(|()| Vec::new())
}

fn add_param(connection: &Connection, run: &Target<'_>, param: &Param) -> Result<()> {
    if RUN_PARAMS.add(connection, run.pk, param)? {
        return Ok(());
    }
    match RUN_PARAMS.value(connection, run.pk, &param.key)? {
        Some(old) if old != param.value => Err(fault::param_changed(run.id, &param.key, &old, &param.value).into()),
        _ => Ok(()),
    }
}

fn apply_update(connection: &Connection, run: &Target<'_>, update: &RunUpdate) -> Result<()> {
    let sql = "UPDATE run SET status = coalesce(?2, status), ended_at = coalesce(?3, ended_at), \
               name = coalesce(?4, name) WHERE pk = ?1";
    let status = update.status.map(RunStatus::as_str);
    execute(connection, sql, params![run.pk, status, update.ended_at.map(Timestamp::millis), update.name])?;
    Ok(())
}

fn resume(connection: &Connection, run: &Target<'_>) -> Result<()> {
    let sql = "UPDATE run SET status = ?2, ended_at = NULL WHERE pk = ?1";
    execute(connection, sql, params![run.pk, RunStatus::Running.as_str()]).map(drop)
}

fn restore(connection: &Connection, run: &Target<'_>) -> Result<()> {
    if number(connection, "SELECT doomed FROM run WHERE pk = ?1 AND doomed = 1", [run.pk])?.is_some() {
        return Err(fault::doomed(&BinItem::Run(run.id.clone())).into());
    }
    execute(connection, "UPDATE run SET deleted_at = NULL WHERE pk = ?1", [run.pk]).map(drop)
}

fn bin(connection: &Connection, run: &Target<'_>, at: Timestamp) -> Result<()> {
    // One that is there already keeps its date.
    let sql = "UPDATE run SET deleted_at = ?2 WHERE pk = ?1 AND deleted_at IS NULL";
    execute(connection, sql, [run.pk, at.millis()])?;
    Ok(())
}
