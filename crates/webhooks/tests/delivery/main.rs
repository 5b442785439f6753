//! Deliveries from a real store: to a sender that a test steers, and over HTTP.

mod http;
mod policy;
mod scene;
