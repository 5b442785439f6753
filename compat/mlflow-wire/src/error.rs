//! MLflow's error codes, with status and classification, in one table used in both directions.
//!
//! Source: `mlflow/exceptions.py` and `protos/databricks.proto` at 3.17.2, checked on a running server.

use serde::{Deserialize, Serialize};
use trackside_core::{Error, ErrorKind};

/// A code of MLflow's error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request is wrong in itself or against the present state.
    InvalidParameterValue,
    /// The request breaks an integrity rule.
    BadRequest,
    /// The body is larger than the server takes. MLflow has no code of its own for it.
    BodyTooLarge,
    /// The name is taken.
    ResourceAlreadyExists,
    /// The thing named does not exist.
    ResourceDoesNotExist,
    /// No such file.
    NotFound,
    /// No such route.
    EndpointNotFound,
    /// No or wrong credentials.
    Unauthenticated,
    /// Known, but not allowed.
    PermissionDenied,
    /// Too much at once.
    RequestLimitExceeded,
    /// A fault of the server.
    InternalError,
    /// The present state forbids it.
    InvalidState,
    /// The feature is off. MLflow answers 500, which its client retries for minutes; here it is 400.
    FeatureDisabled,
    /// The server cannot do it.
    NotImplemented,
    /// Worth another try.
    TemporarilyUnavailable,
}

/// One row of the table.
struct Row {
    code: ErrorCode,
    name: &'static str,
    status: u16,
    sqlstate: &'static str,
    class: &'static str,
}

const fn row(code: ErrorCode, name: &'static str, status: u16, sqlstate: &'static str, class: &'static str) -> Row {
    Row { code, name, status, sqlstate, class }
}

#[rustfmt::skip]
const TABLE: [Row; 15] = [
    row(ErrorCode::InvalidParameterValue, "INVALID_PARAMETER_VALUE", 400, "KAM00", "INVALID_PARAMETER_VALUE"),
    row(ErrorCode::BadRequest, "BAD_REQUEST", 400, "KAM00", "INVALID_PARAMETER_VALUE"),
    row(ErrorCode::BodyTooLarge, "BAD_REQUEST", 413, "KAM00", "INVALID_PARAMETER_VALUE"),
    row(ErrorCode::ResourceAlreadyExists, "RESOURCE_ALREADY_EXISTS", 400, "KAM00", "RESOURCE_ALREADY_EXISTS"),
    row(ErrorCode::ResourceDoesNotExist, "RESOURCE_DOES_NOT_EXIST", 404, "KAM00", "RESOURCE_NOT_FOUND"),
    row(ErrorCode::NotFound, "NOT_FOUND", 404, "KAM00", "RESOURCE_NOT_FOUND"),
    row(ErrorCode::EndpointNotFound, "ENDPOINT_NOT_FOUND", 404, "KAM00", "RESOURCE_NOT_FOUND"),
    row(ErrorCode::Unauthenticated, "UNAUTHENTICATED", 401, "", ""),
    row(ErrorCode::PermissionDenied, "PERMISSION_DENIED", 403, "", ""),
    row(ErrorCode::RequestLimitExceeded, "REQUEST_LIMIT_EXCEEDED", 429, "", ""),
    row(ErrorCode::InternalError, "INTERNAL_ERROR", 500, "XXM00", "CLIENT_INTERNAL_ERROR"),
    row(ErrorCode::InvalidState, "INVALID_STATE", 500, "XXM00", "CLIENT_INTERNAL_ERROR"),
    row(ErrorCode::FeatureDisabled, "FEATURE_DISABLED", 400, "KAM00", "FEATURE_DISABLED"),
    row(ErrorCode::NotImplemented, "NOT_IMPLEMENTED", 501, "", ""),
    row(ErrorCode::TemporarilyUnavailable, "TEMPORARILY_UNAVAILABLE", 503, "", ""),
];

impl ErrorCode {
    fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.code == self).expect("every code has a row")
    }

    /// The name in the body.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The HTTP status.
    pub fn status(self) -> u16 {
        self.row().status
    }

    /// The code of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.code)
    }
}

impl From<ErrorKind> for ErrorCode {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::NotFound => Self::ResourceDoesNotExist,
            ErrorKind::AlreadyExists => Self::ResourceAlreadyExists,
            ErrorKind::Invalid | ErrorKind::Conflict => Self::InvalidParameterValue,
            ErrorKind::Unsupported => Self::NotImplemented,
            ErrorKind::Unauthenticated => Self::Unauthenticated,
            ErrorKind::Denied => Self::PermissionDenied,
            ErrorKind::Throttled => Self::RequestLimitExceeded,
            ErrorKind::Unavailable => Self::TemporarilyUnavailable,
            ErrorKind::Corrupt | ErrorKind::Internal => Self::InternalError,
        }
    }
}

impl From<ErrorCode> for ErrorKind {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::ResourceDoesNotExist | ErrorCode::NotFound | ErrorCode::EndpointNotFound => Self::NotFound,
            ErrorCode::ResourceAlreadyExists => Self::AlreadyExists,
            ErrorCode::InvalidParameterValue | ErrorCode::BadRequest | ErrorCode::BodyTooLarge => Self::Invalid,
            ErrorCode::NotImplemented | ErrorCode::FeatureDisabled => Self::Unsupported,
            ErrorCode::Unauthenticated => Self::Unauthenticated,
            ErrorCode::PermissionDenied => Self::Denied,
            ErrorCode::RequestLimitExceeded => Self::Throttled,
            ErrorCode::TemporarilyUnavailable => Self::Unavailable,
            ErrorCode::InvalidState => Self::Conflict,
            ErrorCode::InternalError => Self::Internal,
        }
    }
}

/// A failed request: a code and the text for the client.
#[derive(Debug)]
pub struct Failure {
    /// What the client's code branches on.
    pub code: ErrorCode,
    /// What its user reads.
    pub message: String,
    /// Where it came from, for the log.
    pub cause: Option<Error>,
}

impl Failure {
    /// A failure that began at the edge.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), cause: None }
    }

    /// The request can never be right.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidParameterValue, message)
    }

    /// The same failure under another code.
    #[must_use]
    pub fn with_code(mut self, code: ErrorCode) -> Self {
        self.code = code;
        self
    }

    /// The body to send.
    pub fn body(&self) -> ErrorBody {
        let row = self.code.row();
        let text = |text: &'static str| (!text.is_empty()).then(|| text.to_owned());
        ErrorBody {
            error_code: row.name.to_owned(),
            message: self.message.clone(),
            sqlstate: text(row.sqlstate),
            error_class: text(row.class),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { code: error.kind().into(), message: error.message().to_owned(), cause: Some(error) }
    }
}

/// MLflow's error body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// See [`ErrorCode`].
    pub error_code: String,
    /// For the user.
    #[serde(default)]
    pub message: String,
    /// Since 3.x; no client needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<String>,
    /// Since 3.x; no client needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_class: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permanent_errors_are_never_5xx_because_clients_retry_those() {
        for kind in [ErrorKind::NotFound, ErrorKind::AlreadyExists, ErrorKind::Invalid, ErrorKind::Conflict] {
            assert!(ErrorCode::from(kind).status() < 500, "{kind:?}");
        }
        // The one 5xx the client does not retry.
        assert_eq!(ErrorCode::from(ErrorKind::Unsupported).status(), 501);
    }

    #[test]
    fn existing_is_400_and_missing_is_404() {
        assert_eq!(ErrorCode::ResourceAlreadyExists.status(), 400);
        assert_eq!(ErrorCode::of_name("RESOURCE_DOES_NOT_EXIST").map(ErrorCode::status), Some(404));
    }
}
