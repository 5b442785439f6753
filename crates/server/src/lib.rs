//! The HTTP server: listener, connections, middleware, health. It mounts the routers it is given and knows no
//! protocol.
//!
//! From the outside in, a request passes: `security` (host, origin, headers), `access` (one log line, panics
//! answered as 500), then the routes.

#![warn(missing_docs)]

mod access;
mod application;
mod bodies;
mod connections;
mod credentials;
mod host;
mod origin;
mod security;

pub use application::Application;
pub use bodies::{Bodies, Held, Unread};
pub use connections::{Connections, Protocol, Shutdown};
pub use credentials::{Credentials, Peer, address, api_key, header_text};
pub use security::Security;
