//! Webhooks, and the deliveries that changes of the registry make for them.

mod announce;
mod deliveries;
mod webhooks;

pub(crate) use announce::Announcer;
