//! Searches for registered models.
//!
//! Source: `SearchModelUtils` in `utils/search_utils.py`, `_get_search_registered_model_filter_query` and
//! `_parse_search_registered_models_order_by` in `store/model_registry/sqlalchemy_store.py` of MLflow 3.17.2.

use trackside_core::{
    Error, Key, Result,
    query::{Filter, Order, RegisteredModelField},
};

use super::{
    condition::{Condition, conditions},
    identifier::{self, Entity},
    order_by::{self, Clause},
    prompt,
    value::{self, LISTED, MATCHES, Read, TEXTUAL},
};

/// Attributes that a filter may name; all are compared with lists as well.
const SEARCHABLE: [&str; 1] = ["name"];

/// Parses the `filter` of `registered-models/search`. Prompts are left out unless it asks for them.
pub fn parse_registered_model_filter(filter: &str) -> Result<Filter<RegisteredModelField>> {
    conjunction(filter).or_else(|refused| prompt::beyond(filter, refused, read, leaf, RegisteredModelField::Tag))
}

fn conjunction(filter: &str) -> Result<Filter<RegisteredModelField>> {
    let read = conditions(filter, false)?.iter().map(read).collect::<Result<Vec<_>>>()?;
    prompt::filter(read, leaf, RegisteredModelField::Tag)
}

/// Parses the `order_by` of `registered-models/search`.
pub fn parse_registered_model_order(order_by: &[String]) -> Result<Vec<Order<RegisteredModelField>>> {
    let criterion = |text: &String| {
        let Clause { what, ascending } = order_by::parse(text)?;
        let field = match what.trim() {
            "name" => RegisteredModelField::Name,
            "timestamp" | "last_updated_timestamp" => RegisteredModelField::UpdatedAt,
            other => {
                return Err(Error::invalid(format!(
                    "Invalid order by key '{other}' specified. Valid keys are '{{'name', 'timestamp'}}'"
                )));
            }
        };
        Ok(Order { field, ascending })
    };
    order_by::distinct(order_by.iter().map(criterion).collect::<Result<_>>()?, order_by)
}

fn read(condition: &Condition<'_>) -> Result<Read> {
    let (identifier, side) = condition.sides()?;
    let (entity, key) = identifier::of_registry(identifier, &SEARCHABLE)?;
    let value = match entity {
        Entity::Tag => value::tag_text(entity, side)?,
        _ => value::attribute_text(key, side, &SEARCHABLE, "or a list of quoted string values for ")?,
    };
    Ok(Read { entity, key: key.to_owned(), comparator: condition.comparator.to_ascii_uppercase(), value })
}

fn leaf(read: Read) -> Result<Filter<RegisteredModelField>> {
    let comparator = read.comparator.as_str();
    let field = match read.entity {
        Entity::Tag if TEXTUAL.contains(&comparator) || comparator == MATCHES => {
            RegisteredModelField::Tag(Key::new(read.key.as_str())?)
        }
        Entity::Attribute if LISTED.contains(&comparator) || comparator == MATCHES => RegisteredModelField::Name,
        entity => {
            return Err(Error::invalid(format!("Invalid comparator for {}: {comparator}", entity.as_str())));
        }
    };
    Ok(Filter::Field(field, read.test()?))
}

#[cfg(test)]
mod tests {
    use trackside_core::query::Compare;

    use super::*;
    use crate::search::{
        examples::{assert_messages, like, one_of, text},
        prompt::tests::without_prompts,
    };

    #[test]
    fn valid_filters_mean_what_they_mean_to_mlflow() {
        let tag = || RegisteredModelField::Tag(Key::new("a").unwrap());
        for (filter, field, test) in [
            ("name like 'x'", RegisteredModelField::Name, like("x", true)),
            ("attribute.name not in ('a' 'b', 'c')", RegisteredModelField::Name, one_of(&["ab", "c"], true)),
            ("tag.`a` != \"x\"", tag(), text(Compare::NotEqual, "x")),
        ] {
            assert_eq!(
                parse_registered_model_filter(filter).expect(filter),
                without_prompts(vec![Filter::Field(field, test)], RegisteredModelField::Tag)
            );
        }
    }

    #[test]
    fn invalid_filters_get_mlflows_message() {
        assert_messages(
            parse_registered_model_filter,
            &[
                ("`name` = 'x'", "Invalid attribute key '`name`' specified. Valid keys are '{'name'}'"),
                (
                    "name = 5",
                    "Expected a quoted string value or a list of quoted string values for attributes. Got value \
              5",
                ),
                ("name > 'a'", "Invalid comparator for attribute: >"),
                ("tags.a > 'a'", "Invalid comparator for tag: >"),
                (
                    "name IN ()",
                    "While parsing a list in the query, expected a non-empty list of string values, but got \
              empty list",
                ),
                ("name IN ('a'", "Invalid clause(s) in filter string: name, IN, (, 'a'"),
                // An internal error in MLflow.
                ("tags.a IS NULL", "Invalid comparison clause. Expected 3 tokens found 2"),
            ],
        );
    }

    #[test]
    fn orders_are_read_and_fields_must_differ() {
        let order = |clauses: &[&str]| {
            let clauses: Vec<_> = clauses.iter().map(|clause| (*clause).to_owned()).collect();
            parse_registered_model_order(&clauses).map_err(|error| error.message().to_owned())
        };
        assert_eq!(
            order(&["timestamp DESC", "`name` ASC"]).unwrap(),
            [(RegisteredModelField::UpdatedAt, false), (RegisteredModelField::Name, true)]
                .map(|(field, ascending)| Order { field, ascending })
        );
        assert_eq!(
            order(&["timestamp", "last_updated_timestamp"]).unwrap_err(),
            "`order_by` contains duplicate fields: ['timestamp', 'last_updated_timestamp']"
        );
        assert_eq!(
            order(&["creation_timestamp"]).unwrap_err(),
            "Invalid order by key 'creation_timestamp' specified. Valid keys are '{'name', 'timestamp'}'"
        );
    }
}
