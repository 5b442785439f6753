//! An experiment without runs and logged models, removed on a connection of its own.
//!
//! Each series names a metric of its experiment, and SQLite would look through all series for each metric that is
//! removed. Nothing can name those of an empty experiment, so its foreign keys are not checked.

use rusqlite::{Connection, TransactionBehavior};
use trackside_core::{ExperimentId, fault, store::BinItem};

use super::{Found, require_empty};
use crate::{error::Result, rows::execute};

/// Removes it, whole or not at all.
pub(super) fn purge(connection: &mut Connection, id: ExperimentId) -> Result<()> {
    connection.pragma_update(None, "foreign_keys", false)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let item = BinItem::Experiment(id);
    if !Found::of(&transaction, &item)?.doomed {
        return Err(fault::not_in_bin(&item).into());
    }
    require_empty(&transaction, id)?;
    // What came after the others had gone.
    let sql = "DELETE FROM assessment_metadata WHERE owner IN (SELECT a.pk FROM assessment AS a \
               JOIN trace ON trace.pk = a.trace WHERE trace.experiment = ?1)";
    execute(&transaction, sql, [id.get()])?;
    for (table, column) in [
        ("assessment", "trace"),
        ("span", "trace"),
        ("trace_tag", "owner"),
        ("trace_metadata", "owner"),
        ("trace_run", "trace"),
        ("trace_prompt", "trace"),
    ] {
        let sql = format!("DELETE FROM {table} WHERE {column} IN (SELECT pk FROM trace WHERE experiment = ?1)");
        execute(&transaction, &sql, [id.get()])?;
    }
    let sql = "DELETE FROM scorer_version WHERE scorer IN (SELECT pk FROM scorer WHERE experiment = ?1)";
    execute(&transaction, sql, [id.get()])?;
    let bundles = "SELECT b.pk FROM bundle AS b JOIN collection AS c ON c.pk = b.home WHERE c.experiment = ?1";
    let collections = "SELECT pk FROM collection WHERE experiment = ?1";
    for (table, column, of) in [
        ("bundle_label", "owner", bundles),
        ("bundle_file", "bundle", bundles),
        ("bundle_use", "bundle", bundles),
        // Also where they are linked to.
        ("member_alias", "bundle", bundles),
        ("member", "bundle", bundles),
        ("member_alias", "collection", collections),
        ("member", "collection", collections),
        ("collection_client_id", "collection", collections),
        ("bundle", "home", collections),
    ] {
        execute(&transaction, &format!("DELETE FROM {table} WHERE {column} IN ({of})"), [id.get()])?;
    }
    let owned = [
        ("collection", "experiment"),
        ("sweep", "experiment"),
        ("trace", "experiment"),
        ("metric", "experiment"),
        ("dataset", "experiment"),
        ("scorer", "experiment"),
        ("evaluation_dataset_experiment", "experiment"),
        ("experiment_tag", "owner"),
        ("experiment", "id"),
    ];
    for (table, column) in owned {
        execute(&transaction, &format!("DELETE FROM {table} WHERE {column} = ?1"), [id.get()])?;
    }
    Ok(transaction.commit()?)
}
