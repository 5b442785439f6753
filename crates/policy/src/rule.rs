use std::{collections::BTreeSet, time::Duration};

use trackside_core::{Key, Stage};
use trackside_evidence::Verdict as Grade;

use crate::{Freeze, MetricRule, Pattern, Policy};

/// One thing that has to be true.
#[derive(Debug, Clone)]
pub enum Rule {
    /// The code is on record.
    Code(CodeRule),
    /// All data that the run read is on record, with digests.
    Data,
    /// Interpreter, packages and machine are on record.
    Environment,
    /// Somebody has looked whether the run can be repeated.
    Audit(AuditRule),
    /// The model says what it takes and what it gives.
    Signature,
    /// The files are those that the run stored: their SHA-256 is taken anew.
    Artifacts,
    /// The version has one of these stages.
    Origin(Vec<Stage>),
    /// The version has a tag.
    Tag(TagRule),
    /// A metric of its run.
    Metric(MetricRule),
    /// It has been in its stage for so long.
    Soak(Duration),
    /// What it is to have has not changed hands for so long.
    CoolDown(Duration),
    /// It is none of these times.
    Freeze(Vec<Freeze>),
    /// Others are for it.
    Approvals(Approvals),
}

/// Names of API keys; `None` for everybody.
pub type People = Option<BTreeSet<Key>>;

/// What is wanted of the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeRule {
    /// A commit, and nothing besides.
    Committed,
    /// A commit, and whatever was not committed in a snapshot.
    Snapshotted,
}

/// What is wanted of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRule {
    /// This verdict, or a better one.
    pub at_least: Grade,
    /// Recorded by one of these.
    pub by: People,
    /// Not longer ago than this.
    pub within: Option<Duration>,
}

/// A tag that is wanted.
#[derive(Debug, Clone)]
pub struct TagRule {
    /// Which.
    pub key: Key,
    /// Its value.
    pub value: Pattern,
    /// Set by one of these.
    pub by: People,
}

/// How many have to be for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approvals {
    /// So many, none of whom has asked for it.
    pub count: usize,
    /// Of these.
    pub of: People,
}

/// Something that has to be found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The run of the version.
    Run,
    /// What is known of how the run came to be.
    Record,
    /// Who holds what the version is to have, and its run.
    Holder,
    /// The history of the model.
    History,
    /// Whether the model has a signature.
    Signature,
    /// Whether its files are as they were.
    Files,
}

/// All that has to be found out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs(BTreeSet<Need>);

impl Rule {
    /// What the rule has to know.
    fn needs(&self) -> &'static [Need] {
        match self {
            Self::Code(_) | Self::Data | Self::Environment => &[Need::Run, Need::Record],
            Self::Audit(_) | Self::Soak(_) | Self::CoolDown(_) => &[Need::History],
            Self::Tag(tag) if tag.by.is_some() => &[Need::History],
            Self::Signature => &[Need::Signature],
            Self::Artifacts => &[Need::Run, Need::Record, Need::Files],
            Self::Metric(rule) if rule.bound.is_relative() => &[Need::Run, Need::Holder],
            Self::Metric(_) => &[Need::Run],
            Self::Tag(_) | Self::Origin(_) | Self::Freeze(_) | Self::Approvals(_) => &[],
        }
    }
}

impl Needs {
    /// Of all these policies.
    pub fn of(policies: &[&Policy]) -> Self {
        let rules = policies.iter().flat_map(|policy| &policy.rules).flat_map(Rule::needs).copied();
        let rollback = policies.iter().any(|policy| policy.free_rollback).then_some(Need::History);
        Self(rules.chain(rollback).collect())
    }

    /// Whether this is among it.
    pub fn has(&self, need: Need) -> bool {
        self.0.contains(&need)
    }
}
