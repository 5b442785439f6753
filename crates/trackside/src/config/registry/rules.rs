//! The rules of a policy.

use std::{collections::BTreeSet, time::Duration};

use trackside_core::Key;
use trackside_evidence::Verdict;
use trackside_policy::{AuditRule, CodeRule, Pattern, People, Rule, TagRule};

use super::{approvals, freeze, metrics, policy::Known};
use crate::{
    age,
    config::{
        scalar,
        section::{Field, Report, Section},
        value::{Node, Value},
    },
};

const CODE: Field = Field::new("code", "committed, snapshotted", "committed");
const DATA: Field = Field::new("data", "true, false", "true");
const ENVIRONMENT: Field = Field::new("environment", "true, false", "true");
const AUDIT: Field = Field::new(
    "audit",
    "identical, equivalent, drifted; or a map with at_least, by and within",
    "{at_least: equivalent, by: reviewers, within: 7d}",
);
const AT_LEAST: Field = Field::new("at_least", "identical, equivalent, drifted", "equivalent");
const SIGNATURE: Field = Field::new("signature", "true, false", "true");
const ARTIFACTS: Field = Field::new("artifacts", "true, false", "true");
const FROM: Field = Field::new("from", "stages", "[Staging]");
const TAGS: Field = Field::new(
    "tags",
    "a map from tags to values or patterns, or to maps with value and by",
    "{validated: \"true\", card: {value: \"*\", by: reviewers}}",
);
const VALUE: Field = Field::new("value", "a value or pattern", "\"*\"");
const SOAK: Field = Field::new("soak", "an age such as 30d, 12h or 90m", "24h");
const COOL_DOWN: Field = Field::new("cool_down", "an age such as 30d, 12h or 90m", "24h");
pub(super) const BY: Field = Field::new("by", "a group, or names of API keys", "reviewers");
const WITHIN: Field = Field::new("within", "an age such as 30d, 12h or 90m", "7d");

const GRADES: [(&str, Verdict); 3] =
    [("identical", Verdict::Identical), ("equivalent", Verdict::Equivalent), ("drifted", Verdict::Drifted)];
const CODES: [(&str, CodeRule); 2] = [("committed", CodeRule::Committed), ("snapshotted", CodeRule::Snapshotted)];

/// Reads the rules, in the order in which people are told of them.
pub(super) fn read(report: &mut Report, path: &str, value: Option<Value>, known: &Known<'_>) -> Vec<Rule> {
    let mut section = Section::open(report, path, value, "require: {approvals: 1}");
    let mut rules = Vec::new();
    let code = section.optional(&CODE, scalar::word(&CODES), |rule| rule.to_string().into());
    rules.extend(code.map(Rule::Code));
    rules.extend(wanted(&mut section, &DATA, Rule::Data));
    rules.extend(wanted(&mut section, &ENVIRONMENT, Rule::Environment));
    rules.extend(audit(&mut section, path, known).map(Rule::Audit));
    rules.extend(wanted(&mut section, &SIGNATURE, Rule::Signature));
    rules.extend(wanted(&mut section, &ARTIFACTS, Rule::Artifacts));
    let from = |value: &Value, report: &Report| {
        scalar::words(value, report)?.iter().map(|text| known.stage(text)).collect::<Result<Vec<_>, _>>()
    };
    let from = section
        .optional(&FROM, from, |stages| stages.iter().map(trackside_core::Stage::as_str).collect::<Vec<_>>().into());
    rules.extend(from.map(Rule::Origin));
    rules.extend(tags(&mut section, path, known).into_iter().map(Rule::Tag));
    rules.extend(metrics::read(&mut section, path).into_iter().map(Rule::Metric));
    rules.extend(duration(&mut section, &SOAK).map(Rule::Soak));
    rules.extend(duration(&mut section, &COOL_DOWN).map(Rule::CoolDown));
    rules.extend(freeze::read(&mut section, path).map(Rule::Freeze));
    rules.extend(approvals::read(&mut section, path, known).map(Rule::Approvals));
    section.finish();
    rules
}

fn wanted(section: &mut Section<'_>, field: &Field, rule: Rule) -> Option<Rule> {
    section.optional(field, scalar::boolean, |wanted| (*wanted).into()).filter(|wanted| *wanted).map(|_| rule)
}

pub(super) fn duration(section: &mut Section<'_>, field: &Field) -> Option<Duration> {
    let read = |value: &Value, report: &Report| age::parse(&scalar::text(value, report)?).map_err(|_| value.found());
    section.optional(field, read, |age| age::shown(*age).into())
}

/// Whom a key names: a group, or people themselves.
pub(super) fn people(section: &mut Section<'_>, field: &Field, known: &Known<'_>) -> People {
    let read = |value: &Value, report: &Report| {
        let mut people = BTreeSet::new();
        for word in scalar::words(value, report)? {
            match known.groups.get(&word) {
                Some(group) => people.extend(group.iter().cloned()),
                None => drop(people.insert(Key::new(word).map_err(|error| error.message().to_owned())?)),
            }
        }
        if people.is_empty() { Err("nobody".to_owned()) } else { Ok(people) }
    };
    section.optional(field, read, |people| people.iter().map(Key::as_str).collect::<Vec<_>>().into())
}

fn audit(section: &mut Section<'_>, path: &str, known: &Known<'_>) -> Option<AuditRule> {
    let value = section.take(&AUDIT)?;
    if !matches!(value.node, Node::Map(_)) {
        let at_least = scalar::word(&GRADES)(&value, section.report);
        return match at_least {
            Ok(at_least) => {
                section.resolved(&AUDIT.key, at_least.name().into(), value.origin);
                Some(AuditRule { at_least, by: None, within: None })
            }
            Err(found) => {
                section.fault(&AUDIT, &value.origin, found);
                None
            }
        };
    }
    let mut inner = Section::open(section.report, &format!("{path}.audit"), Some(value), "audit: equivalent");
    let at_least = inner.required(&AT_LEAST, scalar::word(&GRADES), |grade| grade.name().into());
    let (by, within) = (people(&mut inner, &BY, known), duration(&mut inner, &WITHIN));
    inner.finish();
    at_least.map(|at_least| AuditRule { at_least, by, within })
}

fn tags(section: &mut Section<'_>, path: &str, known: &Known<'_>) -> Vec<TagRule> {
    let entries = match section.take(&TAGS) {
        None => return Vec::new(),
        Some(Value { node: Node::Map(entries), .. }) => entries,
        Some(other) => {
            section.fault(&TAGS, &other.origin, other.found());
            return Vec::new();
        }
    };
    entries.into_iter().filter_map(|(key, value)| tag(section, path, key, value, known)).collect()
}

fn tag(section: &mut Section<'_>, path: &str, key: String, value: Value, known: &Known<'_>) -> Option<TagRule> {
    let pattern = |value: &Value, report: &Report| {
        Pattern::new(&scalar::text(value, report)?).map_err(|error| error.message().to_owned())
    };
    let (value, by) = if matches!(value.node, Node::Map(_)) {
        let mut inner =
            Section::open(section.report, &format!("{path}.tags.{key}"), Some(value), "validated: \"true\"");
        let wanted = inner.optional(&VALUE, pattern, |pattern| pattern.to_string().into());
        let by = people(&mut inner, &BY, known);
        inner.finish();
        (wanted.map_or_else(|| Pattern::new("*").map_err(|error| error.message().to_owned()), Ok), by)
    } else {
        let read = pattern(&value, section.report);
        if let Ok(read) = &read {
            section.resolved(&format!("tags.{key}"), read.to_string().into(), value.origin.clone());
        }
        (read.inspect_err(|found| section.fault(&TAGS, &value.origin, found.clone())), None)
    };
    let key = Key::new(key).ok()?;
    Some(TagRule { key, value: value.ok()?, by })
}
