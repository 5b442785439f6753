//! Successful answers.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use reqwest::Response;
use serde::de::DeserializeOwned;
use trackside_core::{Error, ErrorKind, Result};

use crate::broken::Broken;

/// Largest answer that is read. The largest an adapter asks for is a page of 1,000 runs.
const MAX_BYTES: usize = 64 << 20;

/// A successful answer, read whole.
#[derive(Debug)]
pub struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
    call: String,
}

impl Answer {
    /// The status, 2xx.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body.
    pub const fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body, read as JSON. `Unavailable` when it is something else: then a login page or another program answers
    /// in place of the server.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let message = format!("{}: the answer is not what the protocol says: {error}", self.call);
            Error::new(ErrorKind::Unavailable, message)
        })
    }

    pub(crate) fn from(self, call: String) -> Self {
        Self { call, ..self }
    }
}

/// Reads the rest of a successful answer.
pub(crate) async fn read(mut response: Response) -> Result<Answer, Broken> {
    let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(Broken::from)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(Broken::TooLarge(MAX_BYTES));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body: body.freeze(), call: String::new() })
}
