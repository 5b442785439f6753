//! `POST /graphql`: what MLflow's web UI asks in GraphQL, read into the requests of REST, and its answers cut from those
//! of REST. There is no second implementation of anything but the language.
//!
//! A query is parsed (`document.rs`), measured (`limits.rs`), checked against the schema (`schema.rs`, `plan.rs`), and its
//! answer is written in the order of its fields (`answer.rs`). Introspection is left out but for `__typename`.
//!
//! The texts of refusals are those of `graphql-core` 3.2, which MLflow 3.17.2 uses; errors are texts, not objects.

mod answer;
mod call;
mod document;
mod limits;
mod plan;
mod schema;
mod value;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

pub use self::{
    answer::{Found, RelatedRun, refusal},
    call::{Call, Related},
    plan::{Plan, Shape},
};
use self::{document::Document, value::Variables};
use crate::{Failure, request::required};

/// Longest query in bytes. The largest that the limits let through is far shorter, and reading one takes some
/// hundred times its length.
const MAX_QUERY_BYTES: usize = 128 * 1024;

/// `POST /graphql`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GraphqlRequest {
    /// Required.
    pub query: Option<String>,
    /// Values of its variables.
    pub variables: Option<Map<String, Json>>,
    /// Which of its operations, when there are several.
    #[serde(rename = "operationName")]
    pub operation_name: Option<String>,
}

/// A query that is not answered.
#[derive(Debug)]
pub enum Refused {
    /// It is no query. MLflow answers 500.
    Malformed(Failure),
    /// It asks for what cannot be. Answered like one that can.
    Invalid(String),
}

impl GraphqlRequest {
    /// What is asked for.
    pub fn plan(self) -> Result<Plan, Refused> {
        let query = required(self.query, "query").map_err(Refused::Malformed)?;
        if query.len() > MAX_QUERY_BYTES {
            let message = format!("The query is longer than {MAX_QUERY_BYTES} bytes.");
            return Err(Refused::Malformed(Failure::invalid(message)));
        }
        let parsed = document::parse(&query)
            .map_err(|error| Refused::Malformed(Failure::invalid(format!("Syntax Error: {error}"))))?;
        let document = Document::of(&parsed);
        limits::check(&document).map_err(Refused::Invalid)?;
        let name = self.operation_name.as_deref().filter(|name| !name.is_empty());
        let plan = || {
            let operation = document.operation(name)?;
            let variables = Variables::of(operation, &self.variables.unwrap_or_default())?;
            Plan::of(&document, operation, &variables)
        };
        plan().map_err(Refused::Invalid)
    }
}

#[cfg(test)]
mod tests;
