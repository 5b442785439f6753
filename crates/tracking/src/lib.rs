//! A client of a tracking server, as our own commands use it: Trackside, or any server of MLflow's protocol.
//!
//! A [`Server`] makes one try of each call. `server.rs` the calls, `run.rs`, `artifact.rs`, `logged_model.rs` and `registry.rs` what they
//! are about, in the shapes of `trackside-mlflow-wire`.

#![warn(missing_docs)]

mod artifact;
mod logged_model;
mod promotion;
mod refusal;
mod registry;
mod run;
mod server;

pub use artifact::{File, Upload};
pub use promotion::{REASON, Registrar, reason_header};
pub use server::Server;
pub use trackside_mlflow_wire::{Dataset, DatasetInput, LoggedModelInfo, Metric, ModelVersion, Run, RunInfo, Tag};
