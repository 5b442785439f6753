//! The HTTP server: listener, connections, middleware, health. It mounts the routers it is given and knows no
//! protocol.
//!
//! From the outside in, a request passes: `security` (host, origin, headers), `access` (one log line, panics
//! answered as 500), then the routes.

#![warn(missing_docs)]

mod access;
mod connections;
mod host;
mod origin;
mod security;

use axum::{Router, middleware, routing::get};

pub use connections::{Connections, Protocol, Shutdown};
pub use security::Security;

/// The whole application: the protocols' routes with health and middleware around them.
pub fn application(routes: Router, security: Security) -> Router {
    routes
        .route("/health", get(|| async { "OK" }))
        .layer(middleware::from_fn(access::log))
        .layer(middleware::from_fn_with_state(std::sync::Arc::new(security), security::guard))
}
