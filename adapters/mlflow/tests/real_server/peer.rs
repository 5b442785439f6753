//! Reading the server back, by its own REST API and with none of the adapter's code.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use serde_json::{Value, json};
use trackside_core::{
    ArtifactPath, Dataset, DatasetInput, Key, KeyValue, LoggedModelId, LoggedModelStatus, ModelMetric, ModelOutput,
    Point, RunId, RunStatus, Stage, SystemClock, Timestamp,
};
use trackside_http_client::{Answer, Client, Config, Method};
use trackside_testkit::{Inspect, Limits, LoggedModelState, RegisteredModelState, RunState, VersionState};

use crate::renamed::ModelIds;

/// A part of a server.
#[derive(Debug)]
pub(crate) struct Peer {
    client: Client,
    prefix: String,
    model_ids: ModelIds,
    few_histories: bool,
}

impl Peer {
    pub(crate) fn new(url: &str, prefix: String, model_ids: ModelIds, few_histories: bool) -> Self {
        let client = Client::new(url, &Config::default(), Arc::new(SystemClock)).unwrap();
        Self { client, prefix, model_ids, few_histories }
    }

    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> trackside_core::Result<Value> {
        let call = self.client.call(Method::GET, &format!("/api/2.0/mlflow/{path}")).query(query.iter().copied());
        call.send().await?.json()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let call = self.client.call(Method::POST, &format!("/api/2.0/mlflow/{path}")).json(&body);
        call.send().await.unwrap().json().unwrap()
    }

    /// A part of a file of the server's store.
    pub(crate) async fn bytes(&self, uri: &str, path: &str, range: &str) -> Answer {
        let root = uri.strip_prefix("mlflow-artifacts:").unwrap();
        let call = self.client.call(Method::GET, "/api/2.0/mlflow-artifacts/artifacts");
        let segments = root.split('/').chain(path.split('/')).filter(|segment| !segment.is_empty());
        call.below(segments).header("range".parse().unwrap(), range).send().await.unwrap()
    }

    async fn experiments(&self) -> BTreeMap<String, Key> {
        let filter = format!("name LIKE '{}%'", self.prefix);
        let search = json!({"filter": filter, "view_type": "ALL", "max_results": 1000});
        let found = self.post("experiments/search", search).await;
        let experiments = list(&found["experiments"]);
        experiments.map(|found| (text(&found["experiment_id"]), self.key(&found["name"]))).collect()
    }

    /// Runs as the server shows them.
    pub(crate) async fn found(&self) -> Vec<Value> {
        let ids: Vec<String> = self.experiments().await.into_keys().collect();
        let search = json!({"experiment_ids": ids, "run_view_type": "ALL", "max_results": 1000});
        let found = self.post("runs/search", search).await;
        let mut runs = Vec::new();
        for run in list(&found["runs"]) {
            let id = text(&run["info"]["run_id"]);
            runs.push(self.get("runs/get", &[("run_id", &id)]).await.unwrap()["run"].clone());
        }
        runs
    }

    pub(crate) async fn history(&self, run: &str, key: &str) -> Vec<Point> {
        let (mut points, mut token) = (Vec::new(), String::new());
        loop {
            let query = [("run_id", run), ("metric_key", key), ("max_results", "25000"), ("page_token", &token)];
            let query = if token.is_empty() { &query[..3] } else { &query[..] };
            let found = self.get("metrics/get-history", query).await.unwrap();
            points.extend(list(&found["metrics"]).map(point));
            token = text(&found["next_page_token"]);
            if token.is_empty() {
                break;
            }
        }
        // The order of a history; the server does not say where it puts NaN.
        let rank = |point: &Point| if point.value.is_nan() { 0.0 } else { point.value };
        points.sort_by(|a, b| {
            let by_position = (a.time, a.step).cmp(&(b.time, b.step)).then(rank(a).total_cmp(&rank(b)));
            by_position.then(a.value.is_nan().cmp(&b.value.is_nan()))
        });
        points
    }

    async fn files(&self, run: &str, path: String, files: &mut BTreeMap<ArtifactPath, u64>) {
        let found = self.get("artifacts/list", &[("run_id", run), ("path", &path)]).await.unwrap();
        for file in list(&found["files"]) {
            let path = text(&file["path"]);
            if file["is_dir"] == true {
                Box::pin(self.files(run, path, files)).await;
            } else {
                files.insert(ArtifactPath::parse(&path).unwrap(), file["file_size"].as_u64().unwrap_or(0));
            }
        }
    }

    /// The id at the source of a logged model at the server.
    async fn model_id(&self, id: &Value) -> LoggedModelId {
        let found = self.get(&format!("logged-models/{}", text(id)), &[("allow_deleted", "true")]).await.unwrap();
        LoggedModelId::parse(&tag(&found["model"]["info"]["tags"], "trackside.model_id").unwrap()).unwrap()
    }

    /// The id at the source of a run at the server.
    async fn run_id(&self, id: &str) -> Option<RunId> {
        if id.is_empty() {
            return None;
        }
        let found = self.get("runs/get", &[("run_id", id)]).await.unwrap();
        tag(&found["run"]["data"]["tags"], "trackside.run_id").map(|id| RunId::parse(&id).unwrap())
    }

    async fn run(&self, run: Value, experiments: &BTreeMap<String, Key>) -> RunState {
        let (info, data) = (&run["info"], &run["data"]);
        let id = text(&info["run_id"]);
        let mut state = RunState {
            id: RunId::parse(&tag(&data["tags"], "trackside.run_id").unwrap()).unwrap(),
            experiment: experiments[&text(&info["experiment_id"])].clone(),
            name: text(&info["run_name"]),
            user: text(&info["user_id"]),
            status: RunStatus::parse(&text(&info["status"])).unwrap(),
            started_at: time(&info["start_time"]),
            ended_at: info.get("end_time").map(time),
            deleted: info["lifecycle_stage"] == "deleted",
            params: pairs(&data["params"]),
            tags: pairs(&data["tags"]),
            points: BTreeMap::new(),
            dataset_inputs: list(&run["inputs"]["dataset_inputs"]).map(dataset_input).collect(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
            artifacts: BTreeMap::new(),
        };
        sort_inputs(&mut state.dataset_inputs);
        for metric in list(&data["metrics"]) {
            state.points.insert(key(&metric["key"]), self.history(&id, &text(&metric["key"])).await);
        }
        for input in list(&run["inputs"]["model_inputs"]) {
            state.model_inputs.push(self.model_id(&input["model_id"]).await);
        }
        state.model_inputs.sort();
        for output in list(&run["outputs"]["model_outputs"]) {
            let model = self.model_id(&output["model_id"]).await;
            state.model_outputs.push(ModelOutput { model, step: output["step"].as_i64().unwrap_or(0) });
        }
        state.model_outputs.sort_by(|a, b| a.model.cmp(&b.model));
        self.files(&id, String::new(), &mut state.artifacts).await;
        state
    }

    async fn logged_model(&self, id: &str, experiments: &BTreeMap<String, Key>) -> LoggedModelState {
        let path = format!("logged-models/{id}");
        let model = self.get(&path, &[("allow_deleted", "true")]).await.unwrap()["model"].clone();
        let (info, data) = (&model["info"], &model["data"]);
        let mut metrics = Vec::new();
        for metric in list(&data["metrics"]) {
            let dataset = metric.get("dataset_name").map(|name| (text(name), text(&metric["dataset_digest"])));
            let run = self.run_id(&text(&metric["run_id"])).await.unwrap();
            metrics.push(ModelMetric { key: key(&metric["key"]), point: point(metric), run, dataset });
        }
        metrics.sort_by(|a, b| (&a.key, a.point.time, a.point.step).cmp(&(&b.key, b.point.time, b.point.step)));
        let tagged = tag(&info["tags"], "trackside.source_run_id").map(|id| RunId::parse(&id).unwrap());
        LoggedModelState {
            id: self.model_id(&json!(id)).await,
            experiment: experiments[&text(&info["experiment_id"])].clone(),
            name: text(&info["name"]),
            status: LoggedModelStatus::parse(text(&info["status"]).strip_prefix("LOGGED_MODEL_").unwrap()).unwrap(),
            model_type: text(&info["model_type"]),
            source_run: self.run_id(&text(&info["source_run_id"])).await.or(tagged),
            deleted: self.get(&path, &[]).await.is_err(),
            tags: pairs(&info["tags"]),
            params: pairs(&data["params"]),
            metrics,
        }
    }

    async fn versions(&self, name: &str) -> BTreeMap<u32, (String, VersionState)> {
        let filter = format!("name = '{name}'");
        let found = self.get("model-versions/search", &[("filter", &filter)]).await.unwrap();
        let mut versions = BTreeMap::new();
        for version in list(&found["model_versions"]) {
            let number = tag(&version["tags"], "trackside.version").unwrap().parse().unwrap();
            let state = VersionState {
                description: optional(&version["description"]),
                stage: Stage::parse(&text(&version["current_stage"])).unwrap(),
                source: text(&version["source"]),
                run: self.run_id(&text(&version["run_id"])).await,
                run_link: optional(&version["run_link"]),
                tags: pairs(&version["tags"]),
            };
            assert!(
                versions.insert(number, (text(&version["version"]), state)).is_none(),
                "version {number} is there twice"
            );
        }
        versions
    }

    async fn registered_model(&self, name: &str) -> RegisteredModelState {
        let model = self.get("registered-models/get", &[("name", name)]).await.unwrap()["registered_model"].clone();
        let versions = self.versions(name).await;
        let number = |theirs: String| *versions.iter().find(|(_, (version, _))| *version == theirs).unwrap().0;
        RegisteredModelState {
            name: self.key(&model["name"]),
            description: optional(&model["description"]),
            tags: pairs(&model["tags"]),
            aliases: list(&model["aliases"])
                .map(|alias| (key(&alias["alias"]), number(text(&alias["version"]))))
                .collect(),
            versions: versions.iter().map(|(number, (_, state))| (*number, state.clone())).collect(),
        }
    }

    /// A name with the prefix of the test.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A name without it.
    fn key(&self, name: &Value) -> Key {
        Key::new(text(name).strip_prefix(&self.prefix).unwrap()).unwrap()
    }
}

#[async_trait]
impl Inspect for Peer {
    async fn runs(&self) -> Vec<RunState> {
        let experiments = self.experiments().await;
        let mut states = Vec::new();
        for run in self.found().await {
            states.push(self.run(run, &experiments).await);
        }
        states.sort_by(|a, b| a.id.cmp(&b.id));
        states
    }

    async fn logged_models(&self) -> Vec<LoggedModelState> {
        let experiments = self.experiments().await;
        let ids: Vec<String> = self.model_ids.lock().unwrap().iter().cloned().collect();
        let mut states = BTreeMap::new();
        for id in ids {
            let state = self.logged_model(&id, &experiments).await;
            // A model that was begun and ended in one batch which came again is in the bin more than once.
            let before = states.insert(state.id.clone(), state.clone());
            assert!(before.is_none_or(|before| before.deleted && state.deleted), "{} is there twice", state.id);
        }
        states.into_values().collect()
    }

    async fn registered_models(&self) -> Vec<RegisteredModelState> {
        let filter = format!("name LIKE '{}%'", self.prefix);
        let found =
            self.get("registered-models/search", &[("filter", &filter), ("max_results", "1000")]).await.unwrap();
        let mut states = Vec::new();
        for model in list(&found["registered_models"]) {
            states.push(self.registered_model(&text(&model["name"])).await);
        }
        states
    }

    fn limits(&self) -> Limits {
        let few_histories = self.few_histories;
        Limits { plain_times: true, plain_texts: true, few_histories, ..Limits::default() }
    }

    fn view(&self, mut run: RunState) -> RunState {
        for point in run.points.values_mut().flatten() {
            point.value = cut(point.value);
        }
        sort_inputs(&mut run.dataset_inputs);
        run.model_inputs.sort();
        run.model_outputs.sort_by(|a, b| a.model.cmp(&b.model));
        run
    }

    fn view_registered_model(&self, mut model: RegisteredModelState) -> RegisteredModelState {
        // Empty texts and none are one at the server.
        model.description = model.description.filter(|text| !text.is_empty());
        for version in model.versions.values_mut() {
            version.description = version.description.take().filter(|text| !text.is_empty());
            version.run_link = version.run_link.take().filter(|text| !text.is_empty());
        }
        model
    }
}

/// MLflow's columns hold no infinities.
pub(crate) fn cut(value: f64) -> f64 {
    if value.is_infinite() { f64::MAX.copysign(value) } else { value }
}

pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A text; none counts as empty.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn optional(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn key(value: &Value) -> Key {
    Key::new(text(value)).unwrap()
}

fn time(value: &Value) -> Timestamp {
    Timestamp::from_millis(value.as_i64().unwrap())
}

fn point(metric: &Value) -> Point {
    let value = match &metric["value"] {
        Value::String(nan) if nan == "NaN" => f64::NAN,
        number => number.as_f64().unwrap(),
    };
    Point { step: metric["step"].as_i64().unwrap_or(0), time: time(&metric["timestamp"]), value }
}

pub(crate) fn tag(tags: &Value, name: &str) -> Option<String> {
    list(tags).find(|tag| tag["key"] == name).map(|tag| text(&tag["value"]))
}

/// Pairs, without those that the adapter or the server adds.
fn pairs(tags: &Value) -> BTreeMap<Key, String> {
    let own = list(tags).filter(|tag| !text(&tag["key"]).starts_with("trackside.") && tag["key"] != "mlflow.runName");
    own.map(|tag| (key(&tag["key"]), text(&tag["value"]))).collect()
}

fn dataset_input(input: &Value) -> DatasetInput {
    let dataset = &input["dataset"];
    DatasetInput {
        dataset: Dataset {
            name: key(&dataset["name"]),
            digest: text(&dataset["digest"]),
            source_type: text(&dataset["source_type"]),
            source: text(&dataset["source"]),
            schema: dataset.get("schema").map(text),
            profile: dataset.get("profile").map(text),
        },
        tags: list(&input["tags"]).map(|tag| KeyValue::new(text(&tag["key"]), text(&tag["value"])).unwrap()).collect(),
    }
}

fn sort_inputs(inputs: &mut [DatasetInput]) {
    inputs.sort_by(|a, b| (&a.dataset.name, &a.dataset.digest).cmp(&(&b.dataset.name, &b.dataset.digest)));
}
