//! Failures as HTTP answers, and the place where they are logged.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use trackside_core::Error;
use trackside_mlflow_wire::Failure;

/// A failed request, ready to be answered.
#[derive(Debug)]
pub(crate) struct MlflowError(pub(crate) Failure);

/// What handlers return.
pub(crate) type Answer<T> = Result<Json<T>, MlflowError>;

impl From<Failure> for MlflowError {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl From<Error> for MlflowError {
    fn from(error: Error) -> Self {
        Self(error.into())
    }
}

impl MlflowError {
    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn log(&self) {
        let Self(failure) = self;
        match &failure.cause {
            Some(cause) if self.status().is_server_error() => {
                tracing::error!(error = %cause, source = ?std::error::Error::source(cause), "request failed");
            }
            _ => tracing::debug!(code = failure.code.name(), message = failure.message, "request refused"),
        }
    }

    /// Logs it, for an answer that says no more than the text.
    pub(crate) fn logged(self) -> String {
        self.log();
        self.0.message
    }
}

impl IntoResponse for MlflowError {
    fn into_response(self) -> Response {
        self.log();
        (self.status(), Json(self.0.body())).into_response()
    }
}
