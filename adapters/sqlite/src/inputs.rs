//! Writing the edges of runs: datasets and models they read, models they made. Repetitions change nothing.

use rusqlite::{Connection, params};
use trackside_core::{DatasetInput, LoggedModelId, ModelOutput};

use crate::{
    append::Target,
    error::Result,
    key_values::DATASET_INPUT_TAGS,
    rows::{execute, number},
};

/// Adds a dataset to the experiment unless it is known by name and digest, and to the run.
pub(crate) fn add_dataset(connection: &Connection, run: &Target<'_>, input: &DatasetInput) -> Result<()> {
    let dataset = &input.dataset;
    let identity = params![run.experiment.get(), dataset.name.as_str(), dataset.digest];
    let known = "SELECT pk FROM dataset WHERE experiment = ?1 AND name = ?2 AND digest = ?3";
    let pk = if let Some(pk) = number(connection, known, identity)? {
        pk
    } else {
        execute(
            connection,
            "INSERT INTO dataset (experiment, name, digest, source_type, source, schema, profile) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                run.experiment.get(),
                dataset.name.as_str(),
                dataset.digest,
                dataset.source_type,
                dataset.source,
                dataset.schema,
                dataset.profile,
            ],
        )?;
        connection.last_insert_rowid()
    };
    let sql = "INSERT INTO dataset_input (run, dataset) VALUES (?1, ?2) ON CONFLICT DO NOTHING RETURNING pk";
    match number(connection, sql, [run.pk, pk])? {
        Some(edge) => DATASET_INPUT_TAGS.set(connection, edge, &input.tags),
        None => Ok(()),
    }
}

/// Adds a model that the run read.
pub(crate) fn add_model(connection: &Connection, run: &Target<'_>, model: &LoggedModelId) -> Result<()> {
    let sql = "INSERT INTO model_input (run, model) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    execute(connection, sql, params![run.pk, model.as_str()])?;
    Ok(())
}

/// Adds a model that the run made.
pub(crate) fn add_output(connection: &Connection, run: &Target<'_>, output: &ModelOutput) -> Result<()> {
    let sql = "INSERT INTO model_output (run, model, step) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    execute(connection, sql, params![run.pk, output.model.as_str(), output.step])?;
    Ok(())
}
