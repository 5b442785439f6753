//! How adapters speak HTTP: TLS, credentials, timeouts, and which answers are worth another try.
//!
//! A [`Client`] belongs to one destination. It makes one try of each call and classifies what comes of it into
//! [`trackside_core::Error`]; when to try again is fan-out's business. Redirects are never followed: a credential
//! goes to the configured origin and nowhere else, and a POST never turns into a GET.
//!
//! A file per noun: `config.rs` what a user sets, `secret.rs` what is never shown, `client.rs` the connections,
//! `call.rs` one request, `upload.rs` a streamed body, `answer.rs` a success, `refusal.rs` any other status and the
//! table of classes, `reply.rs` any status at all, `reach.rs` which addresses may be connected to, `broken.rs` what happens without an answer, `retry_after.rs` that header.

#![warn(missing_docs)]

mod answer;
mod broken;
mod call;
mod client;
mod config;
mod reach;
mod refusal;
mod reply;
mod retry_after;
mod secret;
mod upload;

pub use answer::Answer;
pub use call::Call;
pub use client::{Client, ErrorReader};
pub use config::{Auth, Config};
pub use http::{HeaderName, Method};
pub use reach::Reach;
pub use refusal::Refusal;
pub use reply::Reply;
pub use secret::{HIDDEN, Secret};
