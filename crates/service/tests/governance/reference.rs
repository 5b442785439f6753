//! The registry and its policy in the simplest words there are.

use std::collections::BTreeMap;

use crate::deed::{ALIASES, Deed, PEOPLE, REVIEWERS, STAGES, What};

/// How a deed ended: `ok`, or the kind of the error.
pub(crate) type Said = &'static str;

/// Models by name, as they can be seen.
pub(crate) type State = BTreeMap<String, Seen>;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Stage and the tag by number.
    pub(crate) versions: BTreeMap<u32, (String, Option<String>)>,
    pub(crate) aliases: BTreeMap<String, u32>,
    /// Version, target, state, and who is for it, in the order in which they were asked for.
    pub(crate) promotions: Vec<(u32, String, String, Vec<String>)>,
}

#[derive(Debug, Clone, Default)]
struct Model {
    next: u32,
    versions: BTreeMap<u32, (String, Option<String>)>,
    aliases: BTreeMap<String, u32>,
}

#[derive(Debug, Clone)]
struct Promotion {
    /// Which model it is of, whatever that is called.
    of: usize,
    version: u32,
    target: String,
    others: bool,
    by: String,
    state: &'static str,
    approved: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Reference {
    /// The name that the policy is over, and one that it is not.
    pub(crate) names: [String; 2],
    /// Models that ever were, and what those that are there are called.
    models: Vec<Model>,
    called: BTreeMap<String, usize>,
    promotions: Vec<Promotion>,
}

impl Reference {
    pub(crate) fn new(case: u32) -> Self {
        let names = [format!("governed-{case}"), format!("free-{case}")];
        Self { names, models: Vec::new(), called: BTreeMap::new(), promotions: Vec::new() }
    }

    pub(crate) fn state(&self) -> State {
        let seen = |(name, of): (&String, &usize)| {
            let model = &self.models[*of];
            let own = self.promotions.iter().filter(|one| one.of == *of && model.versions.contains_key(&one.version));
            let promotion = |one: &Promotion| {
                let mut approved = one.approved.clone();
                approved.sort();
                (one.version, one.target.clone(), one.state.to_owned(), approved)
            };
            let promotions = own.map(promotion).collect();
            (name.clone(), Seen { versions: model.versions.clone(), aliases: model.aliases.clone(), promotions })
        };
        self.called.iter().map(seen).collect()
    }

    pub(crate) fn apply(&mut self, deed: &Deed) -> Said {
        let (name, by) = (self.names[deed.model].clone(), PEOPLE[deed.by]);
        let Some(of) = self.called.get(&name).copied() else {
            return match deed.what {
                What::Register => {
                    self.called.insert(name, self.models.len());
                    self.models.push(Model { next: 1, ..Model::default() });
                    "ok"
                }
                What::Approve(n) | What::Reject(n) | What::Withdraw(n) => self.decide(n, by, &deed.what),
                _ => "not_found",
            };
        };
        match &deed.what {
            What::Register => "already_exists",
            What::Version | What::Prepare => {
                let model = &mut self.models[of];
                let prepared = matches!(deed.what, What::Prepare);
                let (stage, tag) = if prepared { ("Staging", Some("true".to_owned())) } else { ("None", None) };
                model.versions.insert(model.next, (stage.to_owned(), tag));
                model.next += 1;
                "ok"
            }
            What::Validate(number, right) => {
                self.tag(of, *number, Some(if *right { "true" } else { "false" }.to_owned()))
            }
            What::Unvalidate(number) => self.tag(of, *number, None),
            What::Stage(number, stage, others) => {
                let others = *others && !matches!(STAGES[*stage], "None" | "Archived");
                self.grant(&name, of, *number, STAGES[*stage], others, by)
            }
            What::Alias(number, alias) => self.grant(&name, of, *number, &format!("@{}", ALIASES[*alias]), false, by),
            What::DropAlias(alias) => {
                self.models[of].aliases.remove(ALIASES[*alias]);
                "ok"
            }
            What::DropVersion(number) => {
                let model = &mut self.models[of];
                if model.versions.remove(number).is_none() {
                    return "not_found";
                }
                model.aliases.retain(|_, named| named != number);
                "ok"
            }
            What::Rename => self.rename(deed.model, of),
            What::DropModel => {
                self.called.remove(&name);
                "ok"
            }
            What::Approve(n) | What::Reject(n) | What::Withdraw(n) => self.decide(*n, by, &deed.what),
        }
    }

    fn tag(&mut self, of: usize, number: u32, value: Option<String>) -> Said {
        match self.models[of].versions.get_mut(&number) {
            Some((_, tag)) => {
                *tag = value;
                "ok"
            }
            None => "not_found",
        }
    }

    fn rename(&mut self, from: usize, of: usize) -> Said {
        let (name, to) = (&self.names[from], &self.names[1 - from]);
        let model = &self.models[of];
        let holds =
            model.versions.values().any(|(stage, _)| stage == "Production") || model.aliases.contains_key("champion");
        // Approvals are of one name, so nothing that others have to approve can come along.
        if from == 1 && holds {
            return "denied";
        }
        if self.called.contains_key(to) {
            return "already_exists";
        }
        self.called.remove(name);
        self.called.insert(to.clone(), of);
        "ok"
    }

    fn waiting(&self, of: usize, number: u32, target: &str) -> Option<usize> {
        let is_it =
            |one: &Promotion| one.of == of && one.version == number && one.target == target && one.state == "pending";
        self.promotions.iter().position(is_it)
    }

    fn grant(&mut self, name: &str, of: usize, number: u32, target: &str, others: bool, by: &str) -> Said {
        let Some((stage, tag)) = self.models[of].versions.get(&number).cloned() else { return "not_found" };
        let governed = *name == self.names[0] && ["Production", "@champion"].contains(&target);
        if !governed {
            self.give(of, number, target, others);
            return "ok";
        }
        let waiting = self.waiting(of, number, target);
        let holds = match target.strip_prefix('@') {
            Some(alias) => self.models[of].aliases.get(alias) == Some(&number),
            None => stage == target,
        };
        if !holds {
            let right = ["Staging", "Production"].contains(&stage.as_str()) && tag.as_deref() == Some("true");
            let asker = waiting.map_or_else(|| by.to_owned(), |n| self.promotions[n].by.clone());
            if !right || asker.is_empty() {
                return "denied";
            }
            let approved =
                waiting.map_or(0, |n| self.promotions[n].approved.iter().filter(|who| **who != asker).count());
            if approved < 2 {
                if waiting.is_none() {
                    let (target, by) = (target.to_owned(), by.to_owned());
                    let new =
                        Promotion { of, version: number, target, others, by, state: "pending", approved: Vec::new() };
                    self.promotions.push(new);
                }
                return "denied";
            }
        }
        self.give(of, number, target, others);
        if let Some(n) = waiting {
            self.promotions[n].state = "done";
        }
        "ok"
    }

    fn give(&mut self, of: usize, number: u32, target: &str, others: bool) {
        let model = &mut self.models[of];
        if let Some(alias) = target.strip_prefix('@') {
            model.aliases.insert(alias.to_owned(), number);
            return;
        }
        for (other, (stage, _)) in &mut model.versions {
            if *other == number {
                target.clone_into(stage);
            } else if others && stage == target {
                "Archived".clone_into(stage);
            }
        }
    }

    fn decide(&mut self, n: usize, by: &str, what: &What) -> Said {
        let Some(n) = self.promotions.len().checked_sub(n + 1) else { return "not_found" };
        let one = self.promotions[n].clone();
        let called = self.called.iter().find(|(_, of)| **of == one.of).map(|(name, _)| name.clone());
        let Some(name) = called.filter(|_| self.models[one.of].versions.contains_key(&one.version)) else {
            return "not_found";
        };
        if one.state != "pending" {
            return "conflict";
        }
        if by.is_empty() {
            return "unauthenticated";
        }
        if matches!(what, What::Withdraw(_)) {
            if one.by != by {
                return "denied";
            }
            self.promotions[n].state = "withdrawn";
            return "ok";
        }
        if one.by == by || !REVIEWERS.contains(&by) || name != self.names[0] {
            return "denied";
        }
        if matches!(what, What::Reject(_)) {
            self.promotions[n].approved.retain(|who| who != by);
            self.promotions[n].state = "rejected";
            return "ok";
        }
        if !one.approved.iter().any(|who| who == by) {
            self.promotions[n].approved.push(by.to_owned());
        }
        self.grant(&name, one.of, one.version, &one.target, one.others, by);
        "ok"
    }
}
