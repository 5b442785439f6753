//! What there is in a history, key by key.

use serde_json::{Map, Value, json};
use trackside_core::{Json, Result};
use trackside_wandb_wire::{leaves, row};

use super::RunObject;
use crate::records;

/// Keys with the type and value of their latest, and the highest step. How often a key occurs is not counted: all that is
/// said is how many rows there are.
pub(super) async fn of(run: &RunObject) -> Result<Value> {
    let extents = run.extents().await?;
    let rows = records::end(extents, records::HISTORY);
    let mut keys = Map::new();
    for (key, leaf) in leaves::of(&run.summary().await?) {
        if row::is_reserved(&key) {
            continue;
        }
        let entry = json!({
            "typeCounts": [{ "type": kind(leaf), "count": rows.max(1) }],
            "previousValue": value(leaf),
            "monotonic": false,
        });
        keys.insert(key, entry);
    }
    let mut found = json!({ "keys": keys, "sets": [] });
    // Clients count on from it, and cannot from null.
    if let (Some(step), Some(found)) = (last_step(run).await?, found.as_object_mut()) {
        found.insert("lastStep".to_owned(), step.into());
    }
    Ok(found)
}

/// The highest step there is; nothing when there are neither rows nor points.
pub(super) async fn last_step(run: &RunObject) -> Result<Option<i64>> {
    let rows = records::of(run.extents().await?, records::HISTORY).filter_map(|extent| extent.last_step).max();
    let measured = run.run.metrics.iter().filter(|metric| !metric.key.as_str().starts_with("system/"));
    Ok(rows.max(measured.map(|metric| metric.point.step).max()))
}

fn kind(leaf: &Json) -> &str {
    match leaf {
        Json::Integer(_) | Json::Float(_) => "number",
        Json::Bool(_) => "boolean",
        Json::Text(_) => "string",
        Json::List(_) => "list",
        Json::Null => "nil",
        Json::Object(object) => object.get("_type").and_then(Json::as_text).unwrap_or("map"),
    }
}

/// JSON that everybody reads: a number that it lacks is a text.
pub(super) fn value(leaf: &Json) -> Value {
    match leaf {
        Json::Float(number) if !number.is_finite() => leaf.to_string().into(),
        Json::Object(object) => Value::Object(object.iter().map(|(key, leaf)| (key.to_owned(), value(leaf))).collect()),
        Json::List(items) => items.iter().map(value).collect(),
        other => serde_json::from_str(&other.to_string()).unwrap_or(Value::Null),
    }
}
