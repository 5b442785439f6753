//! The few calls of MLflow's REST API that the generator makes.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::database::{Database, Point, Write};

#[derive(Deserialize)]
struct CreateRun {
    experiment_id: String,
    #[serde(default)]
    run_name: String,
    #[serde(default)]
    start_time: i64,
}

#[derive(Deserialize)]
struct LogMetric {
    run_id: String,
    #[serde(flatten)]
    point: Point,
}

#[derive(Deserialize)]
struct LogBatch {
    run_id: String,
    metrics: Vec<Point>,
}

#[derive(Deserialize)]
struct SearchRuns {
    experiment_ids: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Api {
    database: Database,
    ids: Arc<AtomicU64>,
}

impl Api {
    pub(super) fn new(database: Database) -> Self {
        Self { database, ids: Arc::default() }
    }

    /// An error is a 500 with its text: it voids the measurement.
    pub(super) async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let answer = match self.call(head.uri.path(), head.uri.query().unwrap_or_default(), &body).await {
            Ok(answer) => Response::new(Full::new(answer)),
            Err(error) => {
                let mut answer = Response::new(Full::new(format!("{error:#}").into()));
                *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                answer
            }
        };
        Ok(answer)
    }

    async fn call(&self, path: &str, query: &str, body: &[u8]) -> anyhow::Result<Bytes> {
        let call = path.strip_prefix("/api/2.0/mlflow/").unwrap_or(path);
        match call {
            "/health" => return Ok(Bytes::from_static(b"OK")),
            "experiments/create" => return Ok(text(&json!({ "experiment_id": self.fresh().to_string() }))),
            "runs/create" => return self.create_run(read(body)?).await,
            "runs/log-metric" => {
                let LogMetric { run_id, point } = read(body)?;
                self.database.write(Write::Points { run: run_id, points: vec![point] }).await?;
            }
            "runs/log-batch" => {
                let LogBatch { run_id, metrics } = read(body)?;
                self.database.write(Write::Points { run: run_id, points: metrics }).await?;
            }
            "metrics/get-history" => {
                let points = self.database.points(value(query, "run_id")?, Some(value(query, "metric_key")?))?;
                return Ok(text(&json!({ "metrics": points.iter().map(shown).collect::<Vec<_>>() })));
            }
            "runs/get" => {
                let mut points = self.database.points(value(query, "run_id")?, None)?;
                points.sort_by(|a, b| (&a.key, b.step, b.time).cmp(&(&b.key, a.step, a.time)));
                points.dedup_by(|later, first| later.key == first.key);
                let metrics: Vec<Value> = points.iter().map(shown).collect();
                return Ok(text(&json!({ "run": { "data": { "metrics": metrics } } })));
            }
            "runs/search" => {
                let SearchRuns { experiment_ids } = read(body)?;
                let n_runs = self.database.n_runs(experiment_ids.first().context("no experiment")?)?;
                return Ok(text(&json!({ "runs": (0..n_runs).map(|_| json!({})).collect::<Vec<_>>() })));
            }
            _ => bail!("{path} is not known"),
        }
        Ok(Bytes::from_static(b"{}"))
    }

    async fn create_run(&self, run: CreateRun) -> anyhow::Result<Bytes> {
        let id = format!("{:032x}", self.fresh());
        let answer = text(&json!({ "run": {
            "info": { "run_id": id, "run_uuid": id, "run_name": run.run_name, "experiment_id": run.experiment_id,
                      "status": "RUNNING", "start_time": run.start_time, "lifecycle_stage": "active" },
            "data": {},
        }}));
        let CreateRun { experiment_id, run_name, start_time } = run;
        self.database
            .write(Write::Run { id, experiment: experiment_id, name: run_name, started_at: start_time })
            .await?;
        Ok(answer)
    }

    fn fresh(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed) + 1
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(body).context("the body cannot be read")
}

fn text(value: &Value) -> Bytes {
    value.to_string().into()
}

fn shown(point: &Point) -> Value {
    json!({ "key": point.key, "value": point.value, "timestamp": point.time, "step": point.step })
}

/// Of a query whose values need no decoding.
fn value<'a>(query: &'a str, name: &str) -> anyhow::Result<&'a str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next().with_context(|| format!("{name} is missing"))
}
