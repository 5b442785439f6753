//! JSON of the API, in both directions.

mod backfill;
mod dead_letter;
mod delivery;
mod failure;
mod promotion;
mod registry;
mod reloaded;
mod sending;
mod sink;

use serde::{Deserialize, Serialize};

pub use self::{
    backfill::{Backfill, BackfillProgress, Begun},
    dead_letter::{DeadLetter, DeadLetters, Discarded, Letters, Retried},
    delivery::{Deliveries, Delivery},
    failure::{Failure, Fault, Refused},
    promotion::{Decided, Promotion, Promotions, Rule, Verdict, Vote},
    registry::{End, Ledger, Line, Models},
    reloaded::Reloaded,
    sending::{Sending, Sendings},
    sink::{Lag, LastError, Sink, Sinks},
};

/// It was done, and there is nothing to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}
