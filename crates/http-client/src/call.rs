//! One request and what comes of it.

use std::fmt;

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderName, HeaderValue, Method, header};
use reqwest::{RequestBuilder, Url};
use serde::Serialize;
use tokio::time::timeout;
use trackside_core::{ArtifactBytes, Error, Result};

use crate::{Answer, Auth, Client, Refusal, Reply, answer, broken::Broken, upload::Upload};

/// A request that is being put together. One try: sending it consumes it.
#[derive(Debug)]
pub struct Call<'a> {
    client: &'a Client,
    method: Method,
    url: Url,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Result<Bytes>,
    upload: Option<Upload>,
}

impl<'a> Call<'a> {
    pub(crate) const fn new(client: &'a Client, method: Method, url: Url) -> Self {
        Self { client, method, url, headers: Vec::new(), body: Ok(Bytes::new()), upload: None }
    }

    /// Goes further down: each segment is encoded whole, whatever it contains.
    #[must_use]
    pub fn below<I: AsRef<str>>(mut self, segments: impl IntoIterator<Item = I>) -> Self {
        if let Ok(mut path) = self.url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        self
    }

    /// Adds parameters to the query.
    #[must_use]
    pub fn query<K: AsRef<str>, V: AsRef<str>>(mut self, pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        self.url.query_pairs_mut().extend_pairs(pairs);
        self
    }

    /// Sets a header; text that no header can hold is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    /// Sends this as JSON.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body = serde_json::to_vec(body)
            .map(Bytes::from)
            .map_err(|error| Error::internal("a request cannot be written as JSON").with_source(error));
        self.header(header::CONTENT_TYPE, "application/json")
    }

    /// Sends this text, which is JSON.
    #[must_use]
    pub fn json_text(self, body: impl Into<Bytes>) -> Self {
        self.bytes(body).header(header::CONTENT_TYPE, "application/json")
    }

    /// Sends these bytes.
    #[must_use]
    pub fn bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Ok(body.into());
        self
    }

    /// Streams these bytes. There is no limit to how long that may take as long as something moves.
    #[must_use]
    pub fn stream(mut self, body: ArtifactBytes) -> Self {
        self.upload = Some(Upload::new(body));
        self
    }

    /// Sends it and reads the answer.
    ///
    /// Any status but 2xx is an error, see [`Refusal`]. `Unavailable` when there is no whole answer in time; the
    /// server may have acted all the same. An error of a streamed body comes back as it is.
    pub async fn send(self) -> Result<Answer> {
        let (client, shown) = (self.client, Shown::of(&self));
        let upload = self.upload.as_ref().map(Upload::watch);
        let request = self.request()?;
        let exchange = async {
            let response = request.send().await.map_err(Broken::from)?;
            let status = response.status();
            if status.is_success() {
                return answer::read(response).await.map(Ok);
            }
            Ok(Err(Refusal::read(response, &*client.clock).await?))
        };
        let outcome = match &upload {
            None => timeout(client.timeout, exchange).await.unwrap_or(Err(Broken::Stalled(client.timeout))),
            Some(upload) => upload.unless_stalled(client.timeout, exchange).await,
        };
        if let Some(error) = upload.and_then(|upload| upload.error()) {
            return Err(error);
        }
        match outcome {
            Ok(Ok(answer)) => Ok(answer.from(shown.to_string())),
            Ok(Err(refusal)) => {
                let refusal = refusal.of(shown.to_string());
                Err((client.read_error)(&refusal).unwrap_or_else(|| refusal.error()))
            }
            Err(broken) => Err(broken.into_error(&shown)),
        }
    }

    /// Sends it and hands on the body of the answer as it comes. There is no limit to how long that may take as long as
    /// something moves; fails as [`Self::send`] does, and so does the stream.
    pub async fn download(self) -> Result<impl Stream<Item = Result<Bytes>> + Send + use<>> {
        let (client, shown) = (self.client, Shown::of(&self));
        let request = self.request()?;
        let exchange = async {
            let response = request.send().await.map_err(Broken::from)?;
            if response.status().is_success() {
                return Ok(Ok(response));
            }
            Ok(Err(Refusal::read(response, &*client.clock).await?))
        };
        let outcome = timeout(client.timeout, exchange).await.unwrap_or(Err(Broken::Stalled(client.timeout)));
        let response = match outcome {
            Ok(Ok(response)) => response,
            Ok(Err(refusal)) => {
                let refusal = refusal.of(shown.to_string());
                return Err((client.read_error)(&refusal).unwrap_or_else(|| refusal.error()));
            }
            Err(broken) => return Err(broken.into_error(&shown)),
        };
        let patience = client.timeout;
        Ok(stream::try_unfold((response, shown), move |(mut response, shown)| async move {
            let chunk = match timeout(patience, response.chunk()).await {
                Ok(chunk) => chunk.map_err(Broken::from),
                Err(_) => Err(Broken::Stalled(patience)),
            };
            let chunk = chunk.map_err(|broken| broken.into_error(&shown))?;
            Ok(chunk.map(|chunk| (chunk, (response, shown))))
        }))
    }

    /// Sends it and reads the answer, of which any status is one.
    ///
    /// `Unavailable` when there is none in time; `Denied` when the address is out of reach, see [`crate::Reach`].
    pub async fn reply(self) -> Result<Reply> {
        let (client, shown) = (self.client, Shown::of(&self));
        let request = self.request()?;
        let exchange = async {
            let response = request.send().await.map_err(Broken::from)?;
            Refusal::read(response, &*client.clock).await.map(Reply::from)
        };
        let reply = timeout(client.timeout, exchange).await.unwrap_or(Err(Broken::Stalled(client.timeout)));
        reply.map_err(|broken| broken.into_error(&shown))
    }

    fn request(self) -> Result<RequestBuilder> {
        let mut request = self.client.connections(&self.url).request(self.method, self.url.clone());
        if self.client.is_own(&self.url) {
            request = match &self.client.auth {
                Auth::None => request,
                Auth::Bearer(token) => request.bearer_auth(token.expose()),
                Auth::Basic { user, password } => request.basic_auth(user, Some(password.expose())),
            };
        }
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        Ok(match self.upload {
            Some(upload) => request.header(header::CONTENT_LENGTH, upload.size()).body(upload.into_body()),
            None => request.body(self.body?),
        })
    }
}

/// A call in messages: without query, and without the path where that may be a secret.
struct Shown {
    method: Method,
    url: String,
}

impl Shown {
    fn of(call: &Call<'_>) -> Self {
        let origin = call.url.origin().ascii_serialization();
        let path = if call.client.is_own(&call.url) { call.url.path() } else { "/…" };
        Self { method: call.method.clone(), url: format!("{origin}{path}") }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}
