//! Searches for model versions.
//!
//! Source: `SearchModelVersionUtils` in `utils/search_utils.py`, `_get_search_model_versions_filter_clauses` and
//! `_parse_search_model_versions_order_by` in `store/model_registry/sqlalchemy_store.py` of MLflow 3.17.2.

use trackside_core::{
    Error, Key, Result,
    query::{Compare, Filter, ModelVersionField, Order, Test},
};

use super::{
    condition::{Condition, Side, conditions},
    identifier::{self, Entity, set},
    order_by::{self, Clause},
    prompt, python,
    value::{self, LISTED, MATCHES, NUMERIC, Read, TEXTUAL, Value},
};

/// Attributes that a filter may name.
const SEARCHABLE: [&str; 4] = ["name", "run_id", "source_path", "version_number"];
/// Attributes that may be ordered by.
const ORDERABLE: [&str; 4] = ["name", "version_number", "creation_timestamp", "last_updated_timestamp"];
/// Attributes that are compared with a list.
const LISTS: [&str; 2] = ["name", "run_id"];

/// Parses the `filter` of `model-versions/search`. Versions of prompts are left out unless it asks for them.
pub fn parse_model_version_filter(filter: &str) -> Result<Filter<ModelVersionField>> {
    conjunction(filter).or_else(|refused| prompt::beyond(filter, refused, read, leaf, ModelVersionField::Tag))
}

fn conjunction(filter: &str) -> Result<Filter<ModelVersionField>> {
    let read = conditions(filter, false)?.iter().map(read).collect::<Result<Vec<_>>>()?;
    prompt::filter(read, leaf, ModelVersionField::Tag)
}

/// Parses the `order_by` of `model-versions/search`. The entity does not matter: `tags.name` orders by the name.
pub fn parse_model_version_order(order_by: &[String]) -> Result<Vec<Order<ModelVersionField>>> {
    let criterion = |text: &String| {
        let Clause { what, ascending } = order_by::parse(text)?;
        let field = match identifier::of_other(what.trim(), &ORDERABLE)?.1 {
            "name" => ModelVersionField::Model,
            "version_number" => ModelVersionField::Number,
            "creation_timestamp" => ModelVersionField::CreatedAt,
            "last_updated_timestamp" => ModelVersionField::UpdatedAt,
            other => {
                return Err(Error::invalid(format!(
                    "Invalid order by key '{other}' specified. Valid keys are {}",
                    set(&ORDERABLE)
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
    let value = if entity == Entity::Tag { value::tag_text(entity, side)? } else { attribute_value(key, side)? };
    Ok(Read { entity, key: key.to_owned(), comparator: condition.comparator.to_ascii_uppercase(), value })
}

/// A number may be quoted.
fn attribute_value(key: &str, side: Side<'_>) -> Result<Value> {
    match value::number(side) {
        Some(number) if key == "version_number" => Ok(number),
        Some(_) => Err(Error::invalid(
            "Only the '{'creation_timestamp', 'last_updated_timestamp', 'version_number'}' attributes support \
             comparison with numeric values.",
        )),
        None => value::attribute_text(key, side, &LISTS, "or a list of quoted string values for "),
    }
}

fn leaf(mut read: Read) -> Result<Filter<ModelVersionField>> {
    let comparator = read.comparator.as_str();
    let key = read.key.as_str();
    let invalid = |of: &str| Err(Error::invalid(format!("Invalid comparator for {of}: {comparator}")));
    let is_of = |comparators: &[&str]| comparators.contains(&comparator) || comparator == MATCHES;
    let field = match (read.entity, key) {
        (Entity::Tag, _) if !is_of(&TEXTUAL) => return invalid("tag"),
        (Entity::Tag, _) => ModelVersionField::Tag(Key::new(key)?),
        (_, "version_number") if !NUMERIC.contains(&comparator) => return invalid("attribute version_number"),
        (_, "version_number") => {
            read.value = version_number(read.value)?;
            ModelVersionField::Number
        }
        (_, _) if !is_of(&LISTED) => return invalid("attribute"),
        (_, "name") => ModelVersionField::Model,
        (_, "run_id") => ModelVersionField::Run,
        (_, _) => ModelVersionField::Source,
    };
    let test = read.test()?;
    Ok(if field == ModelVersionField::Run { of_run(test) } else { Filter::Field(field, test) })
}

/// A version without a run counts as one whose run is the empty text, which is what MLflow stores for it.
pub(super) fn of_run(test: Test) -> Filter<ModelVersionField> {
    let passes_empty = match &test {
        Test::Text(Compare::Equal, text) => text.is_empty(),
        Test::Text(Compare::NotEqual, text) => !text.is_empty(),
        Test::Like { pattern, .. } => pattern.chars().all(|c| c == '%'),
        Test::OneOf { values, negated } => values.iter().any(String::is_empty) != *negated,
        _ => false,
    };
    let named = Filter::Field(ModelVersionField::Run, test);
    if !passes_empty {
        return named;
    }
    Filter::Any(vec![named, Filter::Field(ModelVersionField::Run, Test::Present(false))])
}

fn version_number(value: Value) -> Result<Value> {
    let invalid =
        |shown: String| Error::invalid(format!("Invalid value for numeric attribute 'version_number': {shown}"));
    match value {
        Value::Number(number, false) => Err(invalid(format!("{number:?}"))),
        Value::Text(text) => {
            let number = python::integer(&text).and_then(|digits| digits.parse().ok());
            number.map(|number| Value::Number(number, true)).ok_or_else(|| invalid(python::text(&text)))
        }
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{
        examples::{assert_messages, like, number, one_of, text},
        prompt::tests::without_prompts,
    };

    #[test]
    fn valid_filters_mean_what_they_mean_to_mlflow() {
        for (filter, field, test) in [
            ("name = 'x'", ModelVersionField::Model, text(Compare::Equal, "x")),
            ("run_id in ('a')", ModelVersionField::Run, one_of(&["a"], false)),
            ("attribute.source_path ilike 'x'", ModelVersionField::Source, like("x", false)),
            ("version_number > 3", ModelVersionField::Number, number(Compare::Greater, 3.0)),
            ("version_number = ' 03 '", ModelVersionField::Number, number(Compare::Equal, 3.0)),
            ("tags.a.b = 'x'", ModelVersionField::Tag(Key::new("a.b").unwrap()), text(Compare::Equal, "x")),
        ] {
            assert_eq!(
                parse_model_version_filter(filter).expect(filter),
                without_prompts(vec![Filter::Field(field, test)], ModelVersionField::Tag)
            );
        }
    }

    #[test]
    fn a_version_without_a_run_counts_as_one_of_the_empty_run() {
        for (filter, missing_passes) in [
            ("run_id != 'x'", true),
            ("run_id != ''", false),
            ("run_id = ''", true),
            ("run_id = 'x'", false),
            ("run_id NOT IN ('x')", true),
            ("run_id NOT IN ('x', '')", false),
            ("run_id IN ('')", true),
            ("run_id LIKE '%'", true),
            ("run_id LIKE '_%'", false),
        ] {
            let parsed = parse_model_version_filter(filter).expect(filter);
            let absent = (&ModelVersionField::Run, &Test::Present(false));
            assert_eq!(parsed.fields().contains(&absent), missing_passes, "{filter}");
        }
    }

    #[test]
    fn invalid_filters_get_mlflows_message() {
        assert_messages(
            parse_model_version_filter,
            &[
                ("version = 3", "Invalid clause(s) in filter string: version, =, 3"),
                ("version_number = 3.5", "Invalid value for numeric attribute 'version_number': 3.5"),
                ("version_number = 'x'", "Invalid value for numeric attribute 'version_number': 'x'"),
                ("version_number like '3'", "Invalid comparator for attribute version_number: LIKE"),
                (
                    "name = 5",
                    "Only the '{'creation_timestamp', 'last_updated_timestamp', 'version_number'}' attributes \
              support comparison with numeric values.",
                ),
                (
                    "source_path IN ('a')",
                    "Only ['name', 'run_id'] attributes support comparison with a list of quoted \
              string values.",
                ),
                ("run_id > 'x'", "Invalid comparator for attribute: >"),
            ],
        );
    }

    #[test]
    fn orders_are_read_whatever_the_entity() {
        let order = |clause: &str| parse_model_version_order(&[clause.to_owned()]);
        assert_eq!(order("tags.name").unwrap(), [Order { field: ModelVersionField::Model, ascending: true }]);
        assert_eq!(
            order("version_number desc").unwrap(),
            [Order { field: ModelVersionField::Number, ascending: false }]
        );
        assert!(order("tags.foo").unwrap_err().message().starts_with("Invalid order by key 'foo' specified. Valid"));
        assert!(order("run_id").unwrap_err().message().starts_with("Invalid attribute key 'run_id' specified. Valid"));
    }
}
