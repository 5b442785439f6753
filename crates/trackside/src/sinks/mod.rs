//! From configuration to destinations, and keeping them equal to it.

mod build;
mod exec;
mod mlflow;
mod notify;
mod reachability;
mod reload;
mod running;
mod sqlite;
mod tensorboard;
mod wandb;

pub(crate) use self::{build::Builder, reload::hangups, running::Running};
