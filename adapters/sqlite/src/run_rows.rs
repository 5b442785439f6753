//! Reading runs with all that belongs to them: one query per table for a whole page.

use rusqlite::{Connection, Row};
use trackside_core::{
    Dataset, DatasetInput, ExperimentId, LatestMetric, ModelOutput, Run, RunInfo, RunStatus, Timestamp,
};

use crate::{
    error::Result,
    key_values::{DATASET_INPUT_TAGS, RUN_PARAMS, RUN_TAGS},
    owners::Owners,
    rows::Columns,
};

/// The runs with these primary keys, in that order.
pub(crate) fn load(connection: &Connection, pks: &[i64]) -> Result<Vec<Run>> {
    let owners = Owners::new(pks);
    let mut runs = owners.rows(connection, "run.*", "run ON run.pk = page.value", read)?;
    load_metrics(connection, &owners, &mut runs)?;
    RUN_PARAMS.load(connection, &owners, |position, param| runs[position].params.push(param))?;
    RUN_TAGS.load(connection, &owners, |position, tag| runs[position].tags.push(tag))?;
    load_dataset_inputs(connection, &owners, &mut runs)?;
    load_models(connection, &owners, &mut runs)?;
    Ok(runs)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Run> {
    let info = RunInfo {
        id: row.run_id("id")?,
        experiment: ExperimentId::new(row.get("experiment")?),
        name: row.get("name")?,
        user: row.get("user")?,
        status: row.parsed("status", RunStatus::parse)?,
        started_at: row.instant("started_at")?,
        ended_at: row.get::<_, Option<i64>>("ended_at")?.map(Timestamp::from_millis),
        artifact_uri: row.get("artifact_uri")?,
        lifecycle: row.lifecycle("deleted_at")?,
    };
    Ok(Run {
        info,
        metrics: Vec::new(),
        params: Vec::new(),
        tags: Vec::new(),
        dataset_inputs: Vec::new(),
        model_inputs: Vec::new(),
        model_outputs: Vec::new(),
    })
}

fn load_metrics(connection: &Connection, owners: &Owners, runs: &mut [Run]) -> Result<()> {
    let sql = "SELECT run, key, step, time, value, is_nan FROM latest \
               WHERE run {owners} ORDER BY run, key";
    owners.parts(connection, sql, |position, row| {
        runs[position].metrics.push(LatestMetric { key: row.key(1)?, point: row.point(2)? });
        Ok(())
    })
}

fn load_dataset_inputs(connection: &Connection, owners: &Owners, runs: &mut [Run]) -> Result<()> {
    let sql = "SELECT i.run, i.pk, d.name, d.digest, d.source_type, d.source, d.schema, d.profile \
               FROM dataset_input AS i JOIN dataset AS d ON d.pk = i.dataset WHERE i.run {owners} ORDER BY i.pk";
    let mut inputs = Vec::new();
    let mut edges = Vec::new();
    owners.parts(connection, sql, |position, row| {
        let dataset = Dataset {
            name: row.key(2)?,
            digest: row.get(3)?,
            source_type: row.get(4)?,
            source: row.get(5)?,
            schema: row.get(6)?,
            profile: row.get(7)?,
        };
        edges.push(row.get(1)?);
        inputs.push((position, DatasetInput { dataset, tags: Vec::new() }));
        Ok(())
    })?;
    DATASET_INPUT_TAGS.load(connection, &Owners::new(&edges), |edge, tag| inputs[edge].1.tags.push(tag))?;
    for (position, input) in inputs {
        runs[position].dataset_inputs.push(input);
    }
    Ok(())
}

fn load_models(connection: &Connection, owners: &Owners, runs: &mut [Run]) -> Result<()> {
    let sql = "SELECT run, model FROM model_input WHERE run {owners} ORDER BY pk";
    owners.parts(connection, sql, |position, row| {
        runs[position].model_inputs.push(row.model_id(1)?);
        Ok(())
    })?;
    let sql = "SELECT run, model, step FROM model_output WHERE run {owners} ORDER BY pk";
    owners.parts(connection, sql, |position, row| {
        runs[position].model_outputs.push(ModelOutput { model: row.model_id(1)?, step: row.get(2)? });
        Ok(())
    })
}
