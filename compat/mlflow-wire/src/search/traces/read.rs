//! A condition of which both sides have been read.

use trackside_core::{Error, Result};

use super::key::{Entity, NUMERIC, SEARCHABLE, identifier};
use crate::{
    search::{
        condition::Condition,
        identifier::set,
        literal::{quoted_text, some_texts},
        token::Kind,
        value::{self, Value},
    },
    trace::facts::NAME_TAG,
};

/// Attributes that are compared with a list.
const LISTS: [&str; 5] = ["name", "status", "request_id", "run_id", "client_request_id"];
/// The tag under which MLflow's clients keep prompts, and the metadata with the run.
pub(super) const PROMPTS: &str = "mlflow.linkedPrompts";
pub(super) const RUN: &str = "mlflow.sourceRun";

/// A condition of a filter for traces; its comparator is in upper case.
pub(super) type Read = value::Read<Entity>;

impl Read {
    /// With what keys stand for that are no names of their own.
    pub(super) fn replaced(mut self) -> Self {
        if !matches!(self.entity, Entity::Attribute | Entity::Tag | Entity::Metadata) {
            return self;
        }
        let (entity, key) = match self.key.to_lowercase().as_str() {
            "name" => (Entity::Tag, NAME_TAG),
            "prompt" => (Entity::Tag, PROMPTS),
            "run_id" => (Entity::Metadata, RUN),
            "text" => (Entity::Span, "content"),
            "timestamp" => (self.entity, "timestamp_ms"),
            "execution_time" => (self.entity, "execution_time_ms"),
            "end_time" => (self.entity, "end_time_ms"),
            _ => return self,
        };
        self.entity = entity;
        key.clone_into(&mut self.key);
        self
    }
}

pub(super) fn read(condition: &Condition<'_>) -> Result<Read> {
    let (entity, key) = identifier(condition.identifier()?, &SEARCHABLE)?;
    let comparator = condition.comparator.to_ascii_uppercase();
    let Some(side) = condition.right else {
        return Ok(Read { entity, key: key.to_owned(), comparator, value: Value::Nothing });
    };
    let got = side.text;
    let expected = || {
        let name = entity.as_str();
        Error::invalid(format!("Expected a quoted string value for {name} (e.g. 'my-value'). Got value {got}"))
    };
    let quoted = quoted_text(side).transpose()?.map(Value::Text);
    let is_list = side.kind == Kind::Parenthesis;
    let value = match entity {
        Entity::Tag | Entity::Span if is_list => Value::Texts(some_texts(got)?),
        Entity::Tag | Entity::Span | Entity::Metadata | Entity::Issue => quoted.ok_or_else(expected)?,
        Entity::Feedback | Entity::Expectation => {
            let name = entity.as_str();
            let is_numeric = matches!(comparator.as_str(), ">" | ">=" | "<" | "<=");
            match (value::number(side), quoted) {
                (Some(number), _) if is_numeric => number,
                (None, Some(text)) if !is_numeric => text,
                _ if is_numeric => {
                    return Err(Error::invalid(format!(
                        "Expected a numeric value for {name} when using comparator '{comparator}'. Got value {got}"
                    )));
                }
                _ => return Err(expected()),
            }
        }
        Entity::Attribute if is_list && LISTS.contains(&key) => Value::Texts(some_texts(got)?),
        Entity::Attribute if is_list => {
            return Err(Error::invalid(format!(
                "Only attributes in {} supports comparison with a list of quoted string values.",
                set(&LISTS)
            )));
        }
        Entity::Attribute => match (quoted, value::number(side)) {
            (Some(text), _) => text,
            (None, Some(number)) if NUMERIC.contains(&key) => number,
            (None, Some(_)) => {
                return Err(Error::invalid(format!(
                    "Only the '{}' attributes support comparison with numeric values.",
                    set(&NUMERIC)
                )));
            }
            (None, None) => {
                return Err(Error::invalid(format!(
                    "Expected a quoted string value or a list of quoted string values for attributes. Got value {got}"
                )));
            }
        },
    };
    Ok(Read { entity, key: key.to_owned(), comparator, value })
}
