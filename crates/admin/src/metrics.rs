//! `/metrics`.

use axum::{
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use trackside_core::Error;

use crate::{Admin, refusal::Refusal, series};

/// The text format of `OpenMetrics`, which Prometheus reads.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All series, as they stand now.
pub(crate) async fn read(State(admin): State<Admin>) -> Result<Response, Refusal> {
    let text = series::encode(&admin.fanout.status().await?, admin.fanout.log_bytes().await?)
        .map_err(|error| Error::internal("the series cannot be written").with_source(error))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
