//! Searches for evaluation datasets.
//!
//! Identifiers are taken as they stand: nothing is quoted, and tags have one prefix. Comparators must be written in
//! capitals; of lists there is only `IN`. Source: `SearchEvaluationDatasetsUtils` in `utils/search_utils.py` and
//! `_get_search_datasets_filter_clauses` in `store/tracking/sqlalchemy_store.py` of MLflow 3.17.2.

use trackside_core::{
    Error, Key, Result,
    query::{EvaluationDatasetField, Filter, Order},
};

use super::{
    condition::{Condition, conditions},
    identifier::{Entity, set},
    order_by::{self, Clause},
    value::{self, NUMERIC, Read, TEXTUAL, Value},
};

/// Attributes that may be searched.
const ATTRIBUTES: [&str; 5] = ["name", "created_time", "last_update_time", "created_by", "last_updated_by"];
/// Attributes that may be ordered by.
const ORDERED: [&str; 3] = ["name", "created_time", "last_update_time"];
/// Attributes that are compared with a list.
const LISTS: [&str; 1] = ["name"];

/// Parses the `filter_string` of `datasets/search`. The empty text is the filter that every dataset passes.
pub fn parse_evaluation_dataset_filter(filter: &str) -> Result<Filter<EvaluationDatasetField>> {
    let read = conditions(filter, false)?.iter().map(read).collect::<Result<Vec<_>>>()?;
    read.into_iter().map(leaf).collect::<Result<_>>().map(Filter::All)
}

/// Parses the `order_by` of `datasets/search`. A field may come twice; the second time it decides nothing.
pub fn parse_evaluation_dataset_order(order_by: &[String]) -> Result<Vec<Order<EvaluationDatasetField>>> {
    let order = order_by.iter().map(|text| {
        let Clause { what, ascending } = order_by::parse(text)?;
        match identifier(what.trim(), &ORDERED)? {
            (Entity::Attribute, key) => Ok(Order { field: attribute(key), ascending }),
            (entity, _) => Err(Error::invalid(format!("Invalid order_by entity: {}", entity.as_str()))),
        }
    });
    order.collect()
}

fn identifier<'a>(identifier: &'a str, attributes: &[&str]) -> Result<(Entity, &'a str)> {
    match identifier.split_once('.') {
        None if attributes.contains(&identifier) => Ok((Entity::Attribute, identifier)),
        None => Err(Error::invalid(format!(
            "Invalid attribute key '{identifier}' specified. Valid keys are: {}",
            set(attributes)
        ))),
        Some(("tags", key)) => Ok((Entity::Tag, key)),
        Some((other, _)) => Err(Error::invalid(format!("Invalid identifier token '{other}' specified"))),
    }
}

fn attribute(key: &str) -> EvaluationDatasetField {
    match key {
        "name" => EvaluationDatasetField::Name,
        "created_time" => EvaluationDatasetField::CreatedAt,
        "last_update_time" => EvaluationDatasetField::UpdatedAt,
        "created_by" => EvaluationDatasetField::CreatedBy,
        _ => EvaluationDatasetField::UpdatedBy,
    }
}

fn is_numeric(key: &str) -> bool {
    matches!(key, "created_time" | "last_update_time")
}

fn read(condition: &Condition<'_>) -> Result<Read> {
    let (entity, key) = identifier(condition.identifier()?, &ATTRIBUTES)?;
    let value = match (condition.right, entity) {
        (None, Entity::Tag) => Value::Nothing,
        (None, _) => {
            return Err(Error::invalid(format!(
                "IS NULL / IS NOT NULL is only supported for tags and params, not for 'attribute' '{key}'"
            )));
        }
        (Some(side), Entity::Tag) => value::tag_text(entity, side)?,
        (Some(side), _) if is_numeric(key) => value::attribute_number(key, side)?,
        (Some(side), _) => value::attribute_text(key, side, &LISTS, "for ")?,
    };
    if matches!(value, Value::Texts(_)) && condition.comparator != "IN" {
        return Err(Error::invalid("List values for 'name' are only supported with the IN comparator."));
    }
    Ok(Read { entity, key: key.to_owned(), comparator: condition.comparator.to_owned(), value })
}

fn leaf(read: Read) -> Result<Filter<EvaluationDatasetField>> {
    let comparator = read.comparator.as_str();
    let invalid = |what: &str| Err(Error::invalid(format!("Invalid comparator for {what}: {comparator}")));
    let field = match (read.entity, read.key.as_str()) {
        (Entity::Attribute, key) if is_numeric(key) => {
            if !NUMERIC.contains(&comparator) {
                return invalid("numeric attribute");
            }
            if let Value::Number(number, false) = read.value {
                return Err(Error::invalid(format!("Invalid value for numeric attribute '{key}': '{number:?}'")));
            }
            attribute(key)
        }
        (Entity::Attribute, key) => {
            // Texts have an order there, though no list of comparators says so.
            if !TEXTUAL.contains(&comparator) && !NUMERIC.contains(&comparator) && comparator != "IN" {
                return invalid("string attribute");
            }
            attribute(key)
        }
        _ if !TEXTUAL.contains(&comparator) => return invalid("tag"),
        (_, key) => EvaluationDatasetField::Tag(Key::new(key)?),
    };
    Ok(Filter::Field(field, read.test()?))
}

#[cfg(test)]
mod tests {
    use trackside_core::query::Compare;

    use super::*;
    use crate::search::examples::{assert_messages, assert_trees, like, number, one_of, text};

    #[test]
    fn valid_filters_mean_what_they_mean_to_mlflow() {
        let tag = |key: &str| EvaluationDatasetField::Tag(Key::new(key).unwrap());
        assert_trees(
            parse_evaluation_dataset_filter,
            &[
                ("", &[]),
                ("name = 'x'", &[(EvaluationDatasetField::Name, text(Compare::Equal, "x"))]),
                ("name > \"x\"", &[(EvaluationDatasetField::Name, text(Compare::Greater, "x"))]),
                ("name LIKE 'x%'", &[(EvaluationDatasetField::Name, like("x%", true))]),
                ("name IN ('a' 'b', 'c',)", &[(EvaluationDatasetField::Name, one_of(&["ab", "c"], false))]),
                (
                    "created_by ILIKE 'x' and last_updated_by != 'y'",
                    &[
                        (EvaluationDatasetField::CreatedBy, like("x", false)),
                        (EvaluationDatasetField::UpdatedBy, text(Compare::NotEqual, "y")),
                    ],
                ),
                ("created_time > -5", &[(EvaluationDatasetField::CreatedAt, number(Compare::Greater, -5.0))]),
                ("last_update_time = 5", &[(EvaluationDatasetField::UpdatedAt, number(Compare::Equal, 5.0))]),
                ("tags.a.b = 'x'", &[(tag("a.b"), text(Compare::Equal, "x"))]),
                ("tags.`a` = 'x'", &[(tag("`a`"), text(Compare::Equal, "x"))]),
            ],
        );
    }

    #[test]
    fn invalid_filters_get_mlflows_message() {
        assert_messages(
            parse_evaluation_dataset_filter,
            &[
                ("name in ('x')", "List values for 'name' are only supported with the IN comparator."),
                ("name NOT IN ('x')", "List values for 'name' are only supported with the IN comparator."),
                ("name = ('x')", "List values for 'name' are only supported with the IN comparator."),
                (
                    "created_by IN ('x')",
                    "Only ['name'] attributes support comparison with a list of quoted string values.",
                ),
                ("tag.k = 'v'", "Invalid identifier token 'tag' specified"),
                ("attributes.name = 'v'", "Invalid identifier token 'attributes' specified"),
                (
                    "`name` = 'x'",
                    "Invalid attribute key '`name`' specified. Valid keys are: {'name', 'created_time', \
                     'last_update_time', 'created_by', 'last_updated_by'}",
                ),
                ("tags.k > 'v'", "Invalid comparator for tag: >"),
                ("tags.k IS NULL", "Invalid comparator for tag: IS NULL"),
                (
                    "name IS NULL",
                    "IS NULL / IS NOT NULL is only supported for tags and params, not for 'attribute' 'name'",
                ),
                ("created_time > 1.5", "Invalid value for numeric attribute 'created_time': '1.5'"),
                ("created_time LIKE 5", "Invalid comparator for numeric attribute: LIKE"),
                ("created_time = '5'", "Expected numeric value type for numeric attribute: created_time. Found '5'"),
                ("name = 5", "Expected a quoted string value for attributes. Got value 5"),
                ("tags.k = 5", "Expected a quoted string value for tag (e.g. 'my-value'). Got value 5"),
                // An internal error in MLflow.
                ("name like 'x'", "Invalid comparator for string attribute: like"),
            ],
        );
    }

    #[test]
    fn orders_are_read() {
        let order = |clause: &str| {
            parse_evaluation_dataset_order(&[clause.to_owned()]).map_err(|error| error.message().to_owned())
        };
        let name = |ascending| Ok(vec![Order { field: EvaluationDatasetField::Name, ascending }]);
        assert_eq!(order("name"), name(true));
        assert_eq!(order("name desc"), name(false));
        assert_eq!(order("tags.k"), Err("Invalid order_by entity: tag".to_owned()));
        assert_eq!(
            order("created_by"),
            Err("Invalid attribute key 'created_by' specified. Valid keys are: {'name', 'created_time', \
                 'last_update_time'}"
                .to_owned())
        );
    }
}
