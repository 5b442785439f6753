//! What a W&B server was sent: rows that hold every point once, the config, files and the end.

use serde_json::{Value, json};

use crate::chaos::{
    difference::Differences,
    ledger::{Acknowledged, Run},
    load::KEYS,
    wandb_server::{Bucket, WandbServer},
};

/// Metric, step and value.
type Cell = (String, i64, String);

pub(crate) fn check(server: &WandbServer, truth: &Acknowledged, differences: &mut Differences) {
    let buckets = server.buckets();
    differences.runs("wandb", truth.runs.keys(), buckets.keys());
    for (id, bucket) in &*buckets {
        if let Some(run) = truth.runs.get(id) {
            check_run(&format!("wandb.{id}"), bucket, run, differences);
        }
    }
}

fn check_run(place: &str, bucket: &Bucket, run: &Run, differences: &mut Differences) {
    if !bucket.history.keys().copied().eq(0..bucket.history.len() as u64) {
        differences.add(place, format!("its lines are {:?}", bucket.history.keys()));
    }
    for (former, line) in &bucket.rewritten {
        differences.add(place, format!("{former} has become {line}"));
    }
    let rows: Vec<Value> = bucket.history.values().map(|line| row(line)).collect();
    let numbers: Vec<i64> = rows.iter().map(|row| row["_step"].as_i64().unwrap()).collect();
    if !numbers.is_sorted_by(|a, b| a < b) {
        differences.add(place, format!("its rows do not rise: {numbers:?}"));
    }
    let mut found: Vec<Cell> = rows.iter().flat_map(cells).collect();
    let mut expected: Vec<Cell> = run
        .points
        .iter()
        .map(|logged| (logged.key.clone(), logged.point.step, format!("{:e}", logged.point.value)))
        .collect();
    found.sort();
    expected.sort();
    differences.sequence(place, &expected, &found);

    let own = &bucket.config["_trackside"]["value"];
    differences.compare(&format!("{place}.status"), &run.status.as_str().into(), &own["status"]);
    let exit_code = match run.status.as_str() {
        "FINISHED" => Some(0),
        "FAILED" => Some(1),
        "KILLED" => Some(255),
        status => {
            // A run that was begun twice because the answer was lost stays without points.
            if !run.points.is_empty() {
                differences.add(place, format!("it is {status}: its last row is held back"));
            }
            None
        }
    };
    if bucket.exit_code != exit_code || bucket.display_name != run.name {
        differences.add(place, format!("its end is {:?}, its name {:?}", bucket.exit_code, bucket.display_name));
    }
    let tags = if own["tags"].is_null() { &json!({}) } else { &own["tags"] };
    differences.compare(&format!("{place}.tags"), &json!(run.tags), tags);
    for (key, value) in &run.params {
        differences.compare(&format!("{place}.{key}"), &value.as_str().into(), &bucket.config[key]["value"]);
    }
    let files = bucket.files.iter().map(|(path, bytes)| (path.strip_prefix("artifacts/").unwrap_or(path), bytes));
    if !files.eq(run.artifacts.iter().map(|(path, bytes)| (path.as_str(), bytes))) {
        differences.add(place, format!("its files are {:?}", bucket.files.keys()));
    }
}

/// A line is JSON but for numbers that JSON lacks.
fn row(line: &str) -> Value {
    serde_json::from_str(&line.replace(":NaN", ":\"NaN\"")).unwrap()
}

fn cells(row: &Value) -> Vec<Cell> {
    let step = row["trackside/step"].as_i64().or(row["_step"].as_i64()).unwrap();
    let metrics = row.as_object().unwrap().iter().filter(|(key, _)| KEYS.contains(&key.as_str()));
    metrics.map(|(key, value)| (key.clone(), step, format!("{:e}", value.as_f64().unwrap_or(f64::NAN)))).collect()
}
