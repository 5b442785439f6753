//! The router over a real store: what clients get for what they send.
//!
//! Answers are compared with those of `mlflow server` by the scenarios in `tests/scenarios`; here are the rules that
//! must hold with the toolchain alone.

mod artifacts;
mod experiments;
mod graphql;
mod logged_models;
mod metrics;
mod model_versions;
mod nonsense;
mod registered_models;
mod rules;
mod runs;
mod server;
mod traces;
mod webhooks;
