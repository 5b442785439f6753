//! What the left side of a condition names.

use trackside_core::{Error, Result, query::TraceField};

use crate::search::identifier::{set, trim, trim_backquotes};

/// Attributes that a filter may name.
pub(super) const SEARCHABLE: [&str; 13] = [
    "request_id",
    "timestamp",
    "timestamp_ms",
    "execution_time",
    "execution_time_ms",
    "end_time",
    "end_time_ms",
    "status",
    "client_request_id",
    "name",
    "run_id",
    "prompt",
    "text",
];
/// Attributes that may be ordered by.
pub(super) const ORDERABLE: [&str; 11] = [
    "experiment_id",
    "timestamp",
    "timestamp_ms",
    "execution_time",
    "execution_time_ms",
    "end_time",
    "end_time_ms",
    "status",
    "request_id",
    "name",
    "run_id",
];
pub(super) const NUMERIC: [&str; 6] =
    ["timestamp_ms", "timestamp", "execution_time_ms", "execution_time", "end_time_ms", "end_time"];

/// What a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Entity {
    Attribute,
    Tag,
    Metadata,
    Span,
    Feedback,
    Expectation,
    Issue,
}

impl Entity {
    /// All spellings; the first one is used in messages.
    const NAMES: [(&str, Self); 11] = [
        ("tag", Self::Tag),
        ("request_metadata", Self::Metadata),
        ("attribute", Self::Attribute),
        ("span", Self::Span),
        ("feedback", Self::Feedback),
        ("expectation", Self::Expectation),
        ("issue", Self::Issue),
        ("tags", Self::Tag),
        ("attributes", Self::Attribute),
        ("trace", Self::Attribute),
        ("metadata", Self::Metadata),
    ];

    pub(super) fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, entity)| *entity == self).map_or("", |(name, _)| name)
    }
}

/// A known attribute that is none of a tag, metadata or span.
pub(super) fn attribute(key: &str) -> TraceField {
    match key {
        "request_id" => TraceField::Id,
        "experiment_id" => TraceField::Experiment,
        "timestamp_ms" | "timestamp" => TraceField::RequestedAt,
        "execution_time_ms" | "execution_time" => TraceField::Duration,
        "end_time_ms" | "end_time" => TraceField::EndedAt,
        "status" => TraceField::State,
        _ => TraceField::ClientRequestId,
    }
}

pub(super) fn identifier<'a>(text: &'a str, attributes: &[&str]) -> Result<(Entity, &'a str)> {
    let (entity, key) = text.split_once('.').unwrap_or((Entity::Attribute.as_str(), text));
    let name = trim_backquotes(entity);
    let entity =
        Entity::NAMES.iter().find(|(known, _)| *known == name).map(|(_, entity)| *entity).ok_or_else(|| {
            let names = Entity::NAMES.map(|(name, _)| name);
            Error::invalid(format!("Invalid entity type '{name}'. Valid values are {}", set(&names)))
        })?;
    let key = trim(key);
    if entity == Entity::Attribute && !attributes.contains(&key) {
        let valid = set(attributes);
        return Err(Error::invalid(format!("Invalid attribute key '{key}' specified. Valid keys are '{valid}'")));
    }
    Ok((entity, key))
}
