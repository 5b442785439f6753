//! From JSON to filter.

use regex::RegexBuilder;
use trackside_core::{Error, Json, Object, Result};

use super::{Compare, Field, Filter, Test};
use crate::run_tag;

/// Deepest nesting of `$and`, `$or` and the like.
const MAX_DEPTH: usize = 30;
/// Memory that a regular expression may take when it is made ready.
const MAX_REGEX: usize = 1 << 20;

/// Makes a field of its name.
type Naming<F> = fn(&str) -> F;

pub(super) fn filter<F: Clone>(written: &Json, depth: usize, field: Naming<F>) -> Result<Filter<F>> {
    if depth > MAX_DEPTH {
        return Err(Error::invalid(format!("the filter is nested deeper than {MAX_DEPTH}")));
    }
    let object = written.as_object().ok_or_else(|| Error::invalid("a filter must be an object"))?;
    let parts: Result<Vec<_>> = object.iter().map(|(key, value)| part(key, value, depth, field)).collect();
    let mut parts = parts?;
    Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::All(parts) })
}

fn part<F: Clone>(key: &str, value: &Json, depth: usize, field: Naming<F>) -> Result<Filter<F>> {
    Ok(match key {
        "$and" => Filter::All(several(value, depth, field)?),
        "$or" => Filter::Any(several(value, depth, field)?),
        "$nor" => Filter::Not(Box::new(Filter::Any(several(value, depth, field)?))),
        "$not" => Filter::Not(Box::new(filter(value, depth + 1, field)?)),
        operator if operator.starts_with('$') => {
            return Err(Error::invalid(format!("filters have no operator '{operator}'")));
        }
        name => tests(&field(name), value, depth)?,
    })
}

fn several<F: Clone>(value: &Json, depth: usize, field: Naming<F>) -> Result<Vec<Filter<F>>> {
    let Json::List(items) = value else { return Err(Error::invalid("'$and', '$or' and '$nor' take a list")) };
    items.iter().map(|item| filter(item, depth + 1, field)).collect()
}

/// What a field must pass: a value, or operators with one each.
fn tests<F: Clone>(field: &F, value: &Json, depth: usize) -> Result<Filter<F>> {
    let operators =
        value.as_object().filter(|object| !object.is_empty() && object.iter().all(|(key, _)| key.starts_with('$')));
    let Some(operators) = operators else {
        return Ok(Filter::Field(field.clone(), Test::Equal(value.clone())));
    };
    let mut all = Vec::new();
    for (operator, operand) in operators.iter() {
        all.push(test(field, operator, operand, operators, depth)?);
    }
    Ok(if all.len() == 1 { all.remove(0) } else { Filter::All(all) })
}

fn test<F: Clone>(field: &F, operator: &str, operand: &Json, operators: &Object, depth: usize) -> Result<Filter<F>> {
    let is = |test: Test| Filter::Field(field.clone(), test);
    let not = |test: Test| Filter::Not(Box::new(Filter::Field(field.clone(), test)));
    Ok(match operator {
        "$eq" => is(Test::Equal(operand.clone())),
        "$ne" => not(Test::Equal(operand.clone())),
        "$gt" => is(Test::Compare(Compare::Greater, operand.clone())),
        "$gte" => is(Test::Compare(Compare::GreaterOrEqual, operand.clone())),
        "$lt" => is(Test::Compare(Compare::Less, operand.clone())),
        "$lte" => is(Test::Compare(Compare::LessOrEqual, operand.clone())),
        "$in" => is(Test::In(list(operand)?)),
        "$nin" => not(Test::In(list(operand)?)),
        "$exists" => is(Test::Exists(!operand.is_falsy())),
        "$regex" => {
            let options = operators.get("$options").and_then(Json::as_text).unwrap_or_default();
            let pattern = operand.as_text().ok_or_else(|| Error::invalid("'$regex' takes a text"))?;
            let regex =
                RegexBuilder::new(pattern).case_insensitive(options.contains('i')).size_limit(MAX_REGEX).build();
            is(Test::Matches(
                regex.map_err(|error| Error::invalid(format!("'{pattern}' is no regular expression: {error}")))?,
            ))
        }
        // Belongs to `$regex`.
        "$options" => Filter::All(Vec::new()),
        "$not" if depth <= MAX_DEPTH => Filter::Not(Box::new(tests(field, operand, depth + 1)?)),
        _ => return Err(Error::invalid(format!("filters have no operator '{operator}'"))),
    })
}

fn list(operand: &Json) -> Result<Vec<Json>> {
    match operand {
        Json::List(items) => Ok(items.clone()),
        _ => Err(Error::invalid("'$in' and '$nin' take a list")),
    }
}

pub(super) fn field(name: &str) -> Field {
    match name {
        "name" | "run" | "id" | "run_id" => Field::Name,
        "displayName" | "display_name" => Field::DisplayName,
        "state" => Field::State,
        "username" | "user" | "user.username" => Field::User,
        "group" | "groupName" | "group_name" => Field::Tag(run_tag::GROUP),
        "jobType" | "job_type" => Field::Tag(run_tag::JOB_TYPE),
        "host" => Field::Tag(run_tag::HOST),
        "notes" | "description" => Field::Tag(run_tag::NOTES),
        "sweep" | "sweepName" | "sweep_name" => Field::Tag(run_tag::SWEEP),
        "commit" => Field::Tag(run_tag::COMMIT),
        "tags" => Field::Labels,
        "createdAt" | "created_at" => Field::CreatedAt,
        "heartbeatAt" | "heartbeat_at" | "updatedAt" | "updated_at" => Field::HeartbeatAt,
        "duration" | "computeSeconds" => Field::Duration,
        other => path(other),
    }
}

/// A path may name the `value` within an entry of a config, behind the key or at its end.
fn path(name: &str) -> Field {
    let summary = ["summary_metrics.", "summaryMetrics.", "summary."];
    if let Some(path) = summary.iter().find_map(|before| name.strip_prefix(before)) {
        return Field::Summary(path.to_owned());
    }
    let Some(path) = name.strip_prefix("config.") else { return Field::Unknown };
    let path = match path.split_once(".value.") {
        Some((key, rest)) if !key.contains('.') => format!("{key}.{rest}"),
        _ => path.strip_suffix(".value").unwrap_or(path).to_owned(),
    };
    Field::Config(path)
}
