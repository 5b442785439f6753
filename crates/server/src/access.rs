//! One log line per request, and an answer for a request whose handler panicked.

use std::{panic::AssertUnwindSafe, time::Instant};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{StatusCode, header::CONTENT_TYPE};

/// What a client reads when a handler panicked; in the shape of MLflow's errors, which says all there is to say.
const PANICKED: &str =
    r#"{"error_code":"INTERNAL_ERROR","message":"the server failed at this request; its log says why"}"#;

/// Logs method, path, status and time at debug. Queries and bodies are left out: they may hold secrets.
pub(crate) async fn log<F>(request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let started = tracing::enabled!(tracing::Level::DEBUG)
        .then(|| (Instant::now(), request.method().clone(), request.uri().path().to_owned()));
    let response = AssertUnwindSafe(async { next(request).await }).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        (StatusCode::INTERNAL_SERVER_ERROR, [(CONTENT_TYPE, "application/json")], PANICKED).into_response()
    });
    if let Some((started, method, path)) = started {
        let elapsed_us = started.elapsed().as_micros();
        tracing::debug!(%method, path, status = response.status().as_u16(), elapsed_us, "request");
    }
    response
}
