//! Prompts, which MLflow keeps among the registered models, marked by a tag.
//!
//! A search shows either prompts or models. It shows prompts if its first condition on the tag is `= 'true'` or
//! `!= 'false'`; all other conditions on the tag only say "models" and are dropped, for models lack the tag.
//! Source: `_is_querying_prompt` and `_update_query_to_exclude_prompts` in `store/model_registry/sqlalchemy_store.py`
//! of MLflow 3.17.2, which hides a version as soon as any version of its model is a prompt; every version of a prompt
//! carries the tag, so it comes to the same.

use std::cell::Cell;

use trackside_core::{
    Error, Key, Result,
    query::{Compare, Filter, Test},
};

use super::{
    condition::{Condition, clauses},
    identifier::Entity,
    tree,
    value::{Read, Value},
};
use crate::prompt::IS_PROMPT;

fn is_about_prompts(read: &Read) -> bool {
    read.entity == Entity::Tag && read.key == IS_PROMPT
}

fn asks_for_prompts(read: &Read) -> bool {
    let Value::Text(value) = &read.value else { return false };
    match read.comparator.as_str() {
        "=" => value.eq_ignore_ascii_case("true"),
        "!=" => value.eq_ignore_ascii_case("false"),
        _ => false,
    }
}

/// All conditions as one filter, with prompts left out unless they are asked for.
pub(super) fn filter<F>(
    read: Vec<Read>,
    leaf: impl Fn(Read) -> Result<Filter<F>>,
    tag: impl Fn(Key) -> F,
) -> Result<Filter<F>> {
    let prompts = read.iter().find(|read| is_about_prompts(read)).is_some_and(asks_for_prompts);
    let mut parts = Vec::with_capacity(read.len() + 1);
    for read in read {
        let dropped = !prompts && is_about_prompts(&read);
        let part = leaf(read)?;
        if !dropped {
            parts.push(part);
        }
    }
    if !prompts {
        parts.push(no_prompt(tag)?);
    }
    Ok(Filter::All(parts))
}

/// Likewise for the grammar of `tree.rs`, where any condition asks for them.
pub(super) fn beyond<F>(
    filter: &str,
    refused: Error,
    read: impl Fn(&Condition<'_>) -> Result<Read>,
    leaf: impl Fn(Read) -> Result<Filter<F>>,
    tag: impl Fn(Key) -> F,
) -> Result<Filter<F>> {
    let prompts = Cell::new(false);
    let part = |condition: &Condition<'_>| {
        let read = read(condition)?;
        let (is_about, asks) = (is_about_prompts(&read), asks_for_prompts(&read));
        prompts.set(prompts.get() || is_about && asks);
        let part = leaf(read)?;
        Ok(if is_about && !asks { Filter::default() } else { part })
    };
    let filter = tree::beyond(filter, refused, clauses, part)?;
    Ok(if prompts.get() { filter } else { Filter::All(vec![filter, no_prompt(tag)?]) })
}

fn no_prompt<F>(tag: impl Fn(Key) -> F) -> Result<Filter<F>> {
    let is_prompt = Test::Text(Compare::Equal, "true".to_owned());
    Ok(Filter::Not(Box::new(Filter::Field(tag(Key::new(IS_PROMPT)?), is_prompt))))
}

#[cfg(test)]
pub(super) mod tests {
    use trackside_core::query::RegisteredModelField;

    use super::*;
    use crate::search::{examples::text, parse_registered_model_filter};

    /// The filter with these parts that leaves out prompts.
    pub(in crate::search) fn without_prompts<F>(mut parts: Vec<Filter<F>>, tag: impl Fn(Key) -> F) -> Filter<F> {
        let is_prompt = Filter::Field(tag(Key::new(IS_PROMPT).unwrap()), text(Compare::Equal, "true"));
        parts.push(Filter::Not(Box::new(is_prompt)));
        Filter::All(parts)
    }

    #[test]
    fn prompts_are_shown_only_when_asked_for() {
        let tag = |compare, value| {
            Filter::Field(RegisteredModelField::Tag(Key::new(IS_PROMPT).unwrap()), text(compare, value))
        };
        let parse = |filter: &str| parse_registered_model_filter(filter).unwrap();
        for hiding in [
            "",
            "tags.`mlflow.prompt.is_prompt` = 'false'",
            "tags.mlflow.prompt.is_prompt != 'true'",
            "tags.mlflow.prompt.is_prompt LIKE 'true'",
            "tags.mlflow.prompt.is_prompt != 'x' AND tags.mlflow.prompt.is_prompt = 'true'",
        ] {
            assert_eq!(parse(hiding), without_prompts(Vec::new(), RegisteredModelField::Tag), "{hiding}");
        }
        let asking = "tag.`mlflow.prompt.is_prompt` = 'True' AND tags.mlflow.prompt.is_prompt = 'false'";
        assert_eq!(parse(asking), Filter::All(vec![tag(Compare::Equal, "True"), tag(Compare::Equal, "false")]));
        let negated = "tags.\"mlflow.prompt.is_prompt\" != 'FALSE'";
        assert_eq!(parse(negated), Filter::All(vec![tag(Compare::NotEqual, "FALSE")]));
        assert!(parse_registered_model_filter("tags.mlflow.prompt.is_prompt > 'x'").is_err());
        let name = || Filter::Field(RegisteredModelField::Name, text(Compare::Equal, "x"));
        let disjunction = Filter::Any(vec![name(), name()]);
        assert_eq!(
            parse("name = 'x' OR name = 'x'"),
            without_prompts(vec![disjunction.clone()], RegisteredModelField::Tag)
        );
        assert_eq!(
            parse("tags.mlflow.prompt.is_prompt = 'true' AND (name = 'x' OR name = 'x')"),
            Filter::All(vec![tag(Compare::Equal, "true"), disjunction.clone()])
        );
        assert_eq!(
            parse("tags.mlflow.prompt.is_prompt != 'true' AND (name = 'x' OR name = 'x')"),
            without_prompts(vec![Filter::All(vec![Filter::default(), disjunction])], RegisteredModelField::Tag)
        );
    }
}
