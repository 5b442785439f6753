//! Training, as far as a tracker sees it: what clients log, in every order and with every value.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::chaos::{
    dice::Dice,
    ledger::{Logged, Point},
    line::{Body, Line},
};

const EXPERIMENTS: [&str; 3] = ["digits", "speech/small", "größe"];
const MODELS: [&str; 2] = ["classifier", "tagger"];
pub(crate) const KEYS: [&str; 4] = ["loss", "acc", "val/loss", "lr"];
const TAGS: [&str; 4] = ["phase", "host", "note", "queue"];
/// The beginning of time.
const EPOCH: i64 = 1_700_000_000_000;

/// A client that trains one run after the other.
#[derive(Debug)]
pub(crate) struct Trainer {
    pub(crate) line: Line,
    pub(crate) dice: Dice,
    /// Whether to begin another run.
    pub(crate) goes_on: watch::Receiver<bool>,
    /// The run before.
    pub(crate) former: Option<String>,
    pub(crate) clock: i64,
}

/// A run in training.
#[derive(Debug)]
struct Training {
    id: String,
    artifact_path: String,
    step: i64,
    n_params: u64,
}

impl Trainer {
    pub(crate) async fn work(mut self) {
        while *self.goes_on.borrow() {
            let mut run = self.begin().await;
            for _ in 0..8 + self.dice.below(30) {
                self.act(&mut run).await;
            }
            self.end(&run).await;
            self.former = Some(run.id);
        }
    }

    const fn now(&mut self) -> i64 {
        self.clock += 7;
        EPOCH + self.clock
    }

    async fn begin(&mut self) -> Training {
        let experiment = *self.dice.pick(&EXPERIMENTS);
        let path = format!("experiments/get-by-name?experiment_name={experiment}");
        let found = self.line.mlflow(Method::GET, &path, json!({}), "").await;
        let experiment_id = found["experiment"]["experiment_id"].as_str().unwrap().to_owned();
        let mut tags = vec![("phase", "begun".to_owned())];
        if let Some(former) = self.former.clone().filter(|_| self.dice.percent(25)) {
            tags.push(("mlflow.parentRunId", former));
        }
        let name = format!("{experiment} {}", self.dice.below(1_000));
        let wire: Vec<Value> = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        let start_time = self.now();
        let body = json!({
            "experiment_id": experiment_id, "run_name": name, "start_time": start_time, "user_id": "ada", "tags": wire,
        });
        let created = self.line.post("runs/create", body, "").await;
        let info = &created["run"]["info"];
        let id = info["run_id"].as_str().unwrap().to_owned();
        let artifact_path =
            info["artifact_uri"].as_str().unwrap().strip_prefix("mlflow-artifacts:/").unwrap().to_owned();
        self.line.ledger.run(&id, |run| {
            experiment.clone_into(&mut run.experiment);
            "RUNNING".clone_into(&mut run.status);
            run.name = name;
            run.tags.extend(tags.into_iter().map(|(key, value)| (key.to_owned(), value)));
        });
        Training { id, artifact_path, step: 0, n_params: 0 }
    }

    async fn act(&mut self, run: &mut Training) {
        match self.dice.below(20) {
            0..10 => self.log_batch(run).await,
            10 | 11 => self.log_metric(run).await,
            12 | 13 => self.set_tag(run).await,
            14 => self.delete_tag(run).await,
            15 => self.rename(run).await,
            16 | 17 => self.upload(run).await,
            18 => self.log_dataset(run).await,
            _ => self.delete_and_restore(run).await,
        }
    }

    fn value(&mut self) -> f64 {
        match self.dice.below(20) {
            0 => f64::NAN,
            1 => f64::MAX,
            2 => -1e-300,
            3 => 0.0,
            #[expect(clippy::cast_precision_loss, reason = "any value will do")]
            _ => self.dice.roll() as f64 / 1e19,
        }
    }

    fn point(&mut self, run: &mut Training) -> Logged {
        // Mostly rising; sometimes repeated, sometimes far back.
        match self.dice.below(10) {
            0 => {}
            1 => run.step -= 3,
            _ => run.step += 1,
        }
        let key = (*self.dice.pick(&KEYS)).to_owned();
        Logged { key, point: Point { step: run.step, time: self.now(), value: self.value() } }
    }

    async fn log_batch(&mut self, run: &mut Training) {
        let mut points: Vec<Logged> = (0..=self.dice.below(30)).map(|_| self.point(run)).collect();
        if self.dice.percent(20) {
            // Clients do log the very same point twice.
            points.push(points[0].clone());
        }
        let mut params = Vec::new();
        if self.dice.percent(30) && run.n_params < 10 {
            run.n_params += 1;
            params.push((format!("p{}", run.n_params), format!("v{}", self.dice.below(100))));
        }
        let tags = if self.dice.percent(20) { vec![self.tag()] } else { vec![] };
        let pairs = |pairs: &[(String, String)]| -> Vec<Value> {
            pairs.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
        };
        let body = json!({
            "run_id": run.id,
            "metrics": points.iter().map(wire).collect::<Vec<_>>(),
            "params": pairs(&params),
            "tags": pairs(&tags),
        });
        self.line.post("runs/log-batch", body, "").await;
        self.line.ledger.run(&run.id, |run| {
            run.add_points(points);
            run.params.extend(params);
            run.tags.extend(tags);
        });
    }

    async fn log_metric(&mut self, run: &mut Training) {
        let point = self.point(run);
        let mut body = wire(&point);
        body["run_id"] = json!(run.id);
        self.line.post("runs/log-metric", body, "").await;
        self.line.ledger.run(&run.id, |run| run.add_points(vec![point]));
    }

    fn tag(&mut self) -> (String, String) {
        ((*self.dice.pick(&TAGS)).to_owned(), format!("t{}", self.dice.below(1_000)))
    }

    async fn set_tag(&mut self, run: &Training) {
        let (key, value) = self.tag();
        self.line.post("runs/set-tag", json!({"run_id": run.id, "key": key, "value": value}), "").await;
        self.line.ledger.run(&run.id, |run| drop(run.tags.insert(key, value)));
    }

    async fn delete_tag(&mut self, run: &Training) {
        let tags = self.line.ledger.write().runs[&run.id].tags.clone();
        let Some(key) = tags.into_keys().find(|key| TAGS.contains(&key.as_str())) else { return };
        self.line.post("runs/delete-tag", json!({"run_id": run.id, "key": key}), "RESOURCE_DOES_NOT_EXIST").await;
        self.line.ledger.run(&run.id, |run| drop(run.tags.remove(&key)));
    }

    async fn rename(&mut self, run: &Training) {
        let name = format!("renamed {}", self.dice.below(1_000));
        self.line.post("runs/update", json!({"run_id": run.id, "run_name": name}), "").await;
        self.line.ledger.run(&run.id, |run| run.name = name);
    }

    async fn upload(&mut self, run: &Training) {
        let path = format!("out/{}.txt", self.dice.below(3));
        let bytes = format!("{:x}\n", self.dice.roll()).repeat(1 + usize::try_from(self.dice.below(200)).unwrap());
        let url = format!("/api/2.0/mlflow-artifacts/artifacts/{}/{path}", run.artifact_path);
        let answer = self.line.send(Method::PUT, &url, Body::Bytes(bytes.clone())).await;
        assert_eq!(answer.status, 200, "{url}: {}", answer.body);
        self.line.ledger.run(&run.id, |run| drop(run.artifacts.insert(path, bytes)));
    }

    async fn log_dataset(&mut self, run: &Training) {
        let digest = format!("{:08x}", self.dice.below(5));
        let dataset = json!({"name": "mnist", "digest": digest, "source_type": "local", "source": "{}"});
        let datasets = json!([{"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "training"}]}]);
        self.line.post("runs/log-inputs", json!({"run_id": run.id, "datasets": datasets}), "").await;
    }

    async fn delete_and_restore(&mut self, run: &Training) {
        self.line.post("runs/delete", json!({"run_id": run.id}), "INVALID_PARAMETER_VALUE").await;
        self.line.post("runs/restore", json!({"run_id": run.id}), "INVALID_PARAMETER_VALUE").await;
    }

    async fn end(&mut self, run: &Training) {
        let status = *self.dice.pick(&["FINISHED", "FAILED", "KILLED"]);
        let end_time = self.now();
        self.line.post("runs/update", json!({"run_id": run.id, "status": status, "end_time": end_time}), "").await;
        self.line.ledger.run(&run.id, |run| status.clone_into(&mut run.status));
        if self.dice.percent(15) {
            self.register(run).await;
        }
        if self.dice.percent(10) {
            self.line.post("runs/delete", json!({"run_id": run.id}), "INVALID_PARAMETER_VALUE").await;
            self.line.ledger.run(&run.id, |run| run.is_deleted = true);
        }
    }

    async fn register(&mut self, run: &Training) {
        let name = (*self.dice.pick(&MODELS)).to_owned();
        let source = format!("mlflow-artifacts:/{}/out", run.artifact_path);
        let body = json!({"name": name, "source": source, "run_id": run.id});
        let created = self.line.post("model-versions/create", body, "").await;
        let version = created["model_version"]["version"].as_str().unwrap().to_owned();
        self.line.ledger.write().versions.insert((name.clone(), version.clone()), run.id.clone());
        let note = format!("d{}", self.dice.below(100));
        let body = json!({"name": name, "version": version, "description": note});
        self.line.mlflow(Method::PATCH, "model-versions/update", body, "").await;
        let alias = *self.dice.pick(&["champion", "challenger"]);
        let body = json!({"name": name, "alias": alias, "version": version});
        self.line.post("registered-models/alias", body, "").await;
    }
}

/// What must be there before the trainers begin.
pub(crate) async fn prepare(line: &mut Line) {
    for name in EXPERIMENTS {
        line.post("experiments/create", json!({"name": name}), "RESOURCE_ALREADY_EXISTS").await;
    }
    for name in MODELS {
        line.post("registered-models/create", json!({"name": name}), "RESOURCE_ALREADY_EXISTS").await;
    }
}

fn wire(logged: &Logged) -> Value {
    let Point { step, time, value } = logged.point;
    let value = if value.is_nan() { json!("NaN") } else { json!(value) };
    json!({"key": logged.key, "step": step, "timestamp": time, "value": value})
}
