//! Whether Trackside itself has everything that it acknowledged, and nothing else.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::chaos::{
    difference::Differences,
    ledger::{Acknowledged, Run},
    shown::{Shown, point_text},
};

pub(crate) fn check(shown: &Shown, truth: &Acknowledged, differences: &mut Differences) {
    for (id, run) in &truth.runs {
        let expected = expected(run);
        let found = shown.runs.get(id).unwrap_or(&Value::Null);
        for (field, value) in expected.as_object().unwrap() {
            let mut there = found[field].clone();
            if field == "tags" {
                // The server has its own name for the name.
                there.as_object_mut().map(|tags| tags.remove("mlflow.runName"));
            }
            differences.compare(&format!("source.{id}.{field}"), value, &there);
        }
    }
    for ((model, number), run) in &truth.versions {
        let found = shown.versions.get(&format!("{model}/{number}")).unwrap_or(&Value::Null);
        differences.compare(&format!("source.{model}/{number}"), &json!(run), &found["run"]);
    }
}

fn expected(run: &Run) -> Value {
    let mut points: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for logged in &run.points {
        points.entry(&logged.key).or_default().push(point_text(logged.point));
    }
    for of_key in points.values_mut() {
        of_key.sort();
    }
    json!({
        "experiment": run.experiment,
        "name": run.name,
        "status": run.status,
        "stage": if run.is_deleted { "deleted" } else { "active" },
        "params": run.params,
        "tags": run.tags,
        "points": points,
        "artifacts": run.artifacts,
    })
}
