//! Delivers what happens in the model registry to webhooks, as MLflow does, but so that nothing is lost.
//!
//! A delivery is written by the store in the transaction of the change itself. [`Deliverer`] is one task that reads what
//! is due, has [`HttpSender`] send it, and writes down what came of it. A crash in between sends a message once more: it
//! has the same name on every try, so that a receiver can tell.
//!
//! One message at a time goes to each webhook, so a slow one delays nobody but itself, and gets its messages in order as
//! long as it takes them. Nothing here is waited for by a client, but for the test of a webhook.

#![warn(missing_docs)]

mod config;
mod deliverer;
mod pause;
mod sender;

pub use config::Config;
pub use deliverer::Deliverer;
pub use sender::HttpSender;
