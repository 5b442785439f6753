//! Searches for logged models, which have a grammar of their own on the same words and phrases.
//!
//! Entities are plural and in small letters, values may stand without quotes, and there is no `IS NULL`.
//! Source: `utils/search_logged_model_utils.py` and `_apply_filter_string_datasets_search_logged_models` in
//! `store/tracking/sqlalchemy_store.py` of MLflow 3.17.2.
//!
//! Where that parser and MLflow's other one for the same search (`SearchLoggedModelsUtils`, used with files) differ
//! and the first one finds nothing, the second is followed: double quotes around keys and values are removed,
//! `status` is compared by name, `attributes.creation_time` is known, a dataset without digest is any of that name.

use trackside_core::{
    Error, ErrorKind, Key, LoggedModelStatus, Result,
    query::{Filter, LoggedModelField, Order, Test},
};

use super::{
    condition::{self, Clause, Condition, Unreadable},
    literal::{texts, unquoted},
    python, tree,
    value::{self, Value},
};

/// Comparators of metrics and times.
const NUMERIC: [&str; 6] = ["<", "<=", ">", ">=", "=", "!="];
/// Comparators of everything else.
const TEXTUAL: [&str; 6] = ["=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"];

/// Most conditions times datasets, for every condition on a metric holds all datasets.
const MAX_NARROWED: usize = 100_000;

/// A dataset that metrics were measured on: its name, and its digest if that matters.
pub type MeasuredOn = (String, Option<String>);

/// An item of `order_by` in `logged-models/search`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoggedModelOrder {
    /// An attribute, or `metrics.` and a key.
    pub field_name: String,
    /// Smallest first.
    pub ascending: bool,
    /// For a metric: only points measured on a dataset of that name.
    pub dataset_name: Option<String>,
    /// Likewise, with the name: only on that digest.
    pub dataset_digest: Option<String>,
}

/// Parses the `filter` of `logged-models/search`; `datasets` narrows its conditions on metrics.
///
/// Datasets without a condition on a metric ask for models with any metric on them, which core's tree cannot say yet:
/// that is `Unsupported`.
pub fn parse_logged_model_filter(filter: &str, datasets: &[MeasuredOn]) -> Result<Filter<LoggedModelField>> {
    if datasets.iter().any(|(name, _)| name.is_empty()) {
        return Err(Error::invalid("`dataset_name` in the `datasets` clause must be specified."));
    }
    conjunction(filter, datasets).or_else(|refused| {
        // Disjunctions and negations do not say for which metric the datasets are meant.
        if !datasets.is_empty() {
            return Err(refused);
        }
        tree::beyond(filter, refused, condition::clauses, |condition| leaf(read(condition)?, datasets))
    })
}

fn conjunction(filter: &str, datasets: &[MeasuredOn]) -> Result<Filter<LoggedModelField>> {
    let clauses = if filter.is_empty() { Vec::new() } else { clauses(filter)? };
    let mut conditions = Vec::with_capacity(clauses.len());
    for clause in clauses {
        match clause {
            Clause::Condition(condition) => conditions.push(read(&condition)?),
            Clause::And => {}
            Clause::Other(_) => {
                return Err(Error::invalid(format!(
                    "Invalid filter string: {}. Expected a list of comparisons separated by 'AND' \
                     (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').",
                    python::text(filter)
                )));
            }
        }
    }
    if !datasets.is_empty() && !conditions.iter().any(|condition| condition.entity == "metrics") {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "searching logged models by datasets needs a condition on a metric in the filter",
        ));
    }
    if conditions.len().saturating_mul(datasets.len()) > MAX_NARROWED {
        return Err(Error::invalid("Invalid filter: too many conditions for so many datasets."));
    }
    conditions.into_iter().map(|condition| leaf(condition, datasets)).collect::<Result<_>>().map(Filter::All)
}

/// Parses the `order_by` of `logged-models/search`.
pub fn parse_logged_model_order(order_by: &[LoggedModelOrder]) -> Result<Vec<Order<LoggedModelField>>> {
    order_by.iter().map(|item| Ok(Order { field: ordered(item)?, ascending: item.ascending })).collect()
}

fn ordered(item: &LoggedModelOrder) -> Result<LoggedModelField> {
    let name = item.field_name.as_str();
    let invalid = |why: &str| Error::invalid(format!("Invalid order by field name: {name}{why}"));
    match name.split_once('.') {
        None => attribute(name).ok_or_else(|| invalid("")),
        Some(("metrics", key)) => {
            let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
            let datasets = match (given(&item.dataset_name), given(&item.dataset_digest)) {
                (Some(name), digest) => vec![(name, digest)],
                (None, None) => Vec::new(),
                (None, Some(_)) => {
                    return Err(Error::invalid(
                        "`dataset_digest` can only be specified if `dataset_name` is also specified.",
                    ));
                }
            };
            Ok(LoggedModelField::Metric { key: Key::new(key)?, datasets })
        }
        Some(_) => Err(invalid(". Only metrics are supported.")),
    }
}

fn attribute(name: &str) -> Option<LoggedModelField> {
    Some(match name {
        "model_id" => LoggedModelField::Id,
        "name" => LoggedModelField::Name,
        "model_type" => LoggedModelField::Type,
        "status" => LoggedModelField::Status,
        "source_run_id" => LoggedModelField::SourceRun,
        "creation_time" | "creation_timestamp" | "creation_timestamp_ms" => LoggedModelField::CreatedAt,
        "last_updated_timestamp" | "last_updated_timestamp_ms" => LoggedModelField::UpdatedAt,
        _ => return None,
    })
}

fn clauses(filter: &str) -> Result<Vec<Clause<'_>>> {
    condition::clauses(filter).map_err(|unreadable| match unreadable {
        Unreadable::TooLong => condition::too_long(),
        Unreadable::Blank | Unreadable::Several => Error::invalid(format!(
            "Invalid filter string: {}. Expected a single SQL expression.",
            python::text(filter)
        )),
    })
}

/// A condition whose comparator and value have been checked. Whether the attribute exists is yet to be seen: MLflow
/// learns that from its database, after all else.
struct Read<'a> {
    entity: &'a str,
    key: &'a str,
    test: Test,
}

fn read<'a>(condition: &Condition<'a>) -> Result<Read<'a>> {
    let left = condition.left.text;
    let Some(right) = condition.right else {
        // MLflow, too, runs the two words together here.
        return Err(Error::invalid(format!(
            "Invalid comparison: {left}{}. Expected a comparison with 3 tokens.",
            condition.comparator
        )));
    };
    let (entity, key) = entity(left)?;
    let numeric = match entity {
        "attributes" => matches!(attribute(key), Some(LoggedModelField::CreatedAt | LoggedModelField::UpdatedAt)),
        _ => entity == "metrics",
    };
    let comparator = condition.comparator.to_ascii_uppercase();
    let valid = if numeric { NUMERIC } else { TEXTUAL };
    if !valid.contains(&comparator.as_str()) {
        let valid = valid.map(|comparator| format!("'{comparator}'")).join(", ");
        return Err(Error::invalid(format!(
            "Invalid comparison operator for {entity}.{key}: {}. Expected one of ({valid}).",
            python::text(&comparator)
        )));
    }
    let value = if numeric { number(right.text)? } else { text(right.text)? };
    let test = value::test(&comparator, value).ok_or_else(|| {
        Error::invalid(format!("Invalid comparison: {left} {comparator} {}. Expected one value.", right.text))
    })?;
    Ok(Read { entity, key, test })
}

fn leaf(read: Read<'_>, datasets: &[MeasuredOn]) -> Result<Filter<LoggedModelField>> {
    let Read { entity, key, mut test } = read;
    let field = match entity {
        "metrics" => LoggedModelField::Metric { key: key_of(key)?, datasets: datasets.to_vec() },
        "params" => LoggedModelField::Param(key_of(key)?),
        "tags" => LoggedModelField::Tag(key_of(key)?),
        _ => attribute(key).ok_or_else(|| Error::invalid(format!("Invalid attribute key '{key}' specified")))?,
    };
    if field == LoggedModelField::Status {
        test = by_name(test);
    }
    if matches!(test, Test::Number(_, number) if number.is_nan()) {
        // To the database this is a missing number, with which nothing compares.
        return Ok(Filter::Any(Vec::new()));
    }
    Ok(Filter::Field(field, test))
}

/// Entity and key; an attribute if the text does not start with a word in small letters and a dot.
fn entity(left: &str) -> Result<(&str, &str)> {
    const ENTITIES: [&str; 4] = ["attributes", "metrics", "params", "tags"];
    let is_entity = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    match left.split_once('.') {
        Some((entity, key)) if ENTITIES.contains(&entity) && !key.is_empty() => Ok((entity, key.trim_matches('`'))),
        Some((entity, key)) if is_entity(entity) && !key.is_empty() => Err(Error::invalid(format!(
            "Invalid entity type: {}. Expected one of ['{}'].",
            python::text(entity),
            ENTITIES.join("', '")
        ))),
        // The names of the database's columns, which show in messages.
        _ => Ok((
            "attributes",
            match left {
                "creation_time" | "creation_timestamp" => "creation_timestamp_ms",
                "last_updated_timestamp" => "last_updated_timestamp_ms",
                other => other.trim_matches('`'),
            },
        )),
    }
}

fn key_of(key: &str) -> Result<Key> {
    let double_quoted = key.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Key::new(double_quoted.unwrap_or(key))
}

/// A number in any of Python's spellings.
fn number(text: &str) -> Result<Value> {
    let invalid = || Error::invalid(format!("Expected numeric value type for metric. Found {text}"));
    python::float(text).map(|number| Value::Number(number, false)).ok_or_else(invalid)
}

fn text(text: &str) -> Result<Value> {
    if text.starts_with('(') && text.ends_with(')') {
        return texts(text, true).map(Value::Texts);
    }
    Ok(Value::Text(match text.strip_prefix('"') {
        Some(_) => unquoted(text).unwrap_or(text).to_owned(),
        None => text.trim_matches('\'').to_owned(),
    }))
}

/// The test with statuses in core's spelling. MLflow's database holds their numbers and its clients write their names
/// with or without a prefix, so all of these are understood.
fn by_name(test: Test) -> Test {
    let name = |text: String| {
        let text = text.strip_prefix("LOGGED_MODEL_").unwrap_or(&text);
        let number = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let status = match (text, number) {
            ("FAILED", _) => Some(LoggedModelStatus::Failed),
            (_, Some(index)) => LoggedModelStatus::ALL.get(index).copied(),
            _ => None,
        };
        status.map_or(text.to_owned(), |status| status.as_str().to_owned())
    };
    match test {
        Test::Text(compare, text) => Test::Text(compare, name(text)),
        Test::Like { pattern, case_sensitive } => Test::Like { pattern: name(pattern), case_sensitive },
        Test::OneOf { values, negated } => Test::OneOf { values: values.into_iter().map(name).collect(), negated },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use trackside_core::query::Compare;

    use super::*;
    use crate::search::examples::{assert_messages, assert_trees, like, number, one_of, text};

    fn parse(filter: &str) -> Result<Filter<LoggedModelField>> {
        parse_logged_model_filter(filter, &[])
    }

    fn metric(key: &str, datasets: &[MeasuredOn]) -> LoggedModelField {
        LoggedModelField::Metric { key: Key::new(key).unwrap(), datasets: datasets.to_vec() }
    }

    #[test]
    fn valid_filters_mean_what_they_mean_to_mlflow() {
        let param = |key: &str| LoggedModelField::Param(Key::new(key).unwrap());
        let x = || text(Compare::Equal, "x");
        let status = |compare, name| (LoggedModelField::Status, text(compare, name));
        assert_trees(
            parse,
            &[
                ("name = 'x' AND model_id = x", &[(LoggedModelField::Name, x()), (LoggedModelField::Id, x())]),
                ("attributes.model_type like 'x'", &[(LoggedModelField::Type, like("x", true))]),
                ("source_run_id != '''x'", &[(LoggedModelField::SourceRun, text(Compare::NotEqual, "x"))]),
                ("creation_time > 5", &[(LoggedModelField::CreatedAt, number(Compare::Greater, 5.0))]),
                ("last_updated_timestamp<1_0", &[(LoggedModelField::UpdatedAt, number(Compare::Less, 10.0))]),
                (
                    "params.a = 5 and params.b in ('x', 1)",
                    &[(param("a"), text(Compare::Equal, "5")), (param("b"), one_of(&["x", "1"], false))],
                ),
                ("tags.a not in ()", &[(LoggedModelField::Tag(Key::new("a").unwrap()), one_of(&[], true))]),
                ("metrics.val-loss > 1e+5", &[(metric("val-loss", &[]), number(Compare::Greater, 1e5))]),
                ("metrics.`a b` = inf", &[(metric("a b", &[]), number(Compare::Equal, f64::INFINITY))]),
            ],
        );
        // MLflow finds nothing with these.
        assert_trees(
            parse,
            &[
                ("params.\"a\" = \"x\"", &[(param("a"), x())]),
                ("attributes.creation_time = 1", &[(LoggedModelField::CreatedAt, number(Compare::Equal, 1.0))]),
                ("status = 'READY'", &[status(Compare::Equal, "READY")]),
                ("status != 'LOGGED_MODEL_PENDING'", &[status(Compare::NotEqual, "PENDING")]),
                (
                    "status = 3 AND status = 'FAILED'",
                    &[status(Compare::Equal, "UPLOAD_FAILED"), status(Compare::Equal, "UPLOAD_FAILED")],
                ),
            ],
        );
        assert_eq!(parse("metrics.a = nan").unwrap(), Filter::All(vec![Filter::Any(Vec::new())]));
    }

    #[test]
    fn invalid_filters_get_mlflows_message() {
        const EXPECTED: &str = "Expected a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 AND \
                                params.lr = 0.01').";
        assert_messages(
            parse,
            &[
                (" ", "Invalid filter string: ' '. Expected a single SQL expression."),
                ("name", &format!("Invalid filter string: 'name'. {EXPECTED}")),
                ("a = 1; b = 2", "Invalid filter string: 'a = 1; b = 2'. Expected a single SQL expression."),
                (
                    "param.a = 'x'",
                    "Invalid entity type: 'param'. Expected one of ['attributes', 'metrics', 'params', \
              'tags'].",
                ),
                ("params.a IS NULL", "Invalid comparison: params.aIS NULL. Expected a comparison with 3 tokens."),
                (
                    "params.a > 'x'",
                    "Invalid comparison operator for params.a: '>'. Expected one of ('=', '!=', 'LIKE', \
              'ILIKE', 'IN', 'NOT IN').",
                ),
                (
                    "metrics.a like 5",
                    "Invalid comparison operator for metrics.a: 'LIKE'. Expected one of ('<', '<=', '>', \
              '>=', '=', '!=').",
                ),
                // Internal errors in MLflow.
                ("bogus = 'x'", "Invalid attribute key 'bogus' specified"),
                ("metrics.a > 'x'", "Expected numeric value type for metric. Found 'x'"),
                ("name = ('x')", "Invalid comparison: name = ('x'). Expected one value."),
            ],
        );
    }

    #[test]
    fn datasets_narrow_metrics() {
        let datasets = [("d".to_owned(), Some("1".to_owned())), ("e".to_owned(), None)];
        assert_eq!(
            parse_logged_model_filter("metrics.a > 1", &datasets).unwrap(),
            Filter::All(vec![Filter::Field(metric("a", &datasets), number(Compare::Greater, 1.0))])
        );
        let kind = |filter, datasets: &[_]| parse_logged_model_filter(filter, datasets).unwrap_err().kind();
        assert_eq!(kind("name = 'x'", &datasets), ErrorKind::Unsupported);
        assert_eq!(kind("metrics.a > 1", &[(String::new(), None)]), ErrorKind::Invalid);
        assert_eq!(kind(&"metrics.a>1 ".repeat(1001), &vec![datasets[0].clone(); 100]), ErrorKind::Invalid);
    }

    #[test]
    fn orders_are_read() {
        let order = |field_name: &str, name: Option<&str>, digest: Option<&str>| {
            let (dataset_name, dataset_digest) = (name.map(str::to_owned), digest.map(str::to_owned));
            let item =
                LoggedModelOrder { field_name: field_name.to_owned(), ascending: false, dataset_name, dataset_digest };
            parse_logged_model_order(&[item]).map_err(|error| error.message().to_owned())
        };
        let read = |field| Ok(vec![Order { field, ascending: false }]);
        assert_eq!(order("creation_time", Some("d"), None), read(LoggedModelField::CreatedAt));
        assert_eq!(order("metrics.a.b", None, Some("")), read(metric("a.b", &[])));
        let dataset = ("d".to_owned(), Some("1".to_owned()));
        assert_eq!(order("metrics.a", Some("d"), Some("1")), read(metric("a", &[dataset])));
        assert_eq!(order("bogus", None, None).unwrap_err(), "Invalid order by field name: bogus");
        assert_eq!(
            order("params.a", None, None).unwrap_err(),
            "Invalid order by field name: params.a. Only metrics are supported."
        );
        assert!(order("metrics.a", None, Some("1")).is_err());
    }
}
