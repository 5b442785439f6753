//! All that a tracking server shows, read through its API, in a form that can be compared.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use trackside_tests::Client;

use crate::chaos::ledger::Point;

/// Runs by id, and versions of registered models by `name/number`.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) runs: BTreeMap<String, Value>,
    pub(crate) versions: BTreeMap<String, Value>,
}

impl Shown {
    /// Of a server with ids of its own or of ours. `artifacts` says whether it has the files.
    pub(crate) async fn read(client: &Client, artifacts: bool) -> Self {
        let mut shown = Self::default();
        let experiments = pages(client, "experiments/search", json!({"view_type": "ALL"}), "experiments").await;
        let names: BTreeMap<String, String> =
            experiments.iter().map(|found| (text(&found["experiment_id"]), text(&found["name"]))).collect();
        let ids: Vec<&String> = names.keys().collect();
        let search = json!({"experiment_ids": ids, "run_view_type": "ALL"});
        for run in pages(client, "runs/search", search, "runs").await {
            let run = show(client, &run, &names, artifacts).await;
            let id = run["id"].as_str().unwrap().to_owned();
            let former = shown.runs.insert(id.clone(), run);
            assert!(former.is_none(), "there are two of run {id}");
        }
        let found = client.get("model-versions/search?max_results=10000").await.unwrap();
        for version in list(&found["model_versions"]) {
            shown.add_version(version);
        }
        shown
    }

    fn add_version(&mut self, version: &Value) {
        let mut tags = pairs(&version["tags"]);
        tags.remove("trackside.version");
        let run = text(&version["run_id"]);
        // The mirror has another id for it.
        let ours = self.runs.values().find(|shown| shown["local_id"] == run).map(|shown| &shown["id"]);
        let shown = json!({
            "run": ours, "description": version["description"], "stage": version["current_stage"], "tags": tags,
            "aliases": version["aliases"],
        });
        self.versions.insert(format!("{}/{}", text(&version["name"]), text(&version["version"])), shown);
    }

    /// Everything but ids that are the server's own.
    pub(crate) fn comparable(mut self) -> Value {
        for run in self.runs.values_mut() {
            run.as_object_mut().unwrap().remove("local_id");
        }
        json!({"runs": self.runs, "versions": self.versions})
    }
}

async fn show(client: &Client, run: &Value, experiments: &BTreeMap<String, String>, artifacts: bool) -> Value {
    let (info, data) = (&run["info"], &run["data"]);
    let local_id = text(&info["run_id"]);
    let mut tags = pairs(&data["tags"]);
    let id = tags.remove("trackside.run_id").map_or_else(|| local_id.clone(), |id| text(&id));
    if let Some(parent) = tags.remove("trackside.parent_run_id") {
        tags.insert("mlflow.parentRunId".to_owned(), parent);
    }
    let mut points = Map::new();
    for metric in list(&data["metrics"]) {
        let key = text(&metric["key"]);
        points.insert(key.clone(), history(client, &local_id, &key).await.into());
    }
    let files = if artifacts { files(client, &local_id).await } else { Map::new() };
    json!({
        "id": id,
        "local_id": local_id,
        "experiment": experiments[&text(&info["experiment_id"])],
        "name": info["run_name"],
        "user": info["user_id"],
        "status": info["status"],
        "start": info["start_time"],
        "end": info["end_time"],
        "stage": info["lifecycle_stage"],
        "params": pairs(&data["params"]),
        "tags": tags,
        "latest": list(&data["metrics"]).iter().map(point).collect::<Vec<_>>(),
        "points": points,
        "inputs": run["inputs"]["dataset_inputs"],
        "artifacts": files,
    })
}

async fn history(client: &Client, run: &str, key: &str) -> Vec<String> {
    let path = format!("metrics/get-history?run_id={run}&metric_key={key}");
    let found = client.get(&path).await.unwrap();
    let mut points: Vec<String> = list(&found["metrics"]).iter().map(point).collect();
    points.sort();
    points
}

/// A point as text.
fn point(metric: &Value) -> String {
    let number = |field: &str| metric[field].as_i64().unwrap_or_default();
    let value = metric["value"].as_f64().unwrap_or(f64::NAN);
    point_text(Point { step: number("step"), time: number("timestamp"), value })
}

pub(crate) fn point_text(point: Point) -> String {
    let Point { step, time, value } = point;
    format!("step {step} time {time} value {value:e}")
}

async fn files(client: &Client, run: &str) -> Map<String, Value> {
    let mut files = Map::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let found = client.get(&format!("artifacts/list?run_id={run}&path={folder}")).await.unwrap();
        for file in list(&found["files"]) {
            let path = text(&file["path"]);
            if file["is_dir"] == true {
                folders.push(path);
                continue;
            }
            let url = client.url(&format!("/get-artifact?run_uuid={run}&path={path}"));
            let bytes = client.http().get(url).send().await.unwrap().text().await.unwrap();
            files.insert(path, bytes.into());
        }
    }
    files
}

async fn pages(client: &Client, path: &str, mut search: Value, field: &str) -> Vec<Value> {
    let mut items = Vec::new();
    search["max_results"] = json!(1_000);
    loop {
        let found = client.post(path, &search).await.unwrap();
        items.extend(list(&found[field]).iter().cloned());
        let Some(token) = found["next_page_token"].as_str().filter(|token| !token.is_empty()) else { return items };
        search["page_token"] = json!(token);
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn pairs(value: &Value) -> Map<String, Value> {
    list(value).iter().map(|pair| (text(&pair["key"]), pair["value"].clone())).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
