//! The section `registry`: stages of a team's own, and what has to be true of a version before it has a stage or an alias.

mod approvals;
mod freeze;
mod metrics;
mod policy;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use trackside_core::{Key, Stage};
use trackside_policy::Governance;

use crate::config::{
    scalar,
    section::{Field, Section},
    value::{Node, Value},
};

/// What the section is called.
pub(crate) const REGISTRY: Field =
    Field::new("registry", "a map of keys", "{stages: [canary], groups: {reviewers: [alice, bob]}, policies: []}");

const STAGES: Field = Field::new("stages", "names of stages besides those of MLflow", "[canary, shadow]");
const GROUPS: Field =
    Field::new("groups", "a map from names to lists of names of API keys", "{reviewers: [alice, bob]}");
const POLICIES: Field = Field::new(
    "policies",
    "a list of policies",
    "[{models: churn, to: Production, require: {approvals: {count: 2, of: reviewers}}}]",
);

/// Names of people by the name of their group.
type Groups = BTreeMap<String, BTreeSet<Key>>;

/// Reads the section.
pub(crate) fn read(root: &mut Section<'_>) -> Governance {
    let value = root.take(&REGISTRY);
    let mut section = Section::open(root.report, &REGISTRY.key, value, "registry: {stages: [canary]}");
    let stages = section.optional(&STAGES, |value, report| stages(scalar::words(value, report)?), shown);
    let stages = stages.unwrap_or_default();
    let groups = groups(&mut section);
    let policies = match section.take(&POLICIES) {
        None | Some(Value { node: Node::Empty, .. }) => Vec::new(),
        Some(Value { node: Node::List(items), .. }) => {
            let known = policy::Known { stages: &stages, groups: &groups };
            let read = |(n, item)| policy::read(section.report, &format!("registry.policies[{n}]"), item, &known);
            items.into_iter().enumerate().filter_map(read).collect()
        }
        Some(other) => {
            section.fault(&POLICIES, &other.origin, other.found());
            Vec::new()
        }
    };
    section.finish();
    Governance { stages, policies }
}

fn stages(words: Vec<String>) -> Result<Vec<Key>, String> {
    let mut stages: Vec<Key> = Vec::new();
    for word in words {
        let taken = stages.iter().any(|known| known.as_str().eq_ignore_ascii_case(&word));
        match Stage::parse(&word) {
            Some(Stage::Own(name)) if !taken && !word.contains(['@', '*', '/']) => stages.push(name),
            Some(Stage::Own(_)) if taken => return Err(format!("`{word}` twice")),
            Some(Stage::Own(_)) | None => return Err(format!("`{word}`, which is no name of a stage")),
            Some(known) => return Err(format!("`{word}`, which is MLflow's {}", known.as_str())),
        }
    }
    Ok(stages)
}

#[expect(clippy::ptr_arg, reason = "as the section passes it")]
fn shown(stages: &Vec<Key>) -> serde_json::Value {
    stages.iter().map(Key::as_str).collect::<Vec<_>>().into()
}

fn groups(section: &mut Section<'_>) -> Groups {
    let entries = match section.take(&GROUPS) {
        None | Some(Value { node: Node::Empty, .. }) => return Groups::new(),
        Some(Value { node: Node::Map(entries), .. }) => entries,
        Some(other) => {
            section.fault(&GROUPS, &other.origin, other.found());
            return Groups::new();
        }
    };
    let mut groups = Groups::new();
    for (name, value) in entries {
        let people = scalar::words(&value, section.report).and_then(|words| {
            let people: Result<BTreeSet<Key>, _> = words.into_iter().map(Key::new).collect();
            people.map_err(|error| error.message().to_owned())
        });
        match people {
            Ok(people) => {
                let names: Vec<&str> = people.iter().map(Key::as_str).collect();
                section.resolved(&format!("groups.{name}"), names.into(), value.origin);
                groups.insert(name, people);
            }
            Err(found) => section.fault(&GROUPS, &value.origin, format!("{found} for `{name}`")),
        }
    }
    groups
}
