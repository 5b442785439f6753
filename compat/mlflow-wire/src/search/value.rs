//! The right side of a condition with its comparator, as a test of core.

use trackside_core::{
    Error, Result,
    query::{Compare, Test},
};

use super::{
    condition::Side,
    identifier::Entity,
    literal::{quoted_text, some_texts},
    token::Kind,
};

/// Comparators of numbers.
pub(super) const NUMERIC: [&str; 6] = [">", ">=", "!=", "=", "<", "<="];
/// Comparators of texts of which there is no list.
pub(super) const TEXTUAL: [&str; 4] = ["!=", "=", "LIKE", "ILIKE"];
/// Comparators of texts that may be missing.
pub(super) const OPTIONAL: [&str; 6] = ["!=", "=", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL"];
/// Comparators of texts of which there may be a list.
pub(super) const LISTED: [&str; 6] = ["!=", "=", "LIKE", "ILIKE", "IN", "NOT IN"];

/// The comparator with a regular expression, which MLflow has for traces only; here all texts have it.
pub(super) const MATCHES: &str = "RLIKE";

/// The right side of a condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// There is none, as with `IS NULL`.
    Nothing,
    /// A number, and whether it was written as an integer.
    Number(f64, bool),
    Text(String),
    Texts(Vec<String>),
}

/// A condition whose sides have been read. Whether they go together is yet to be checked: MLflow reads all conditions
/// before it looks at the first comparator, and its messages come in that order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Read<E = Entity> {
    pub(super) entity: E,
    pub(super) key: String,
    pub(super) comparator: String,
    pub(super) value: Value,
}

impl<E> Read<E> {
    /// The test this condition stands for. `Invalid` for a comparator that does not go with the value, such as `=`
    /// with a list: MLflow lets that pass its parser and fails in the database.
    pub(super) fn test(self) -> Result<Test> {
        let wrong = || format!("Invalid comparator '{}' for the value of '{}'", self.comparator, self.key);
        test(&self.comparator, self.value).ok_or_else(|| Error::invalid(wrong()))
    }
}

/// The test made of a comparator in upper case and a value.
pub(super) fn test(comparator: &str, value: Value) -> Option<Test> {
    let compare = match comparator {
        "=" => Some(Compare::Equal),
        "!=" => Some(Compare::NotEqual),
        "<" => Some(Compare::Less),
        "<=" => Some(Compare::LessOrEqual),
        ">" => Some(Compare::Greater),
        ">=" => Some(Compare::GreaterOrEqual),
        _ => None,
    };
    match (value, comparator) {
        (Value::Number(number, _), _) => compare.map(|compare| Test::Number(compare, number)),
        (Value::Text(pattern), "LIKE") => Some(Test::Like { pattern, case_sensitive: true }),
        (Value::Text(pattern), "ILIKE") => Some(Test::Like { pattern, case_sensitive: false }),
        (Value::Text(pattern), MATCHES) => Some(Test::Matches(pattern)),
        (Value::Text(text), _) => compare.map(|compare| Test::Text(compare, text)),
        (Value::Texts(values), "IN") => Some(Test::OneOf { values, negated: false }),
        (Value::Texts(values), "NOT IN") => Some(Test::OneOf { values, negated: true }),
        (Value::Nothing, "IS NULL") => Some(Test::Present(false)),
        (Value::Nothing, "IS NOT NULL") => Some(Test::Present(true)),
        (Value::Texts(_) | Value::Nothing, _) => None,
    }
}

/// A number, if that is what the side is.
pub(super) fn number(side: Side<'_>) -> Option<Value> {
    let integer = side.kind == Kind::Integer;
    let number = if integer || side.kind == Kind::Float { side.text.parse().ok() } else { None };
    number.map(|number| Value::Number(number, integer))
}

/// A number to compare an attribute with.
pub(super) fn attribute_number(key: &str, side: Side<'_>) -> Result<Value> {
    number(side).ok_or_else(|| {
        Error::invalid(format!("Expected numeric value type for numeric attribute: {key}. Found {}", side.text))
    })
}

/// A text, or for one of `listed` a list, to compare an attribute with; `expected` says so in the message.
pub(super) fn attribute_text(key: &str, side: Side<'_>, listed: &[&str], expected: &str) -> Result<Value> {
    if side.kind != Kind::Parenthesis {
        let other =
            || Error::invalid(format!("Expected a quoted string value {expected}attributes. Got value {}", side.text));
        return quoted_text(side).ok_or_else(other)?.map(Value::Text);
    }
    if !listed.contains(&key) {
        let listed: Vec<_> = listed.iter().map(|key| format!("'{key}'")).collect();
        return Err(Error::invalid(format!(
            "Only [{}] attributes support comparison with a list of quoted string values.",
            listed.join(", ")
        )));
    }
    some_texts(side.text).map(Value::Texts)
}

/// A text to compare a tag or a param with.
pub(super) fn tag_text(entity: Entity, side: Side<'_>) -> Result<Value> {
    let other = || {
        Error::invalid(format!(
            "Expected a quoted string value for {} (e.g. 'my-value'). Got value {}",
            entity.as_str(),
            side.text
        ))
    };
    quoted_text(side).ok_or_else(other)?.map(Value::Text)
}
