//! The embedded system of record: one SQLite file, one writer, several readers.
//!
//! [`SqliteStore`] implements every trait of [`trackside_core::store`]. What to know:
//!
//! - Writes go through one thread which puts all requests that are waiting into one transaction and answers
//!   them when it is committed (`writer.rs`). `Ok` means on disk: WAL with `synchronous=FULL`.
//! - Reads go to a pool of read-only connections, each read within one snapshot (`readers.rs`).
//! - The schema is our own; it is brought up to date when a file is opened (`migrate.rs`). A file of somebody
//!   else is refused without being touched (`inspect.rs`).
//! - While there is a cursor each change is logged in its own savepoint (`log/`), for fan-out to deliver.
//! - For each active webhook that asks for it a change of the registry leaves a delivery (`hooks/`).
//! - A query tree becomes SQL in `search/`, and nowhere else.
//!
//! Redelivery is harmless as [`trackside_core::StoreTracker`] says, which makes any store a destination.
//!
//! # Adding to it
//!
//! A new table is a new file in `migrations/`; released ones never change. A new kind of thing is a file with
//! its reads, its writes and its trait, and a file in `search/` that maps its fields to columns.

mod api_keys;
mod append;
mod assessments;
mod bundle_files;
mod bundle_removal;
mod bundles;
mod collections;

mod config;
mod connection;
mod datasets;
mod error;
mod evaluation_datasets;
mod evaluation_records;
mod experiments;
mod history;
mod hooks;
mod inputs;
mod inspect;
mod key_values;
mod ledger;
mod lines;
mod log;
mod logged_models;
mod members;
mod metrics;
mod migrate;
mod model_versions;
mod number_in_text;
mod owners;
mod percentile;
mod points;
mod promotions;
mod readers;
mod registered_models;
mod regular_expression;
mod removal;
mod rows;
mod run_records;
mod run_rows;
mod runs;
mod sample;
mod scorers;
mod sealer;
mod search;
mod series;
mod spans;
mod store;
mod sweeps;
mod trace_usage;
mod traces;
mod writer;

pub use config::Config;
pub use series::Sealing;
pub use store::SqliteStore;
pub use writer::Stats;
