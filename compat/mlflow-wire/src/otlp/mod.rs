//! Spans as OpenTelemetry's protocol brings them (`POST /v1/traces`), as MLflow keeps them, and as both read them back.
//!
//! A span arrives as a message (`message.rs`, or its JSON, `json.rs`), becomes MLflow's document with what other
//! conventions call by other names translated (`document.rs`, `dialect.rs`), and tells things of its trace
//! (`export.rs`). Documents go out as they are, or as OpenTelemetry's JSON (`answer.rs`).
//!
//! Source: `opentelemetry-proto` 1.5, `server/otel_api.py`, `entities/span.py` and `tracing/otel/translation` of MLflow
//! 3.17.2, checked on a running server. Prices of models, which MLflow looks up to guess a cost, are not known here.

mod answer;
mod any;
mod dialect;
mod document;
mod export;
mod json;
mod message;
mod preview;

pub use answer::{SpansFound, TraceOfSpans, TracesOfSpans, spans_file};
pub use export::{Exported, Refusal, from_json, from_protobuf};
