//! Destination: an MLflow server, 2.x or 3.x, over its REST API.
//!
//! # How redelivery is harmless
//!
//! - Each run, logged model and model version carries its id at the source in a tag (`trackside.run_id`,
//!   `trackside.model_id`, `trackside.version`), set by the very call that creates it. Without memory the server is
//!   searched for the tag before anything is created. Experiments and registered models have unique names.
//! - A server stores an exact repetition of a point once, and of a param never again (`history.rs` for those of 2.x
//!   that need help with it). **The file store of MLflow 2.x
//!   does not: there a point that is delivered twice is in the history twice.** To read back before each write would
//!   double the traffic for a store that MLflow itself refuses since 3.x, so it is not done.
//! - Tags, status, names, stages and aliases are written in the order of the events, so the last one stays. A run that
//!   a former try has put in the bin is taken out for what comes before that, and goes back with it.
//! - What a removal finds gone is fine; links to models, which a server refuses to be told twice, are read first.
//! - A call that the caller let go of is ended before the next one of its subject (`lane.rs`).
//!
//! # What is different at the server
//!
//! Ids. `mlflow.parentRunId` is set to the server's id of the run above, or left out until that run is there
//! (`trackside.parent_run_id` holds it). Sources of model versions point at the server's runs and models. Texts in which
//! clients have written ids or addresses themselves stay as they are, such as the tags `mlflow.log-model.history` and
//! `mlflow.artifactLocation`. Infinities are the largest finite doubles, as in every MLflow. Names of experiments may
//! have a prefix.
//!
//! # What is withheld
//!
//! Artifacts of runs whose `artifact_uri` is not the server's own store; tags called like ours; and before MLflow 3
//! logged models and links to them. An experiment in the server's bin is an error that asks the user to decide.
//!
//! Files by noun: `tracker.rs` the destination, `experiment.rs`, `run.rs`, `logged_model.rs`, `registry.rs` and
//! `version.rs` the things, `events.rs`, `log_batch.rs` and `artifacts.rs` what happens to runs, `api.rs`, `lane.rs` and
//! `refusal.rs` the calls, `memory.rs` and `tag.rs` what is remembered here and there.

#![warn(missing_docs)]

mod api;
mod artifacts;
mod config;
mod events;
mod experiment;
mod history;
mod lane;
mod log_batch;
mod logged_model;
mod memory;
mod refusal;
mod registry;
mod run;
mod tag;
mod tracker;
mod version;

pub use config::Config;
pub use tracker::MlflowTracker;
