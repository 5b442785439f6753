//! What traces are ordered by.

use trackside_core::{
    Error, Key, Result,
    query::{Order, TraceField},
};

use super::{
    key::{Entity, ORDERABLE, attribute, identifier},
    read::Read,
};
use crate::{
    search::{order_by, python, value::Value},
    trace::facts::{ARTIFACTS_TAG, COST, NAME_TAG, SESSION, TOKENS},
};

/// Parses the `order_by` of `traces/search`.
pub fn parse_trace_order(order_by: &[String]) -> Result<Vec<Order<TraceField>>> {
    let mut seen = Vec::with_capacity(order_by.len());
    for text in order_by {
        let order_by::Clause { what, ascending } = order_by::parse(text)?;
        let (entity, key) = identifier(what.trim(), &ORDERABLE)?;
        let Read { entity, key, .. } =
            Read { entity, key: key.to_owned(), comparator: String::new(), value: Value::Nothing }.replaced();
        let criterion = Order { field: ordered(entity, &key)?, ascending };
        if seen.iter().any(|known: &Order<TraceField>| known.field == criterion.field) {
            return Err(Error::invalid(format!("`order_by` contains duplicate fields: {}", python::list(order_by))));
        }
        seen.push(criterion);
    }
    Ok(seen)
}

fn ordered(entity: Entity, key: &str) -> Result<TraceField> {
    match entity {
        Entity::Attribute => Ok(attribute(key)),
        Entity::Tag if key == NAME_TAG => Ok(TraceField::Name),
        Entity::Tag if key == ARTIFACTS_TAG => Ok(TraceField::ArtifactUri),
        Entity::Tag => Ok(TraceField::Tag(Key::new(key)?)),
        Entity::Metadata if key == SESSION => Ok(TraceField::Session),
        Entity::Metadata if key == TOKENS || key == COST => Err(Error::invalid(format!(
            "Ordering by reserved metadata '{key}' is not supported because it is represented by multiple columns."
        ))),
        Entity::Metadata => Ok(TraceField::Metadata(Key::new(key)?)),
        other => Err(Error::invalid(format!("Invalid identifier type '{}'", other.as_str()))),
    }
}
