//! W&B's protocol as its client 0.31 speaks it: GraphQL operations, the file stream, the documents of a run, and the
//! files of offline runs. No HTTP.
//!
//! A file per noun, with names of types and fields as in the protocol; queries are our own texts over W&B's schema.
//! `extended_json.rs` is what sets W&B apart: lines hold bare `NaN` and `Infinity`. `refusal.rs` holds the table of
//! statuses. Both directions are meant: what a client sends and what a server answers derive both serde traits.
//!
//! Source: the project's protocol reference (experiments with the unmodified client 0.31.0), checked against that
//! client by `tests/python/test_sink_wandb.py`.

#![warn(missing_docs)]

pub mod artifact_name;
pub mod config;
pub mod container;
pub mod executor;
pub mod extended_json;
pub mod file_stream;
pub mod filter;
pub mod graphql;
pub mod leaves;
pub mod manifest;
pub mod names;
pub mod node_id;
pub mod projection;
pub mod record;
pub mod refusal;
pub mod resume_status;
pub mod row;
pub mod run_files;
pub mod run_name;
pub mod run_tag;
pub mod scalar;
pub mod schema;
pub mod signature;
pub mod summary;
pub mod sweep;
pub mod upsert_bucket;
pub mod viewer;
