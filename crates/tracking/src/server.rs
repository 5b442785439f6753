//! The connection.

use std::{sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use trackside_core::{Clock, ErrorKind, Result};
use trackside_http_client::{Auth, Client, Config, Method};

use crate::refusal;

/// The prefix of nearly all routes; the same in all versions since 1.0.
pub(crate) const ROOT: &str = "/api/2.0/mlflow";
/// How long a server may think about an answer. A search of all runs may take that long on a large `mlflow server`.
const TIMEOUT: Duration = Duration::from_mins(2);

/// An answer that says nothing.
pub(crate) type Nothing = serde::de::IgnoredAny;

/// A tracking server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Server {
    pub(crate) client: Client,
}

impl Server {
    /// The server at this URL, which may hold a user name and a password. Connects to nothing.
    pub fn at(url: &str, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::with(url, Auth::None, clock)
    }

    pub(crate) fn with(url: &str, auth: Auth, clock: Arc<dyn Clock>) -> Result<Self> {
        let config = Config { auth, timeout: TIMEOUT, connect_timeout: Duration::from_secs(5), ..Config::default() };
        Ok(Self { client: Client::new(url, &config, clock)?.reading_errors(refusal::read) })
    }

    /// Where it is, without credentials.
    pub fn url(&self) -> &str {
        self.client.base()
    }

    /// Whether it is Trackside; `Unavailable` when there is none.
    pub async fn is_trackside(&self) -> Result<bool> {
        match self.client.call(Method::GET, "/api/trackside/v1/sinks").send().await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Unavailable => Err(error),
            Err(_) => Ok(false),
        }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T> {
        self.client.call(Method::GET, &format!("{ROOT}/{path}")).query(query.iter().copied()).send().await?.json()
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &(impl Serialize + Sync)) -> Result<T> {
        self.client.call(Method::POST, &format!("{ROOT}/{path}")).json(body).send().await?.json()
    }
}
