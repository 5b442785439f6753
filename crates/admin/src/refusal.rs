//! Errors as clients see them, and the one table of their statuses.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use trackside_core::{Error, ErrorKind};

use crate::{ReloadFailure, shape};

/// An error on its way to a client.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    failure: shape::Failure,
}

impl Refusal {
    /// A request that cannot be read.
    pub(crate) fn unreadable(status: StatusCode, message: String) -> Self {
        Self::new(status, ErrorKind::Invalid, message, Vec::new())
    }

    fn new(status: StatusCode, kind: ErrorKind, message: String, faults: Vec<shape::Fault>) -> Self {
        Self { status, failure: shape::Failure { kind: kind.as_str().to_owned(), message, faults } }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::AlreadyExists | ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::Unsupported => StatusCode::NOT_IMPLEMENTED,
            ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
            ErrorKind::Denied => StatusCode::FORBIDDEN,
            ErrorKind::Throttled => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Corrupt | ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.kind(), error.message().to_owned(), Vec::new())
    }
}

impl From<ReloadFailure> for Refusal {
    fn from(failure: ReloadFailure) -> Self {
        match failure {
            ReloadFailure::Failed(error) => error.into(),
            ReloadFailure::Faults(faults) => {
                let message = "the configuration has faults; what ran before goes on".to_owned();
                Self::new(StatusCode::BAD_REQUEST, ErrorKind::Invalid, message, faults)
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(shape::Refused { error: self.failure })).into_response()
    }
}
