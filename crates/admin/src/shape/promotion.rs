use serde::{Deserialize, Serialize};
use trackside_core::{Promotion as Found, Timestamp};
use trackside_policy::{State, Verdict as Judged};

/// A page of promotions, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotions {
    /// On this page.
    pub promotions: Vec<Promotion>,
    /// The `before` of the next page, when there may be one.
    pub next_before: Option<u64>,
}

/// A version that somebody wants to have something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// Its number.
    pub id: u64,
    /// Name of the registered model.
    pub model: String,
    /// Which version.
    pub version: u32,
    /// A stage, or an alias behind `@`.
    pub to: String,
    /// Whether others of the stage go to the archive.
    pub archive_others: bool,
    /// Name of the API key.
    pub requested_by: String,
    /// ms since the epoch.
    pub requested_at: i64,
    /// Why.
    pub reason: Option<String>,
    /// `pending`, `done`, `rejected` or `withdrawn`.
    pub state: String,
    /// ms since the epoch.
    pub ended_at: Option<i64>,
    /// In the order in which they were given.
    pub votes: Vec<Vote>,
}

/// What somebody says to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Name of the API key.
    pub by: String,
    /// For it, or against it.
    pub approves: bool,
    /// ms since the epoch.
    pub at: i64,
    /// Why.
    pub reason: Option<String>,
}

/// What a policy says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether all rules are met.
    pub allowed: bool,
    /// Whether nothing but the approval of others is missing.
    pub waits: bool,
    /// All of them.
    pub rules: Vec<Rule>,
}

/// A rule, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What is wanted.
    pub rule: String,
    /// `met`, `unmet` or `waits`.
    pub state: String,
    /// What there is.
    pub found: String,
}

/// A promotion after somebody has said something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// As it is now.
    pub promotion: Promotion,
    /// What is still missing when it has been approved and is pending all the same.
    pub verdict: Option<Verdict>,
}

impl From<Found> for Promotion {
    fn from(found: Found) -> Self {
        Self {
            id: found.id,
            model: found.model.to_string(),
            version: found.version,
            to: found.target.to_string(),
            archive_others: found.archive_others,
            requested_by: found.requested_by.to_string(),
            requested_at: found.requested_at.millis(),
            reason: found.reason,
            state: found.state.as_str().to_owned(),
            ended_at: found.ended_at.map(Timestamp::millis),
            votes: found.votes.into_iter().map(Vote::from).collect(),
        }
    }
}

impl From<trackside_core::Vote> for Vote {
    fn from(vote: trackside_core::Vote) -> Self {
        Self { by: vote.by.to_string(), approves: vote.approves, at: vote.at.millis(), reason: vote.reason }
    }
}

impl From<Judged> for Verdict {
    fn from(judged: Judged) -> Self {
        let (allowed, waits) = (judged.is_allowed(), judged.only_waits());
        let rules = judged.outcomes.into_iter().map(|outcome| Rule {
            rule: outcome.rule,
            state: match outcome.state {
                State::Met => "met",
                State::Unmet => "unmet",
                State::Waits => "waits",
            }
            .to_owned(),
            found: outcome.found,
        });
        Self { allowed, waits, rules: rules.collect() }
    }
}
