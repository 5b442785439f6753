//! The HTTP API of a running server, as the command line calls it.

#![expect(clippy::doc_markdown, reason = "help texts are not Markdown")]

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use clap::Args;
use serde::{Serialize, de::DeserializeOwned};
use trackside_admin::shape;
use trackside_core::{Error, ErrorKind, SystemClock};
use trackside_http_client::{Auth, Call, Client, Config, Method, Refusal, Secret};
use trackside_tracking::{REASON, reason_header};

use crate::config::{Fault, Faults};

/// Where a server listens unless it is told otherwise.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:5000";

// The doc comments are the help text.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// The running server. Default: MLFLOW_TRACKING_URI when it is an http address, else http://127.0.0.1:5000.
    #[arg(long, global = true, env = "TRACKSIDE_URL", value_name = "URL")]
    url: Option<String>,

    /// Answer in JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl ServerArgs {
    /// Where the server is.
    pub(crate) fn url(&self) -> String {
        self.url.clone().or_else(tracking_url).unwrap_or_else(|| DEFAULT_URL.to_owned())
    }
}

/// Where MLflow's clients find the server, when it is one.
pub(crate) fn tracking_url() -> Option<String> {
    std::env::var("MLFLOW_TRACKING_URI").ok().filter(|uri| uri.starts_with("http"))
}

/// Trying dead letters again takes as long as the destination does.
const TIMEOUT: Duration = Duration::from_mins(10);

/// A running server.
#[derive(Debug)]
pub(crate) struct Remote {
    client: Client,
    /// Why something is changed, as the header has it.
    reason: Option<String>,
}

impl Remote {
    /// Connects to nothing yet.
    pub(crate) fn new(url: &str) -> anyhow::Result<Self> {
        Self::by(url, None, None)
    }

    /// The same for somebody with an API key, who does something for a reason.
    pub(crate) fn by(url: &str, key: Option<&str>, reason: Option<&str>) -> anyhow::Result<Self> {
        let auth = key.map_or(Auth::None, |key| Auth::Bearer(Secret::new(key)));
        let config = Config { timeout: TIMEOUT, connect_timeout: Duration::from_secs(5), auth, ..Config::default() };
        let client = Client::new(url, &config, Arc::new(SystemClock)).context("--url")?;
        Ok(Self { client: client.reading_errors(read_error), reason: reason.map(reason_header) })
    }

    /// Asks for something.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> anyhow::Result<T> {
        let call = self.call(Method::GET, path);
        self.send(if query.is_empty() { call } else { call.query(query.iter().copied()) }).await
    }

    /// Makes the server do something.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: Option<&(impl Serialize + Sync)>,
    ) -> anyhow::Result<T> {
        let call = self.call(Method::POST, path);
        self.send(match body {
            Some(body) => call.json(body),
            None => call,
        })
        .await
    }

    /// Makes the server forget something.
    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &[&str]) -> anyhow::Result<T> {
        self.send(self.call(Method::DELETE, path)).await
    }

    fn call(&self, method: Method, path: &[&str]) -> Call<'_> {
        let call = self.client.call(method, "/api/trackside/v1").below(path);
        match &self.reason {
            Some(reason) => call.header(REASON, reason),
            None => call,
        }
    }

    async fn send<T: DeserializeOwned>(&self, call: Call<'_>) -> anyhow::Result<T> {
        let url = self.client.base();
        match call.send().await {
            Ok(answer) => Ok(answer.json()?),
            Err(error) if error.kind() == ErrorKind::Unavailable => bail!(
                "no Trackside server answers at {url}; start one with `trackside serve`, or name it with --url or \
                 TRACKSIDE_URL ({})",
                error.message()
            ),
            Err(error) => Err(error.into()),
        }
    }
}

/// What the server says went wrong; a server that says nothing is of another make.
fn read_error(refusal: &Refusal) -> Option<Error> {
    let kind = match refusal.status() {
        503 => ErrorKind::Internal,
        _ => refusal.kind(),
    };
    match refusal.json::<shape::Refused>() {
        Some(shape::Refused { error }) if error.faults.is_empty() => Some(Error::new(kind, error.message)),
        Some(shape::Refused { error }) => {
            let faults = error.faults.into_iter().map(Fault::from).collect();
            Some(Error::new(kind, format!("{}\n{}", error.message, Faults::new(None, faults))))
        }
        None if refusal.status() == 404 => Some(Error::new(
            ErrorKind::Unsupported,
            "the server knows nothing of this; is it `mlflow server`, or an older Trackside?",
        )),
        None => None,
    }
}
