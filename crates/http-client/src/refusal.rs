//! Answers that are no success, and the one table of what they mean.

use reqwest::Response;
use serde::de::DeserializeOwned;
use trackside_core::{Clock, Error, ErrorKind, Retry};

use crate::{Reply, broken::Broken, retry_after::retry_after};

/// How much of the body is read; the rest is left where it is.
const MAX_BYTES: usize = 64 << 10;
/// How much of a body is shown in a message, in characters.
const MAX_SHOWN: usize = 300;

/// An answer with a status other than 2xx.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    retry: Retry,
    body: Vec<u8>,
    call: String,
}

impl Refusal {
    /// Reads one. A body that breaks off is taken as far as it came: the status is what counts.
    pub(crate) async fn read(mut response: Response, clock: &dyn Clock) -> Result<Self, Broken> {
        let header = response.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let (status, retry) = (response.status().as_u16(), retry_after(header, clock));
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = MAX_BYTES - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == MAX_BYTES {
                break;
            }
        }
        Ok(Self { status, retry, body, call: String::new() })
    }

    pub(crate) fn of(self, call: String) -> Self {
        Self { call, ..self }
    }

    pub(crate) fn into_reply(self) -> Reply {
        Reply { status: self.status, retry: self.retry, body: self.body }
    }

    /// The status.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The first 64 KiB of the body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, if it is JSON of this shape.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What the status alone means.
    pub const fn kind(&self) -> ErrorKind {
        match self.status {
            401 => ErrorKind::Unauthenticated,
            403 => ErrorKind::Denied,
            404 | 410 => ErrorKind::NotFound,
            409 => ErrorKind::Conflict,
            408 | 425 | 429 => ErrorKind::Throttled,
            501 => ErrorKind::Unsupported,
            // A redirect is a wrong address or a login page, 407 a proxy without password: the destination's trouble
            // in both cases, and nothing that a batch can help.
            300..=399 | 407 | 500.. => ErrorKind::Unavailable,
            _ => ErrorKind::Invalid,
        }
    }

    /// What the status alone means, with the beginning of the body.
    pub fn error(&self) -> Error {
        self.error_of(self.kind(), &shown(&self.body))
    }

    /// An error of another kind, or with what the peer has to say. Temporary kinds keep the peer's `Retry-After`.
    pub fn error_of(&self, kind: ErrorKind, text: &str) -> Error {
        let colon = if text.is_empty() { "" } else { ": " };
        let error = Error::new(kind, format!("{}: status {}{colon}{text}", self.call, self.status));
        match error.retry() {
            Retry::Never => error,
            _ => error.with_retry(self.retry),
        }
    }
}

/// The beginning of a body, on one line.
fn shown(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn refusal(status: u16, body: &str) -> Refusal {
        let retry = Retry::After(Duration::from_secs(7));
        Refusal { status, retry, body: body.as_bytes().to_vec(), call: "GET http://h/p".into() }
    }

    #[test]
    fn the_table_of_classes() {
        use ErrorKind::{Conflict, Denied, Invalid, NotFound, Throttled, Unauthenticated, Unavailable, Unsupported};
        for (status, kind) in [
            (302, Unavailable),
            (308, Unavailable),
            (400, Invalid),
            (401, Unauthenticated),
            (403, Denied),
            (404, NotFound),
            (405, Invalid),
            (407, Unavailable),
            (408, Throttled),
            (409, Conflict),
            (413, Invalid),
            (422, Invalid),
            (425, Throttled),
            (429, Throttled),
            (500, Unavailable),
            (501, Unsupported),
            (502, Unavailable),
            (503, Unavailable),
            (504, Unavailable),
            (529, Unavailable),
        ] {
            assert_eq!(refusal(status, "").error().kind(), kind, "{status}");
        }
    }

    #[test]
    fn only_temporary_refusals_are_tried_again_and_when_the_peer_says() {
        assert_eq!(refusal(429, "").error().retry(), Retry::After(Duration::from_secs(7)));
        assert_eq!(refusal(400, "").error().retry(), Retry::Never);
        assert_eq!(refusal(500, "").error_of(ErrorKind::Invalid, "no").retry(), Retry::Never);
    }

    #[test]
    fn messages_show_one_line_of_the_body() {
        assert_eq!(refusal(400, "").error().message(), "GET http://h/p: status 400");
        assert_eq!(refusal(400, " a\n\n\tb\u{7}c ").error().message(), "GET http://h/p: status 400: a b c");
        let long = refusal(400, &"é".repeat(1000)).error();
        assert!(long.message().ends_with(&format!(": {}…", "é".repeat(300))));
    }
}
