//! MLflow's REST protocol as axum routers. A handler parses, calls one service method and renders; shapes, limits,
//! messages and codes live in `trackside-mlflow-wire`.
//!
//! A file per noun, a function per endpoint; [`router`] mounts them under every prefix that clients use.

#![warn(missing_docs)]

mod aliases;
mod artifacts;
mod assessments;
mod authored;
mod body;
mod byte_range;
mod content_type;
mod download;
mod error;
mod evaluation_datasets;
mod experiments;
mod gateway;
mod graphql;
mod logged_models;
mod metrics;
mod model_versions;
mod otlp;
mod out_of_scope;
mod params;
mod promptlab;
mod proxy_artifacts;
mod registered_models;
mod router;
mod routes;
mod rules;
mod run_logging;
mod runs;
mod scorers;
mod system;
mod traces;
mod webhooks;
mod workspace;

use trackside_server::Bodies;
use trackside_service::Service;

pub use graphql::graphql;
pub use router::{router, router_with};
pub use rules::{Rules, SourcePattern};
pub use system::MLFLOW_VERSION;

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Door {
    /// The use cases.
    pub service: Service,
    /// Memory for JSON bodies; artifacts are not bounded by it.
    pub bodies: Bodies,
    /// Whether clients may upload and download artifacts through the server.
    pub serve_artifacts: bool,
    /// What else clients may do.
    pub rules: Rules,
}
