//! Searching what runs have read. Writing is in `inputs.rs`.

use rusqlite::{Connection, Row, params};
use trackside_core::{DatasetSummary, ExperimentId};

use crate::{error::Result, owners::json_array, rows::Columns};

/// Repetitions are dropped as they are met: a run repeats what the one before it has read. CROSS JOIN keeps the order
/// of the tables, as nothing leads from a dataset to its runs but a walk through all inputs.
const SEARCH: &str = "\
    SELECT d.experiment, d.name, d.digest, used.context FROM ( \
        SELECT DISTINCT i.dataset, t.value AS context FROM run CROSS JOIN dataset_input AS i ON i.run = run.pk \
        LEFT JOIN dataset_input_tag AS t ON t.owner = i.pk AND t.key = 'mlflow.data.context' \
        WHERE run.experiment IN (SELECT value FROM json_each(?1)) \
    ) AS used CROSS JOIN dataset AS d ON d.pk = used.dataset ORDER BY 1, 2, 3, 4 LIMIT ?2";

/// Datasets and contexts of the inputs of all runs of these experiments.
pub(crate) fn search(
    connection: &Connection,
    experiments: &[ExperimentId],
    limit: usize,
) -> Result<Vec<DatasetSummary>> {
    let experiments: Vec<_> = experiments.iter().map(|id| id.get()).collect();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(SEARCH)?;
    let rows = statement.query_map(params![json_array(&experiments), limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<DatasetSummary> {
    Ok(DatasetSummary {
        experiment: ExperimentId::new(row.get(0)?),
        name: row.key(1)?,
        digest: row.get(2)?,
        context: row.get(3)?,
    })
}
