//! Conditions on spans.

use trackside_core::{
    Error, Result,
    query::{SpanField, Test},
};

use super::{TEXTUAL, check, read::Read};
use crate::search::{
    identifier::trim_backquotes,
    value::{self, Value},
};

/// What is asked of a span.
pub(super) type SpanTest = (SpanField, Test);

pub(super) fn span(read: Read) -> Result<SpanTest> {
    let key = read.key.clone();
    let message = |comparator: &str, valid: &str| format!("span.{key} comparator '{comparator}' not one of '{valid}'");
    let field = match read.key.as_str() {
        "name" => SpanField::Name,
        "type" => SpanField::Kind,
        "status" => SpanField::Status,
        "content" => {
            check(&read, &["LIKE", "ILIKE"], message)?;
            return read.test().map(|test| (SpanField::Document, test));
        }
        other => {
            let Some(name) = other.strip_prefix("attributes.") else {
                return Err(Error::invalid(format!(
                    "Invalid span attribute '{other}'. Supported attributes: name, status, type, \
                     attributes.<attribute_name>."
                )));
            };
            if name.is_empty() {
                return Err(Error::invalid("Span attribute name cannot be empty after 'attributes.'"));
            }
            check(&read, &TEXTUAL, message)?;
            let test = span_attribute(trim_backquotes(name), read.clone_text(), &read.comparator);
            return test.map(|test| (SpanField::Document, test));
        }
    };
    check(&read, &TEXTUAL, message)?;
    read.test().map(|test| (field, test))
}

impl Read {
    fn clone_text(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

/// An attribute within the document, where its value is JSON in a text. Only patterns find anything, for all others
/// compare the document as a whole; a pattern that is no regular expression matches up to the end of the document.
fn span_attribute(name: &str, value: Option<String>, comparator: &str) -> Result<Test> {
    let Some(value) = value else {
        return Err(Error::invalid(format!("Invalid comparator '{comparator}' for the value of '{name}'")));
    };
    if comparator != "RLIKE" {
        let value = Value::Text(format!("%\"{name}\"{value}%"));
        let wrong = || Error::invalid(format!("Invalid comparator '{comparator}' for the value of '{name}'"));
        return value::test(comparator, value).ok_or_else(wrong);
    }
    let (begin, value) = value.strip_prefix('^').map_or((r#""\\".*"#, value.as_str()), |rest| (r#""\\""#, rest));
    let (value, end) = value.strip_suffix('$').map_or((value, ""), |rest| (rest, r#"\\""#));
    Ok(Test::Matches(format!("\"{name}\": {begin}{value}{end}")))
}
