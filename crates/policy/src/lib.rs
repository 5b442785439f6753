//! What a team wants to be true of a model version before it has a stage or an alias.
//!
//! [`Governance`] is what was configured. For a model and a [`Target`](trackside_core::Target) it has the [`Rule`]s that
//! apply; what they need to know ([`Needs`]) is gathered by whoever can read it, as [`Facts`]; [`Verdict::of`] says of each
//! rule whether it is met, and by what. Nothing here reads a clock or a store, so the same facts always give the same
//! verdict.

#![warn(missing_docs)]

mod approvals;
mod evidence_rules;
mod facts;
mod freeze;
mod governance;
mod history;
mod metric;
mod pattern;
mod rule;
mod sample;
mod verdict;

pub use facts::{Facts, FileCheck, Repeats};
pub use freeze::{Freeze, Weekly};
pub use governance::{Governance, Policy};
pub use history::History;
pub use metric::{Bound, Margin, MetricRule};
pub use pattern::Pattern;
pub use rule::{Approvals, AuditRule, CodeRule, Need, Needs, People, Rule, TagRule};
pub use verdict::{Outcome, State, Verdict};

/// The tag of a version in which an audit says how it ended; see `trackside audit --record`.
pub const AUDIT_TAG: &str = "trackside.audit";
/// The tag in which it says when that was. An audit that finds what the last one has found changes this one alone.
pub const AUDIT_TIME_TAG: &str = "trackside.audit.at";
