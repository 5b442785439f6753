//! A server under test: the built binary as a child process, and a client that speaks plain JSON to it.
//!
//! The real clients are tested from Python (`tests/python`); here are the tests that need to hold the process in
//! their hands.

mod binary;
mod client;
mod server;

pub use binary::binary;
pub use client::Client;
pub use server::Server;
