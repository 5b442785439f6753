//! MLflow's REST protocol, version 3.17.2: JSON shapes, limits, error codes, the filter grammar, and conversions to
//! and from core, both ways. No HTTP.
//!
//! A file per noun holds the shapes of its requests and answers and their conversions; `request.rs` reads any of
//! them from a body or a query, `scalar.rs` knows the spellings of scalars, `error.rs` holds the table of codes,
//! `search` the grammar. Names of types and fields are the protocol's.

mod alias;
mod artifact;
mod dataset_search;
mod error;
mod evaluation_dataset;
mod evaluation_record;
mod experiment;
pub mod graphql;
mod history_bulk;
mod history_page;
mod inputs;
mod log_batch;
mod log_model;
mod logged_model;
mod logged_model_search;
mod metric;
mod model_version;
mod model_version_search;
pub mod names;
mod object;
pub mod otlp;
pub mod page;
mod param;
mod prompt;
mod promptlab;
mod proxied_place;
mod registered_model;
pub mod request;
mod run;
mod run_requests;
mod run_tag;
mod scalar;
mod scorer;
mod scorer_definition;
pub mod search;
mod tag;
mod trace;
mod view;
mod webhook;
mod webhook_event;
mod webhook_message;
mod webhook_signature;
mod webhook_url;

pub use alias::*;
pub use artifact::*;
pub use dataset_search::*;
pub use error::{ErrorBody, ErrorCode, Failure};
pub use evaluation_dataset::*;
pub use evaluation_record::*;
pub use experiment::*;
pub use history_bulk::*;
pub use history_page::HistoryPage;
pub use inputs::*;
pub use log_batch::*;
pub use log_model::*;
pub use logged_model::*;
pub use logged_model_search::*;
pub use metric::*;
pub use model_version::*;
pub use model_version_search::*;
pub use param::*;
pub use prompt::name_taken;
pub use promptlab::*;
pub use proxied_place::proxied_place;
pub use registered_model::*;
pub use run::*;
pub use run_requests::*;
pub use run_tag::*;
pub use scalar::{Choice, Double, Flag, Int, Texts};
pub use scorer::*;
pub use tag::Tag;
pub use trace::*;
pub use webhook::*;
pub use webhook_event::WebhookEvent;
pub use webhook_message::*;
pub use webhook_signature::signature;
pub use webhook_url::WebhookUrl;
