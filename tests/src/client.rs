use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// Speaks MLflow's JSON, without its client's retries: what is answered is what is seen.
#[derive(Debug, Clone)]
pub struct Client {
    url: String,
    http: reqwest::Client,
}

impl Client {
    /// Of the server at this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), http: reqwest::Client::new() }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The HTTP client beneath.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Posts to `/api/2.0/mlflow/<path>` and returns status and body.
    pub async fn try_post(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
        let url = self.url(&format!("/api/2.0/mlflow/{path}"));
        let response = self.http.post(url).json(body).send().await?;
        Ok((response.status().as_u16(), response.json().await?))
    }

    /// Posts, and expects 200.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let (status, answer) = self.try_post(path, body).await?;
        ensure!(status == 200, "{path} answered {status}: {answer}");
        Ok(answer)
    }

    /// Gets `/api/2.0/mlflow/<path and query>`, and expects 200.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let response = self.http.get(self.url(&format!("/api/2.0/mlflow/{path}"))).send().await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        ensure!(status.is_success(), "{path} answered {status}: {answer}");
        Ok(answer)
    }

    /// Creates a run in the default experiment and returns its id.
    pub async fn create_run(&self) -> Result<String> {
        let created = self.post("runs/create", &json!({"experiment_id": "0", "start_time": 1})).await?;
        Ok(created["run"]["info"]["run_id"].as_str().context("a run has an id")?.to_owned())
    }
}
