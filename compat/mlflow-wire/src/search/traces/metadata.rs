//! Conditions on metadata, some of which is kept as numbers.

use trackside_core::{
    Cost, Error, Key, Result, Token, Usage,
    query::{Compare, Filter, Test, TraceField},
};

use super::{
    OPTIONAL, check,
    key::Entity,
    read::{RUN, Read},
};
use crate::{
    search::value::Value,
    trace::{
        cost,
        facts::{COST, SESSION, TOKENS},
        tokens, written_cost, written_tokens,
    },
};

/// That metadata of this key has this value.
pub(in crate::search) fn metadata_equals(key: &str, value: String) -> Result<Filter<TraceField>> {
    let (key, comparator) = (key.to_owned(), "=".to_owned());
    metadata(Read { entity: Entity::Metadata, key, comparator, value: Value::Text(value) })
}

pub(super) fn metadata(read: Read) -> Result<Filter<TraceField>> {
    check(&read, &OPTIONAL, |comparator, valid| format!("Invalid comparator '{comparator}' not one of '{valid}'"))?;
    let field = match read.key.as_str() {
        SESSION => TraceField::Session,
        TOKENS | COST => return usage(&read),
        key => TraceField::Metadata(Key::new(key)?),
    };
    let is_run = read.key == RUN && read.comparator == "=";
    let test = read.test()?;
    if is_run {
        let linked = Filter::Field(TraceField::LinkedRun, test.clone());
        return Ok(Filter::Any(vec![linked, Filter::Field(field, test)]));
    }
    Ok(Filter::Field(field, test))
}

/// Tokens or cost as the text that shows them: only that very text is equal.
fn usage(read: &Read) -> Result<Filter<TraceField>> {
    let is_tokens = read.key == TOKENS;
    let fields: Vec<TraceField> =
        if is_tokens { Token::ALL.map(TraceField::Token).into() } else { Cost::ALL.map(TraceField::Cost).into() };
    let present = |field: &TraceField| Filter::Field(field.clone(), Test::Present(true));
    let any = Filter::Any(fields.iter().map(present).collect());
    let Value::Text(text) = &read.value else {
        return Ok(if read.comparator == "IS NULL" { Filter::Not(Box::new(any)) } else { any });
    };
    let mut usage = Usage::default();
    if is_tokens {
        tokens(text, &mut usage);
    } else {
        cost(text, &mut usage);
    }
    let written = if is_tokens { written_tokens(&usage) } else { written_cost(&usage) };
    #[expect(clippy::cast_precision_loss, reason = "numbers are compared as doubles")]
    let counts: Vec<Option<f64>> = if is_tokens {
        usage.tokens.iter().map(|count| count.map(|count| count as f64)).collect()
    } else {
        usage.cost.into()
    };
    let equal = if written.as_ref() == Some(text) {
        let tests = counts
            .into_iter()
            .map(|count| count.map_or(Test::Present(false), |count| Test::Number(Compare::Equal, count)));
        Filter::All(fields.into_iter().zip(tests).map(|(field, test)| Filter::Field(field, test)).collect())
    } else {
        Filter::Any(Vec::new())
    };
    match read.comparator.as_str() {
        "=" => Ok(equal),
        "!=" => Ok(Filter::All(vec![any, Filter::Not(Box::new(equal))])),
        comparator => Err(Error::invalid(format!(
            "Comparator '{comparator}' is not supported for reserved metadata '{}'. Only '=', '!=', 'IS NULL', and 'IS \
             NOT NULL' are supported.",
            read.key
        ))),
    }
}
