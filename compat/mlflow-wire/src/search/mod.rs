//! MLflow's filter strings and `order_by` clauses, parsed into core's query tree.
//!
//! A filter that is valid in MLflow 3.17.2 means the same here, and an invalid one gets MLflow's message, except that
//! sets, which MLflow prints in random order, have a fixed one. What MLflow answers with an internal error because
//! its parser or its database stumbles is `Invalid` here.
//!
//! Beyond that, a filter may say more than MLflow's: `OR`, `NOT` and parentheses (`tree.rs`), regular expressions
//! (`RLIKE`), numbers in params (`params.lr < 0.1`), and `IS NULL` of metrics and of `end_time`.
//!
//! Known differences, none of which a sensible client notices:
//! - A metric, param or tag called `created` or `run name` can be searched for. MLflow takes these keys for the aliases
//!   of attributes and looks for `start_time` and `run_name`.
//! - Of SQL's keywords only some are known (`scan.rs`), and a comment never becomes part of a name. So the message
//!   differs for some invalid filters, and `tags.a no IS NULL` has a meaning.
//! - Lists are Python's only as far as `literal.rs` says.
//! - MLflow gives up at 10 000 words, this at a mebibyte.
//! - Those that `logged_models.rs` and `traces.rs` explain.
//!
//! Words (`token.rs`, `scan.rs`) form phrases (`phrase.rs`), those form conditions (`condition.rs`), and a file per
//! kind of thing says what a condition on it means. Source: `mlflow/utils/search_utils.py` and the stores at 3.17.2,
//! with sqlparse 0.6.1; checked by running them on the filters of the tests, on 50 000 generated filters and on as many
//! orders.

mod condition;
mod evaluation_datasets;
#[cfg(test)]
mod examples;
mod experiments;
mod identifier;
mod literal;
mod logged_models;
mod model_versions;
mod order_by;
mod phrase;
mod prompt;
#[cfg(test)]
mod properties;
pub(crate) mod python;
mod registered_models;
mod runs;
mod scan;
mod token;
mod trace_metrics;
mod traces;
mod tree;
mod value;

pub use evaluation_datasets::{parse_evaluation_dataset_filter, parse_evaluation_dataset_order};
pub use experiments::{parse_experiment_filter, parse_experiment_order};
pub use logged_models::{LoggedModelOrder, MeasuredOn, parse_logged_model_filter, parse_logged_model_order};
pub use model_versions::{parse_model_version_filter, parse_model_version_order};
pub use registered_models::{parse_registered_model_filter, parse_registered_model_order};
pub use runs::{parse_run_filter, parse_run_order};
pub use trace_metrics::{MetricFilter, parse_metric_filter};
pub use traces::{parse_trace_filter, parse_trace_order};
