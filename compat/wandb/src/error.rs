//! Failures as answers, and the place where they are logged.
//!
//! A status decides what a client does next (`wandb_wire::refusal`): what may pass is 429 or 5xx, or the client gives
//! the run up.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};
use trackside_core::{Error, ErrorKind};
use trackside_server::Unread;

/// A failed request, ready to be answered.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Error);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// A body that was not read: whoever is still there and may do better tries again.
impl From<Unread> for Refusal {
    fn from(unread: Unread) -> Self {
        Self(match unread {
            Unread::TooLarge { max_bytes } => Error::invalid(format!("the request is larger than {max_bytes} bytes")),
            Unread::NoRoom => Error::new(ErrorKind::Unavailable, "too many large requests at once; try again later"),
            Unread::Broken(_) => Error::new(ErrorKind::Unavailable, "the request could not be read to its end"),
        })
    }
}

/// The status of a kind of error.
pub(crate) const fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        // A conflict is final here: nothing that a client repeats would heal it, and 409 would have it repeated.
        ErrorKind::AlreadyExists | ErrorKind::Invalid | ErrorKind::Conflict | ErrorKind::Unsupported => {
            StatusCode::BAD_REQUEST
        }
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Denied => StatusCode::FORBIDDEN,
        ErrorKind::Throttled => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Corrupt | ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// As clients read it.
pub(crate) fn body(error: &Error) -> Value {
    json!({ "data": null, "errors": [{ "message": error.message() }] })
}

pub(crate) fn log(error: &Error) {
    if status(error.kind()).is_server_error() {
        tracing::error!(%error, source = ?std::error::Error::source(error), "request failed");
    } else {
        tracing::debug!(%error, "request refused");
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        log(&self.0);
        (status(self.0.kind()), Json(body(&self.0))).into_response()
    }
}
