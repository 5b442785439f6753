//! Searches for experiments.
//!
//! Unlike elsewhere, `like` and `in` must be written in capitals. Source: `SearchExperimentsUtils` in
//! `utils/search_utils.py` and `_get_search_experiments_filter_clauses` in `store/tracking/sqlalchemy_store.py` of
//! MLflow 3.17.2.

use trackside_core::{
    Error, Key, Result,
    query::{ExperimentField, Filter, Order},
};

use super::{
    condition::{Condition, clauses, conditions},
    identifier::{self, Entity, set},
    order_by::{self, Clause},
    python, tree,
    value::{self, LISTED, MATCHES, NUMERIC, OPTIONAL, Read, TEXTUAL, Value},
};

/// Attributes that may be searched and ordered by.
const ATTRIBUTES: [&str; 4] = ["name", "experiment_id", "creation_time", "last_update_time"];
/// Attributes that are compared with a list.
const LISTS: [&str; 1] = ["experiment_id"];

/// Parses the `filter` of `experiments/search`. The empty text is the filter that every experiment passes.
pub fn parse_experiment_filter(filter: &str) -> Result<Filter<ExperimentField>> {
    conjunction(filter).or_else(|refused| tree::beyond(filter, refused, clauses, |condition| leaf(read(condition)?)))
}

fn conjunction(filter: &str) -> Result<Filter<ExperimentField>> {
    let read = conditions(filter, false)?.iter().map(read).collect::<Result<Vec<_>>>()?;
    read.into_iter().map(leaf).collect::<Result<_>>().map(Filter::All)
}

/// Parses the `order_by` of `experiments/search`. A field may come twice; the second time it decides nothing.
pub fn parse_experiment_order(order_by: &[String]) -> Result<Vec<Order<ExperimentField>>> {
    let order = order_by.iter().map(|text| {
        let Clause { what, ascending } = order_by::parse(text)?;
        let (entity, key) = identifier::of_other(what.trim(), &ATTRIBUTES)?;
        if entity != Entity::Attribute {
            return Err(Error::invalid(format!("Invalid order_by entity: {}", entity.as_str())));
        }
        Ok(Order { field: field(entity, key)?, ascending })
    });
    order.collect()
}

fn is_numeric(key: &str) -> bool {
    matches!(key, "creation_time" | "last_update_time")
}

fn field(entity: Entity, key: &str) -> Result<ExperimentField> {
    Ok(match (entity, key) {
        (Entity::Attribute, "name") => ExperimentField::Name,
        (Entity::Attribute, "experiment_id") => ExperimentField::Id,
        (Entity::Attribute, "creation_time") => ExperimentField::CreatedAt,
        (Entity::Attribute, _) => ExperimentField::UpdatedAt,
        (_, key) => ExperimentField::Tag(Key::new(key)?),
    })
}

fn read(condition: &Condition<'_>) -> Result<Read> {
    let (entity, key) = identifier::of_other(condition.identifier()?, &ATTRIBUTES)?;
    let value = match (condition.right, entity) {
        (None, Entity::Tag) => Value::Nothing,
        (None, _) => {
            return Err(Error::invalid(format!(
                "IS NULL / IS NOT NULL is only supported for tags, not for attribute '{key}'"
            )));
        }
        (Some(side), Entity::Tag) => value::tag_text(entity, side)?,
        (Some(side), _) if is_numeric(key) => value::attribute_number(key, side)?,
        (Some(side), _) => value::attribute_text(key, side, &LISTS, "for ")?,
    };
    Ok(Read { entity, key: key.to_owned(), comparator: condition.comparator.to_owned(), value })
}

fn leaf(mut read: Read) -> Result<Filter<ExperimentField>> {
    let comparator = read.comparator.as_str();
    let invalid = |what: String| Err(Error::invalid(format!("Invalid comparator {what}")));
    match (read.entity, read.key.as_str()) {
        (Entity::Attribute, "experiment_id") => {
            if !["=", "!=", "IN", "NOT IN"].contains(&comparator) {
                return invalid(format!("for experiment_id: {comparator}"));
            }
            read.value = match read.value {
                Value::Text(id) => Value::Text(experiment_id(&id)?),
                Value::Texts(ids) => Value::Texts(ids.iter().map(|id| experiment_id(id)).collect::<Result<_>>()?),
                other => other,
            };
        }
        (Entity::Attribute, key) if is_numeric(key) => {
            if !NUMERIC.contains(&comparator) {
                return invalid(format!("'{comparator}' not one of '{}", set(&LISTED)));
            }
            if let Value::Number(number, false) = read.value {
                return Err(Error::invalid(format!("Invalid value for numeric attribute '{key}': '{number:?}'")));
            }
        }
        (Entity::Attribute | Entity::Tag, _) if comparator == MATCHES => {}
        (Entity::Attribute, _) if !LISTED.contains(&comparator) => {
            return invalid(format!("'{comparator}' not one of '{}'", set(&LISTED)));
        }
        (Entity::Attribute, _) if !TEXTUAL.contains(&comparator) => {
            return invalid(format!("for string attribute: {comparator}"));
        }
        (Entity::Tag, _) if !OPTIONAL.contains(&comparator) => {
            return invalid(format!("for tag: {comparator}"));
        }
        _ => {}
    }
    Ok(Filter::Field(field(read.entity, &read.key)?, read.test()?))
}

/// An id in the one spelling it is stored in.
fn experiment_id(text: &str) -> Result<String> {
    python::integer(text).ok_or_else(|| {
        Error::invalid(format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer."))
    })
}

#[cfg(test)]
mod tests {
    use trackside_core::query::{Compare, Test};

    use super::*;
    use crate::search::examples::{assert_messages, assert_trees, like, number, one_of, text};

    #[test]
    fn valid_filters_mean_what_they_mean_to_mlflow() {
        let tag = |key: &str| ExperimentField::Tag(Key::new(key).unwrap());
        assert_trees(
            parse_experiment_filter,
            &[
                ("name = 'x'", &[(ExperimentField::Name, text(Compare::Equal, "x"))]),
                ("attribute.\"name\" ILIKE 'x'", &[(ExperimentField::Name, like("x", false))]),
                ("experiment_id = ' +01_0 '", &[(ExperimentField::Id, text(Compare::Equal, "10"))]),
                ("experiment_id not in ('1', '02')", &[(ExperimentField::Id, one_of(&["1", "2"], true))]),
                ("creation_time > -5", &[(ExperimentField::CreatedAt, number(Compare::Greater, -5.0))]),
                ("last_update_time = 5", &[(ExperimentField::UpdatedAt, number(Compare::Equal, 5.0))]),
                ("tag.`a b` is null", &[(tag("a b"), Test::Present(false))]),
                ("tags.a != \"x\"", &[(tag("a"), text(Compare::NotEqual, "x"))]),
            ],
        );
    }

    #[test]
    fn invalid_filters_get_mlflows_message() {
        assert_messages(
            parse_experiment_filter,
            &[
                (
                    "attributes.name = 'x'",
                    "Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', \
              'tags')",
                ),
                (
                    "foo = 'x'",
                    "Invalid attribute key 'foo' specified. Valid keys are '{'name', 'experiment_id', \
              'creation_time', 'last_update_time'}'",
                ),
                (
                    "name like 'x'",
                    "Invalid comparator 'like' not one of '{'!=', '=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'}'",
                ),
                ("tags.a like 'x'", "Invalid comparator for tag: like"),
                ("experiment_id in ('1')", "Invalid comparator for experiment_id: in"),
                ("experiment_id LIKE '1'", "Invalid comparator for experiment_id: LIKE"),
                ("experiment_id = 'a'", "Invalid experiment ID 'a'. Experiment ID must be a valid integer."),
                ("creation_time > 1.5", "Invalid value for numeric attribute 'creation_time': '1.5'"),
                (
                    "name IN ('x')",
                    "Only ['experiment_id'] attributes support comparison with a list of quoted string \
              values.",
                ),
                ("name IS NULL", "IS NULL / IS NOT NULL is only supported for tags, not for attribute 'name'"),
            ],
        );
        // To MLflow's parser this is valid; its database then refuses it.
        assert!(parse_experiment_filter("experiment_id = ('1')").is_err());
    }

    #[test]
    fn orders_are_read() {
        let order = |clause: &str| parse_experiment_order(&[clause.to_owned()]);
        assert_eq!(order("experiment_id DESC").unwrap(), [Order { field: ExperimentField::Id, ascending: false }]);
        assert_eq!(order("tags.name").unwrap_err().message(), "Invalid order_by entity: tag");
    }
}
