//! Searches for runs.
//!
//! Source: `SearchUtils` in `utils/search_utils.py` and `_get_sqlalchemy_filter_clauses` in
//! `store/tracking/sqlalchemy_store.py` of MLflow 3.17.2.

use trackside_core::{
    Error, Key, Result,
    query::{DatasetField, Filter, Order, RunField},
};

use super::{
    condition::{Condition, clauses, conditions},
    identifier::{self, Entity, set},
    literal::{quoted_text, some_texts},
    order_by::{self, Clause},
    token::Kind,
    tree,
    value::{self, LISTED, MATCHES, NUMERIC, OPTIONAL, Read, Value},
};

/// Attributes that a filter may name.
const SEARCHABLE: [&str; 12] = [
    "run_id",
    "run_name",
    "user_id",
    "status",
    "artifact_uri",
    "start_time",
    "end_time",
    "created",
    "Created",
    "run name",
    "Run name",
    "Run Name",
];
/// Attributes that may be ordered by: the first nine.
const ORDERABLE: &[&str] = SEARCHABLE.split_at(9).0;
/// Attributes that are compared with a list.
const LISTS: [&str; 1] = ["run_id"];

/// Parses the `filter` of `runs/search`. The empty text is the filter that every run passes.
pub fn parse_run_filter(filter: &str) -> Result<Filter<RunField>> {
    conjunction(filter).or_else(|refused| tree::beyond(filter, refused, clauses, |condition| leaf(read(condition)?)))
}

fn conjunction(filter: &str) -> Result<Filter<RunField>> {
    let read = conditions(filter, true)?.iter().map(read).collect::<Result<Vec<_>>>()?;
    read.into_iter().map(leaf).collect::<Result<_>>().map(Filter::All)
}

/// Parses the `order_by` of `runs/search`.
pub fn parse_run_order(order_by: &[String]) -> Result<Vec<Order<RunField>>> {
    let criterion = |text: &String| {
        let Clause { what, ascending } = order_by::parse(text)?;
        match identifier::of_run(what.trim(), ORDERABLE)? {
            (Entity::Dataset, _) => Err(Error::invalid("Invalid identifier type 'dataset'")),
            (entity, key) => Ok(Order { field: field(entity, key)?, ascending }),
        }
    };
    order_by::distinct(order_by.iter().map(criterion).collect::<Result<_>>()?, order_by)
}

fn is_numeric(key: &str) -> bool {
    matches!(key, "start_time" | "end_time" | "created" | "Created")
}

fn field(entity: Entity, key: &str) -> Result<RunField> {
    Ok(match (entity, key) {
        (Entity::Metric, key) => RunField::Metric(Key::new(key)?),
        (Entity::Param, key) => RunField::Param(Key::new(key)?),
        (Entity::Tag, key) => RunField::Tag(Key::new(key)?),
        (Entity::Dataset, "name") => RunField::Dataset(DatasetField::Name),
        (Entity::Dataset, "digest") => RunField::Dataset(DatasetField::Digest),
        (Entity::Dataset, _) => RunField::Dataset(DatasetField::Context),
        (Entity::Attribute, "run_id") => RunField::Id,
        (Entity::Attribute, "user_id") => RunField::User,
        (Entity::Attribute, "status") => RunField::Status,
        (Entity::Attribute, "artifact_uri") => RunField::ArtifactUri,
        (Entity::Attribute, "start_time" | "created" | "Created") => RunField::StartedAt,
        (Entity::Attribute, "end_time") => RunField::EndedAt,
        (Entity::Attribute, _) => RunField::Name,
    })
}

fn read(condition: &Condition<'_>) -> Result<Read> {
    let (entity, key) = identifier::of_run(condition.identifier()?, &SEARCHABLE)?;
    let value = match (condition.right, entity) {
        // MLflow has it for tags and params alone.
        (None, Entity::Tag | Entity::Param | Entity::Metric) => Value::Nothing,
        (None, Entity::Attribute) if key == "end_time" => Value::Nothing,
        (None, _) => {
            return Err(Error::invalid(format!(
                "IS NULL / IS NOT NULL is only supported for tags and params, not for '{}' '{key}'",
                entity.as_str()
            )));
        }
        (Some(side), Entity::Metric) => value::number(side)
            .ok_or_else(|| Error::invalid(format!("Expected numeric value type for metric. Found {}", side.text)))?,
        (Some(side), Entity::Param | Entity::Tag) => match value::number(side) {
            Some(number) if is_numeric_param(entity, condition.comparator) => number,
            _ => value::tag_text(entity, side)?,
        },
        (Some(side), Entity::Attribute) if is_numeric(key) => value::attribute_number(key, side)?,
        (Some(side), Entity::Attribute) => value::attribute_text(key, side, &LISTS, "for ")?,
        (Some(side), Entity::Dataset) if side.kind == Kind::Parenthesis => Value::Texts(some_texts(side.text)?),
        (Some(side), Entity::Dataset) => Value::Text(quoted_text(side).ok_or_else(|| {
            Error::invalid(format!("Expected a quoted string value for dataset attributes. Got value {}", side.text))
        })??),
    };
    Ok(Read { entity, key: key.to_owned(), comparator: condition.comparator.to_ascii_uppercase(), value })
}

/// Beyond MLflow's grammar: a param that is a number, compared with one.
fn is_numeric_param(entity: Entity, comparator: &str) -> bool {
    entity == Entity::Param && NUMERIC.contains(&comparator)
}

/// What MLflow has no comparator for: numbers in params, whether there is a metric or an end, regular expressions.
fn is_beyond(read: &Read) -> bool {
    match read.value {
        Value::Nothing => matches!(read.entity, Entity::Metric | Entity::Attribute),
        Value::Number(..) => read.entity == Entity::Param,
        Value::Text(_) => read.comparator == MATCHES,
        Value::Texts(_) => false,
    }
}

fn leaf(read: Read) -> Result<Filter<RunField>> {
    let numeric = is_numeric(&read.key);
    // The last of these names the wrong comparators and some lack a quote: so do MLflow's messages.
    let (valid, named, quote) = match read.entity {
        Entity::Metric => (NUMERIC, NUMERIC, ""),
        Entity::Param => (OPTIONAL, OPTIONAL, "'"),
        Entity::Tag => (OPTIONAL, OPTIONAL, ""),
        Entity::Dataset => (LISTED, LISTED, ""),
        Entity::Attribute if !numeric => (LISTED, LISTED, "'"),
        Entity::Attribute => (NUMERIC, LISTED, ""),
    };
    if !valid.contains(&read.comparator.as_str()) && !is_beyond(&read) {
        return Err(Error::invalid(format!(
            "Invalid comparator '{}' not one of '{}{quote}",
            read.comparator,
            set(&named)
        )));
    }
    Ok(Filter::Field(field(read.entity, &read.key)?, read.test()?))
}

#[cfg(test)]
mod tests {
    use trackside_core::query::{Compare, Test};

    use super::*;
    use crate::search::examples::{assert_messages, assert_trees, like, number, one_of, text};

    fn param(key: &str) -> RunField {
        RunField::Param(Key::new(key).unwrap())
    }

    fn metric(key: &str) -> RunField {
        RunField::Metric(Key::new(key).unwrap())
    }

    #[test]
    fn valid_filters_mean_what_they_mean_to_mlflow() {
        let tag = |key: &str| RunField::Tag(Key::new(key).unwrap());
        let x = || text(Compare::Equal, "x");
        assert_trees(
            parse_run_filter,
            &[
                ("", &[]),
                ("AND", &[]),
                ("params.a = 'x'", &[(param("a"), x())]),
                ("parameter.a = \"x\"", &[(param("a"), x())]),
                ("`params`.`a` = 'x'", &[(param("a"), x())]),
                ("params.a = 'x' AND params.b = 'x'", &[(param("a"), x()), (param("b"), x())]),
                ("and params.a = 'x' params.b = 'x' AND", &[(param("a"), x()), (param("b"), x())]),
                ("params.a.b.c='x'", &[(param("a.b.c"), x())]),
                ("params.\"a b\" = 'x'", &[(param("a b"), x())]),
                ("params.order = 'x'", &[(param("order"), x())]),
                ("params. = 'x'", &[(param(""), x())]),
                ("params. a = 'x'", &[(param(" a"), x())]),
                ("params.a = 'it''s'", &[(param("a"), text(Compare::Equal, "it''s"))]),
                (r"params.a = 'it\'s'", &[(param("a"), text(Compare::Equal, r"it\'s"))]),
                ("params.a like '%x_'", &[(param("a"), like("%x_", true))]),
                ("params.a IlIkE '%x_'", &[(param("a"), like("%x_", false))]),
                (
                    "tags.a IS NULL tags.a is\tnot null",
                    &[(tag("a"), Test::Present(false)), (tag("a"), Test::Present(true))],
                ),
                ("tags.a b IS NULL", &[(tag("a b"), Test::Present(false))]),
                ("params.a >= 0.5", &[(param("a"), number(Compare::GreaterOrEqual, 0.5))]),
                ("params.a = 1", &[(param("a"), number(Compare::Equal, 1.0))]),
                ("metrics.a IS NULL", &[(metric("a"), Test::Present(false))]),
                ("end_time is not null", &[(RunField::EndedAt, Test::Present(true))]),
                ("params.a rlike '^x'", &[(param("a"), Test::Matches("^x".to_owned()))]),
                ("status RLIKE 'x|y'", &[(RunField::Status, Test::Matches("x|y".to_owned()))]),
                ("metrics.a>-.5", &[(metric("a"), number(Compare::Greater, -0.5))]),
                ("metric.1x <= 5.", &[(metric("1x"), number(Compare::LessOrEqual, 5.0))]),
                ("metrics.a != 1e3", &[(metric("a"), number(Compare::NotEqual, 1000.0))]),
                ("metrics.a < 1e999", &[(metric("a"), number(Compare::Less, f64::INFINITY))]),
                ("status != 'x'", &[(RunField::Status, text(Compare::NotEqual, "x"))]),
                ("run.`run name` = 'x'", &[(RunField::Name, x())]),
                ("\"Run Name\" = 'x'", &[(RunField::Name, x())]),
                ("attr.user_id = 'x'", &[(RunField::User, x())]),
                ("attribute.artifact_uri = 'x'", &[(RunField::ArtifactUri, x())]),
                ("attributes.Created >= 1.5", &[(RunField::StartedAt, number(Compare::GreaterOrEqual, 1.5))]),
                ("end_time = 7", &[(RunField::EndedAt, number(Compare::Equal, 7.0))]),
                ("run_id IN ('a', \"b\",)", &[(RunField::Id, one_of(&["a", "b"], false))]),
                ("run_id not in('a')", &[(RunField::Id, one_of(&["a"], true))]),
                ("dataset.name = 'x'", &[(RunField::Dataset(DatasetField::Name), x())]),
                ("datasets.digest NOT IN ('a')", &[(RunField::Dataset(DatasetField::Digest), one_of(&["a"], true))]),
                ("dataset.context ilike 'x'", &[(RunField::Dataset(DatasetField::Context), like("x", false))]),
            ],
        );
    }

    #[test]
    fn invalid_filters_get_mlflows_message() {
        const CLAUSES: &str = "Invalid clause(s) in filter string: ";
        assert_messages(
            parse_run_filter,
            &[
                ("  ", "Invalid filter '  '. Could not be parsed."),
                ("params.a = 'x' b", &format!("{CLAUSES}'params.a = 'x' b'")),
                ("params.a = 'x', params.b = 'y'", &format!("{CLAUSES}'params.a = 'x', params.b = 'y''")),
                ("params.a = 'x", &format!("{CLAUSES}'params.a', '=', ''', 'x'")),
                ("params.a =", &format!("{CLAUSES}'params.a', '='")),
                ("params.in = 'x'", &format!("{CLAUSES}'params.', 'in', '=', ''x''")),
                ("tags.a IS NOT  NULL", &format!("{CLAUSES}'tags.a', 'IS', 'NOT  NULL'")),
                ("metrics.a > +1", &format!("{CLAUSES}'metrics.a', '>', '+', '1'")),
                ("status = 'x';", &format!("{CLAUSES}';'")),
                (
                    "a = 'x'; b = 'y'",
                    "Search filter contained multiple expression \"a = 'x'; b = 'y'\". Provide AND-ed \
              expression list.",
                ),
                ("1 = 1", "Invalid comparison clause. Expected 'Identifier' found '1'"),
                ("metrics.a-b > 1", "Invalid comparison clause. Expected 'Identifier' found 'metrics.a-b'"),
                (
                    "foo.a = 'x'",
                    "Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', \
              'dataset']",
                ),
                (
                    "dataset.foo = 'x'",
                    "Invalid dataset key 'foo' specified. Valid keys are '{'name', 'digest', \
              'context'}'",
                ),
                ("metrics.a > '1'", "Expected numeric value type for metric. Found '1'"),
                ("end_time > '1'", "Expected numeric value type for numeric attribute: end_time. Found '1'"),
                ("params.a like 1", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1"),
                ("tags.a IN ('x')", "Expected a quoted string value for tag (e.g. 'my-value'). Got value ('x')"),
                ("user_id = 5", "Expected a quoted string value for attributes. Got value 5"),
                (
                    "params.a = x",
                    "Parameter value is either not quoted or unidentified quote types used for string value \
              x. Use either single or double quotes.",
                ),
                (
                    "status IN ('x')",
                    "Only ['run_id'] attributes support comparison with a list of quoted string values.",
                ),
                (
                    "run_id IN (1)",
                    "While parsing a list in the query, expected string value, punctuation, or whitespace, \
              but got different type in list: (1,)",
                ),
                (
                    "status IS NULL",
                    "IS NULL / IS NOT NULL is only supported for tags and params, not for 'attribute' 'status'",
                ),
                ("metrics.a RLIKE 'x'", "Expected numeric value type for metric. Found 'x'"),
                ("status > 'x'", "Invalid comparator '>' not one of '{'!=', '=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'}'"),
                ("metrics.a like 1", "Invalid comparator 'LIKE' not one of '{'>', '>=', '!=', '=', '<', '<='}"),
            ],
        );
    }

    #[test]
    fn orders_are_read_and_fields_must_differ() {
        let order = |clauses: &[&str]| {
            let clauses: Vec<_> = clauses.iter().map(|clause| (*clause).to_owned()).collect();
            parse_run_order(&clauses).map_err(|error| error.message().to_owned())
        };
        assert_eq!(
            order(&["metrics.`a b` DESC", "attribute.created", "`run_id` asc"]).unwrap(),
            [(metric("a b"), false), (RunField::StartedAt, true), (RunField::Id, true)]
                .map(|(field, ascending)| Order { field, ascending })
        );
        assert_eq!(order(&["dataset.name"]).unwrap_err(), "Invalid identifier type 'dataset'");
        assert_eq!(
            order(&["start_time", "created DESC"]).unwrap_err(),
            "`order_by` contains duplicate fields: ['start_time', 'created DESC']"
        );
        assert!(order(&["`run name` DESC"]).unwrap_err().starts_with("Invalid attribute key 'run name' specified."));
    }
}
