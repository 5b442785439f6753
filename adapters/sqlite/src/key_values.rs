//! Tags and params: every table of the shape (owner, key, value), those of runs with their experiment beside it.

use rusqlite::{Connection, OptionalExtension, params};
use trackside_core::{ExperimentId, Key, KeyValue};

use crate::{
    error::Result,
    owners::Owners,
    rows::{Columns, execute},
};

/// One such table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyValues(&'static str, Column);

/// What else a row holds.
#[derive(Debug, Clone, Copy)]
enum Column {
    None,
    /// That of the run, which never moves.
    Experiment,
}

pub(crate) const EXPERIMENT_TAGS: KeyValues = KeyValues("experiment_tag", Column::None);
pub(crate) const RUN_TAGS: KeyValues = KeyValues("run_tag", Column::Experiment);
pub(crate) const RUN_PARAMS: KeyValues = KeyValues("run_param", Column::Experiment);
pub(crate) const DATASET_INPUT_TAGS: KeyValues = KeyValues("dataset_input_tag", Column::None);
pub(crate) const LOGGED_MODEL_TAGS: KeyValues = KeyValues("logged_model_tag", Column::None);
pub(crate) const LOGGED_MODEL_PARAMS: KeyValues = KeyValues("logged_model_param", Column::None);
pub(crate) const TRACE_TAGS: KeyValues = KeyValues("trace_tag", Column::None);
pub(crate) const TRACE_METADATA: KeyValues = KeyValues("trace_metadata", Column::None);
pub(crate) const REGISTERED_MODEL_TAGS: KeyValues = KeyValues("registered_model_tag", Column::None);
pub(crate) const MODEL_VERSION_TAGS: KeyValues = KeyValues("model_version_tag", Column::None);
pub(crate) const EVALUATION_DATASET_TAGS: KeyValues = KeyValues("evaluation_dataset_tag", Column::None);
pub(crate) const ASSESSMENT_METADATA: KeyValues = KeyValues("assessment_metadata", Column::None);

impl KeyValues {
    fn insert(self) -> String {
        let (column, value) = match self.1 {
            Column::None => ("", ""),
            Column::Experiment => (", experiment", ", (SELECT experiment FROM run WHERE pk = ?1)"),
        };
        format!("INSERT INTO {} (owner, key, value{column}) VALUES (?1, ?2, ?3{value})", self.0)
    }

    /// Writes the first pairs of a run, none of which has the key of another.
    pub(crate) fn begin(
        self,
        connection: &Connection,
        run: i64,
        experiment: ExperimentId,
        pairs: &[KeyValue],
    ) -> Result<()> {
        let sql = format!("INSERT INTO {} (owner, key, value, experiment) VALUES (?1, ?2, ?3, ?4)", self.0);
        for pair in pairs {
            execute(connection, &sql, params![run, pair.key.as_str(), pair.value, experiment.get()])?;
        }
        Ok(())
    }

    /// Writes pairs; the last value of a key stays.
    pub(crate) fn set(self, connection: &Connection, owner: i64, pairs: &[KeyValue]) -> Result<()> {
        let sql = format!("{} ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value", self.insert());
        for pair in pairs {
            execute(connection, &sql, params![owner, pair.key.as_str(), pair.value])?;
        }
        Ok(())
    }

    /// Writes a pair unless the key is known; says whether it was written.
    pub(crate) fn add(self, connection: &Connection, owner: i64, pair: &KeyValue) -> Result<bool> {
        let sql = format!("{} ON CONFLICT DO NOTHING", self.insert());
        Ok(execute(connection, &sql, params![owner, pair.key.as_str(), pair.value])? > 0)
    }

    /// The value of a key.
    pub(crate) fn value(self, connection: &Connection, owner: i64, key: &Key) -> Result<Option<String>> {
        let sql = format!("SELECT value FROM {} WHERE owner = ?1 AND key = ?2", self.0);
        let mut statement = connection.prepare_cached(&sql)?;
        Ok(statement.query_row(params![owner, key.as_str()], |row| row.get(0)).optional()?)
    }

    /// Removes a pair; says whether there was one.
    pub(crate) fn remove(self, connection: &Connection, owner: i64, key: &Key) -> Result<bool> {
        let sql = format!("DELETE FROM {} WHERE owner = ?1 AND key = ?2", self.0);
        Ok(execute(connection, &sql, params![owner, key.as_str()])? > 0)
    }

    /// All pairs of these owners, those of one owner sorted by key.
    pub(crate) fn load(
        self,
        connection: &Connection,
        owners: &Owners,
        mut take: impl FnMut(usize, KeyValue),
    ) -> Result<()> {
        let sql = format!("SELECT owner, key, value FROM {} WHERE owner {{owners}} ORDER BY owner, key", self.0);
        owners.parts(connection, &sql, |position, row| {
            take(position, row.key_value(1)?);
            Ok(())
        })
    }
}
