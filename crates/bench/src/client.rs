//! The few requests around a measurement: health, version, experiments and runs.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{
    Method, Request,
    header::{CONTENT_TYPE, HOST},
};
use http_body_util::Full;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    clock,
    load::{Answer, Connection},
    scenario::Subject,
};

/// A connection with the API's names. Nothing on it is timed.
pub(crate) struct Client {
    connection: Connection,
    address: SocketAddr,
}

/// An answer without anything in it.
#[derive(Debug, Deserialize)]
pub(crate) struct Empty {}

#[derive(Debug, Deserialize)]
struct CreatedExperiment {
    experiment_id: String,
}

#[derive(Debug, Deserialize)]
struct CreatedRun {
    run: Run,
}

#[derive(Debug, Deserialize)]
struct Run {
    info: RunInfo,
}

#[derive(Debug, Deserialize)]
struct RunInfo {
    run_id: String,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self { connection: Connection::open(address).await?, address })
    }

    /// So many new subjects of one kind.
    pub(crate) async fn create(&mut self, subject: Subject, n: usize) -> anyhow::Result<Vec<String>> {
        if subject == Subject::Run {
            return self.create_runs(n).await;
        }
        let mut ids = Vec::with_capacity(n);
        for _ in 0..n {
            ids.push(self.create_experiment().await?);
        }
        Ok(ids)
    }

    /// A new experiment.
    pub(crate) async fn create_experiment(&mut self) -> anyhow::Result<String> {
        let name = serde_json::json!({ "name": format!("trackside-bench-{}", clock::since_epoch().as_nanos()) });
        let experiment: CreatedExperiment = self.post("/api/2.0/mlflow/experiments/create", &name).await?;
        Ok(experiment.experiment_id)
    }

    /// One running run per connection of a measurement, in a new experiment.
    pub(crate) async fn create_runs(&mut self, n_runs: usize) -> anyhow::Result<Vec<String>> {
        let experiment_id = self.create_experiment().await?;
        let start_time = u64::try_from(clock::since_epoch().as_millis()).unwrap_or_default();
        let mut run_ids = Vec::with_capacity(n_runs);
        for number in 0..n_runs {
            let run = serde_json::json!({
                "experiment_id": experiment_id, "run_name": format!("bench-{number}"), "start_time": start_time,
            });
            run_ids.push(self.create_run(&run).await?);
        }
        Ok(run_ids)
    }

    /// The id of a new run.
    pub(crate) async fn create_run(&mut self, run: &serde_json::Value) -> anyhow::Result<String> {
        let created: CreatedRun = self.post("/api/2.0/mlflow/runs/create", run).await?;
        Ok(created.run.info.run_id)
    }

    /// A JSON answer of a GET; any status but 200 is an error.
    pub(crate) async fn get<T: DeserializeOwned>(&mut self, path_and_query: &str) -> anyhow::Result<T> {
        let answer = self.send(Method::GET, path_and_query, Bytes::new()).await?;
        parse(path_and_query, &answer)
    }

    /// The answer of a GET, whatever its status.
    pub(crate) async fn get_raw(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    /// A JSON answer of a POST with the body as it is; any status but 200 is an error.
    pub(crate) async fn post_raw<T: DeserializeOwned>(&mut self, path: &str, body: Bytes) -> anyhow::Result<T> {
        let answer = self.send(Method::POST, path, body).await?;
        parse(path, &answer)
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &serde_json::Value,
    ) -> anyhow::Result<T> {
        self.post_raw(path, body.to_string().into()).await
    }

    /// The answer, whatever its status.
    pub(crate) async fn send(&mut self, method: Method, uri: &str, body: Bytes) -> anyhow::Result<Answer> {
        let request = Request::builder().method(method).uri(uri).header(HOST, self.address.to_string());
        let request = request.header(CONTENT_TYPE, "application/json").body(Full::new(body))?;
        self.connection.send(request).await.with_context(|| format!("{uri} failed"))
    }
}

/// The first 200 characters of an answer, on one line.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(800)]);
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

fn parse<T: DeserializeOwned>(uri: &str, answer: &Answer) -> anyhow::Result<T> {
    ensure!(answer.status == 200, "{uri} answered {}: {}", answer.status, excerpt(&answer.body));
    serde_json::from_slice(&answer.body).with_context(|| format!("{uri} answered {}", excerpt(&answer.body)))
}
