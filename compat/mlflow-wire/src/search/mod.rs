//! MLflow's filter strings and `order_by` clauses, parsed into core's query tree.
//!
//! A filter that is valid in MLflow 3.17.2 means the same here, and an invalid one gets MLflow's message, except that
//! sets, which MLflow prints in random order, have a fixed one. What MLflow answers with an internal error because
//! its parser or database stumbles is `Invalid` here.
//!
//! Words (`token.rs`, `scan.rs`) form phrases (`phrase.rs`), those form conditions (`condition.rs`), and a file per
//! kind of thing says what a condition on it means. Source: `mlflow/utils/search_utils.py` and the stores at 3.17.2,
//! with sqlparse 0.6.1; checked by running them on the filters of the tests and on tens of thousands generated ones.

mod condition;
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
mod value;

pub use experiments::{parse_experiment_filter, parse_experiment_order};
pub use logged_models::{LoggedModelOrder, MeasuredOn, parse_logged_model_filter, parse_logged_model_order};
pub use model_versions::{parse_model_version_filter, parse_model_version_order};
pub use registered_models::{parse_registered_model_filter, parse_registered_model_order};
pub use runs::{parse_run_filter, parse_run_order};
