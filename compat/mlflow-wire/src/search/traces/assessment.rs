//! Conditions on assessments, whose values are JSON in a text: a text is equal with quotes around it and without.

use trackside_core::{
    AssessmentKind, Error, Json, Result,
    query::{Filter, Test, TraceField},
};

use super::{check, key::Entity, read::Read};
use crate::search::value::Value;

/// Comparators of assessments.
const ASSESSED: [&str; 11] = ["!=", "=", ">", ">=", "<", "<=", "LIKE", "ILIKE", "RLIKE", "IS NULL", "IS NOT NULL"];

pub(super) fn assessment(read: Read) -> Result<Filter<TraceField>> {
    let key = read.key.clone();
    if read.entity == Entity::Issue {
        if key != "id" {
            return Err(Error::invalid(format!("Invalid issue attribute '{key}'. Supported attributes: id")));
        }
        check(&read, &["="], |comparator, valid| {
            format!("issue.{key} comparator '{comparator}' not one of '{valid}'")
        })?;
        let Value::Text(name) = read.value else { return Ok(Filter::Any(Vec::new())) };
        let field = TraceField::Assessment { kind: AssessmentKind::Issue, name, test: None };
        return Ok(Filter::Field(field, Test::Present(true)));
    }
    if key.is_empty() {
        return Err(Error::invalid("Assessment field name cannot be empty"));
    }
    check(&read, &ASSESSED, |comparator, valid| {
        format!("assessment.{key} comparator '{comparator}' not one of '{valid}'")
    })?;
    let kind = if read.entity == Entity::Feedback { AssessmentKind::Feedback } else { AssessmentKind::Expectation };
    let is_present = read.comparator != "IS NULL";
    let test = match (read.comparator.as_str(), &read.value) {
        ("IS NULL" | "IS NOT NULL", _) => None,
        ("=" | "!=", Value::Text(text)) => {
            let values = vec![text.clone(), Json::Text(text.clone()).to_string()];
            Some(Test::OneOf { values, negated: read.comparator == "!=" })
        }
        _ => Some(read.test()?),
    };
    Ok(Filter::Field(TraceField::Assessment { kind, name: key, test }, Test::Present(is_present)))
}
