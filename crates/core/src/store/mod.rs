//! The traits of a system of record, one per noun, all of the same shape: create, look up, change, search.
//!
//! Every method is one transaction. `Ok` of a writing method means durable: it survives the death of
//! the process and of the machine. An error means that nothing was written. Dropping the future leaves
//! the write either whole or absent; the caller cannot know which.
//!
//! Besides the kinds named at a method, any may fail with `Unavailable` (busy, full or unreachable,
//! worth another try), `Corrupt` or `Internal`.
//!
//! The conformance suite in `testkit` holds every implementation to these texts.

mod api_keys;
mod assessments;
mod bin;
mod bundles;
mod evaluation;
mod experiments;
mod ledger;
mod log;
mod logged_models;
mod metrics;
mod promotions;
mod registry;
mod run_records;
mod runs;
mod scorers;
mod sweeps;
mod traces;
mod webhooks;

pub use api_keys::ApiKeys;
pub use assessments::Assessments;
pub use bin::{Bin, BinEntry, BinItem, BinKind, BinQuery};
pub use bundles::{Bundles, Collections};
pub use evaluation::{EvaluationDatasets, EvaluationRecords};
pub use experiments::Experiments;
pub use ledger::{Ledger, LedgerQuery};
pub use log::{
    Cursor, CursorChange, Cursors, DeadLetter, DeadLetters, Entry, KEPT_SENDINGS, Lag, Log, LogRange, LogSize, Mark,
    MarkFilter, NewDeadLetter, Outbox, Progress,
};
pub use logged_models::LoggedModels;
pub use metrics::{EXTREMES_FROM, HistoryQuery, Metrics, SampleQuery};
pub use promotions::{PromotionQuery, Promotions};
pub use registry::{ModelVersions, RegisteredModels};
pub use run_records::RunRecords;
pub use runs::Runs;
pub use scorers::Scorers;
pub use sweeps::Sweeps;
pub use traces::Traces;
pub use webhooks::{
    Deliveries, Delivery, DeliveryAttempt, DeliveryBounds, DeliveryQuery, DeliveryState, DueDeliveries, DueDelivery,
    Webhooks,
};

/// A name for all traits of a system of record; it has no methods of its own.
pub trait Store:
    Experiments
    + Runs
    + RunRecords
    + Metrics
    + LoggedModels
    + RegisteredModels
    + ModelVersions
    + Promotions
    + Ledger
    + Traces
    + Webhooks
    + Bin
    + Scorers
    + EvaluationDatasets
    + EvaluationRecords
    + ApiKeys
    + Assessments
    + Collections
    + Bundles
    + Sweeps
{
}

impl<T> Store for T where
    T: Experiments
        + Runs
        + RunRecords
        + Metrics
        + LoggedModels
        + RegisteredModels
        + ModelVersions
        + Promotions
        + Ledger
        + Traces
        + Webhooks
        + Bin
        + Scorers
        + EvaluationDatasets
        + EvaluationRecords
        + ApiKeys
        + Assessments
        + Collections
        + Bundles
        + Sweeps
{
}
