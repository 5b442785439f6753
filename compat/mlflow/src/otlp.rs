//! `POST /v1/traces`: spans by OpenTelemetry's protocol over HTTP.
//!
//! MLflow serves it outside Flask, so what is wrong with the envelope is answered in another shape than elsewhere.
//! Source: `server/otel_api.py` of MLflow 3.17.2.

use std::io::Read;

use axum::{
    Json,
    extract::Request,
    response::{IntoResponse, Response},
    routing::post,
};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use serde_json::{Value, json};
use trackside_core::TraceLinks;
use trackside_mlflow_wire::{
    Failure, existing_run_id, experiment_id,
    otlp::{self, Exported, Refusal},
};

use trackside_server::{Held, Unread};

use crate::{Door, error::MlflowError, routes::Routes};

const PROTOBUF: &str = "application/x-protobuf";
/// Which experiment new traces belong to.
const EXPERIMENT: HeaderName = HeaderName::from_static("x-mlflow-experiment-id");
/// Which run they are linked to.
const RUN: HeaderName = HeaderName::from_static("x-mlflow-run-id");

/// Below no prefix.
pub(crate) fn root_routes() -> Routes {
    Routes::new().route("/v1/traces", post(export))
}

async fn export(door: Door, request: Request) -> Result<Response, Refused> {
    let (head, body) = request.into_parts();
    let experiment = text(&head.headers, &EXPERIMENT).ok_or_else(|| detail(422, absent()))?;
    let is_json = is_json(text(&head.headers, &CONTENT_TYPE)).map_err(|why| detail(400, why))?;
    let encoding = text(&head.headers, &CONTENT_ENCODING).map(str::to_ascii_lowercase);
    let held = door.bodies.read(body).await?;
    let held = decoded(&door, held, encoding.as_deref().unwrap_or_default())?;
    let exported = if is_json { otlp::from_json(&held) } else { otlp::from_protobuf(&held) };
    drop(held);
    let Exported { batches, roots } = exported.map_err(|refusal| match refusal {
        Refusal::Detail(status, why) => detail(status, why),
        Refusal::Failure(failure) => failure.into(),
    })?;
    if !batches.is_empty() {
        let experiment = experiment_id(experiment)?;
        door.service.append_spans(experiment, batches).await.map_err(Failure::from)?;
    }
    if let Some(run) = text(&head.headers, &RUN).filter(|run| !run.is_empty())
        && let Err(error) = link(&door, run, roots).await
    {
        // The spans are stored, so the exporter must not send them again.
        tracing::warn!(%error, run, "traces could not be linked to their run");
    }
    Ok(([(CONTENT_TYPE, PROTOBUF)], ()).into_response())
}

async fn link(door: &Door, run: &str, traces: Vec<trackside_core::TraceId>) -> Result<(), String> {
    let run = existing_run_id(run).map_err(|failure| failure.message)?;
    door.service.link_traces(TraceLinks { traces, run }).await.map_err(|error| error.to_string())
}

/// Which of the two encodings it is; otherwise what to say.
fn is_json(content_type: Option<&str>) -> Result<bool, String> {
    match content_type.map(|text| text.split(';').next().unwrap_or_default().trim()) {
        Some(PROTOBUF) => Ok(false),
        Some("application/json") => Ok(true),
        _ => {
            let given = content_type.unwrap_or("None");
            Err(format!("Invalid Content-Type: {given}. Expected: {PROTOBUF} or application/json"))
        }
    }
}

/// The body without its compression. It may not be larger than a body may be.
fn decoded(door: &Door, held: Held, encoding: &str) -> Result<Held, Refused> {
    let unpacked = |decoder: &mut dyn Read| match door.bodies.decoded(decoder) {
        Ok(unpacked) => unpacked.map(Some).map_err(Refused::from),
        Err(_) => Ok(None),
    };
    let unpacked = match encoding {
        "" => return Ok(held),
        "gzip" => unpacked(&mut MultiGzDecoder::new(&*held))?,
        // Some clients leave the envelope of zlib away.
        "deflate" => match unpacked(&mut ZlibDecoder::new(&*held))? {
            None => unpacked(&mut DeflateDecoder::new(&*held))?,
            unpacked => unpacked,
        },
        _ => return Err(detail(400, format!("Unsupported Content-Encoding: {encoding}"))),
    };
    unpacked.ok_or_else(|| detail(400, format!("Failed to decompress {encoding} payload")))
}

fn absent() -> Value {
    json!([{ "type": "missing", "loc": ["header", EXPERIMENT.as_str()], "msg": "Field required", "input": null }])
}

fn detail(status: u16, why: impl Into<Value>) -> Refused {
    Refused::Detail(status, why.into())
}

impl From<Unread> for Refused {
    fn from(unread: Unread) -> Self {
        Self::Failure(MlflowError::from(unread).0)
    }
}

/// Why a request is refused.
enum Refused {
    /// In the shape of MLflow's routes outside Flask.
    Detail(u16, Value),
    /// In the shape of all others.
    Failure(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Detail(status, why) => {
                tracing::debug!(status, %why, "spans refused");
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
                (status, Json(json!({ "detail": why }))).into_response()
            }
            Self::Failure(failure) => MlflowError(failure).into_response(),
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
