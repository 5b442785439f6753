//! Calls of the server.

use std::{path::PathBuf, sync::Arc, time::Duration};

use http::{HeaderName, Method};
use serde::de::DeserializeOwned;
use trackside_core::{ArtifactBytes, Clock, Error, ErrorKind, Result};
use trackside_http_client::{Auth, Client as HttpClient, Config as HttpConfig, Secret};
use trackside_wandb_wire::{
    file_stream::FileStreamRequest,
    graphql::{self, Operation, Response},
    upsert_bucket::{Bucket, UpsertBucket},
    viewer::Viewer,
};

use super::{Place, refusal};

/// One way of calling for each way in which errors are read.
#[derive(Debug)]
pub(crate) struct Client {
    graphql: HttpClient,
    upsert: HttpClient,
    stream: HttpClient,
    /// Without credentials: addresses of uploads authorise themselves, and some storage refuses two proofs at once.
    upload: HttpClient,
}

impl Client {
    pub(crate) fn new(
        base_url: &str,
        api_key: Secret,
        timeout: Duration,
        ca_file: Option<PathBuf>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let open = HttpConfig { timeout, ca_file, ..HttpConfig::default() };
        let signed = HttpConfig { auth: Auth::Basic { user: "api".to_owned(), password: api_key }, ..open.clone() };
        let api = HttpClient::new(base_url, &signed, Arc::clone(&clock))?;
        Ok(Self {
            graphql: api.clone().reading_errors(refusal::of_graphql),
            upsert: api.clone().reading_errors(refusal::of_upsert),
            stream: api.reading_errors(refusal::of_stream),
            upload: HttpClient::new(base_url, &open, clock)?.reading_errors(refusal::of_upload),
        })
    }

    /// Asks who we are.
    pub(crate) async fn probe(&self) -> Result<()> {
        match self.graphql(&Viewer {}).await?.viewer {
            Some(_) => Ok(()),
            None => Err(Error::new(ErrorKind::Unauthenticated, "the API key belongs to nobody")),
        }
    }

    /// Creates or changes a run.
    pub(crate) async fn upsert(&self, call: &UpsertBucket) -> Result<Bucket> {
        Ok(query(&self.upsert, call).await?.upsert_bucket.bucket)
    }

    /// Any other operation.
    pub(crate) async fn graphql<O: Operation<Data: DeserializeOwned> + Sync>(&self, call: &O) -> Result<O::Data> {
        query(&self.graphql, call).await
    }

    /// A request of the file stream. What the server answers to it is of no use to us.
    pub(crate) async fn stream(&self, run: Place<'_>, request: &FileStreamRequest) -> Result<()> {
        let path = [run.entity, run.project, run.name, "file_stream"];
        self.stream.call(Method::POST, "/files").below(path).json(request).send().await.map(drop)
    }

    /// Puts bytes where the server wants them.
    pub(crate) async fn upload<'a>(
        &self,
        url: &str,
        headers: impl Iterator<Item = (&'a str, &'a str)> + Send,
        bytes: ArtifactBytes,
    ) -> Result<()> {
        let mut call = self.upload.call_url(Method::PUT, url)?;
        for (name, value) in headers {
            if let Ok(name) = name.parse::<HeaderName>() {
                call = call.header(name, value);
            }
        }
        call.stream(bytes).send().await.map(drop)
    }
}

async fn query<O: Operation<Data: DeserializeOwned> + Sync>(client: &HttpClient, call: &O) -> Result<O::Data> {
    let answer = client.call(Method::POST, "/graphql").json(&call.request()).send().await?;
    let Response { data, errors } = answer.json::<Response<O::Data>>()?;
    match data {
        // The client gives up at once when errors come with a success.
        _ if !errors.is_empty() => Err(Error::invalid(format!("{}: {}", O::NAME, graphql::messages(&errors)))),
        Some(data) => Ok(data),
        None => Err(Error::new(ErrorKind::Unavailable, format!("{}: the answer holds nothing", O::NAME))),
    }
}
