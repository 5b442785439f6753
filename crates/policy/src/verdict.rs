use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};
use trackside_core::{Key, Timestamp};

use crate::{Facts, Policy};

/// How a rule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is met.
    Met,
    /// It is not.
    Unmet,
    /// It will be when others have approved.
    Waits,
}

/// What was found of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// What is wanted.
    pub rule: String,
    /// How that stands.
    pub state: State,
    /// What there is.
    pub found: String,
}

impl Outcome {
    pub(crate) fn new(rule: impl Into<String>, is_met: bool, found: impl Into<String>) -> Self {
        let state = if is_met { State::Met } else { State::Unmet };
        Self { rule: rule.into(), state, found: found.into() }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.found)
    }
}

/// What was found of all rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// When.
    pub at: Timestamp,
    /// In the order in which they are configured.
    pub outcomes: Vec<Outcome>,
    /// Who is for it and counts.
    pub approved_by: Vec<Key>,
}

impl Verdict {
    /// Judges all rules of these policies.
    pub fn of(policies: &[&Policy], facts: &Facts) -> Self {
        let mut verdict = Self { at: facts.now, outcomes: Vec::new(), approved_by: Vec::new() };
        for policy in policies {
            if policy.free_rollback
                && let Some(until) = facts.history.held_last(&facts.target, facts.version.number)
            {
                let found = format!("version {} held it until {}", facts.version.number, until.rfc3339());
                verdict.outcomes.push(Outcome::new("who held it last may have it back", true, found));
                continue;
            }
            for rule in &policy.rules {
                verdict.outcomes.push(rule.judge(facts));
                if let crate::Rule::Approvals(approvals) = rule {
                    let new = approvals.counted(facts).filter(|name| !verdict.approved_by.contains(name)).cloned();
                    let new: Vec<Key> = new.collect();
                    verdict.approved_by.extend(new);
                }
            }
        }
        verdict
    }

    /// Whether all rules are met.
    pub fn is_allowed(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.state == State::Met)
    }

    /// Whether nothing but the approval of others is missing.
    pub fn only_waits(&self) -> bool {
        !self.is_allowed() && self.outcomes.iter().all(|outcome| outcome.state != State::Unmet)
    }

    /// Those that are not met.
    pub fn unmet(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.state != State::Met)
    }

    /// As it stands in the ledger: version 1 of the form.
    pub fn evidence(&self) -> Value {
        json!({ "version": 1, "rules": self.outcomes, "approved_by": self.approved_by.iter().map(Key::as_str).collect::<Vec<_>>() })
    }
}
