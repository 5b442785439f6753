//! Rules over what is on record of a version and its run.

use std::{fmt, time::Duration};

use trackside_core::{Key, Stage, Timestamp};
use trackside_evidence::{Dimension, Gap, Record, Verdict as Grade};

use crate::{
    AUDIT_TAG, AUDIT_TIME_TAG, AuditRule, CodeRule, Facts, Freeze, Outcome, Rule, TagRule,
    approvals::{is_one_of, of},
};

/// Differing files and gaps that are named.
const NAMED: usize = 3;

impl Rule {
    /// How it stands.
    pub(crate) fn judge(&self, facts: &Facts) -> Outcome {
        match self {
            Self::Code(rule) => over_record(rule, facts, |record| code(*rule, record)),
            Self::Data => over_record("data on record", facts, data),
            Self::Environment => over_record("environment on record", facts, environment),
            Self::Audit(rule) => rule.judge(facts),
            Self::Signature => match &facts.signature {
                Ok(true) => Outcome::new("model signature", true, "there is one"),
                Ok(false) => Outcome::new("model signature", false, "its MLmodel file has none"),
                Err(why) => Outcome::new("model signature", false, why),
            },
            Self::Artifacts => files(facts),
            Self::Origin(stages) => origin(stages, facts),
            Self::Tag(rule) => rule.judge(facts),
            Self::Metric(rule) => rule.judge(facts),
            Self::Soak(time) => soak(*time, facts),
            Self::CoolDown(time) => cool_down(*time, facts),
            Self::Freeze(times) => freeze(times, facts),
            Self::Approvals(rule) => rule.judge(facts),
        }
    }
}

fn over_record(rule: impl fmt::Display, facts: &Facts, judge: impl FnOnce(&Record) -> (bool, String)) -> Outcome {
    let (is_met, found) = match &facts.record {
        Ok(record) => judge(record),
        Err(why) => (false, why.clone()),
    };
    Outcome::new(rule.to_string(), is_met, found)
}

fn code(rule: CodeRule, record: &Record) -> (bool, String) {
    let Some(repository) = &record.code.repository else { return (false, gaps(record, Dimension::Code)) };
    let Some(commit) = repository.exact_commit() else { return (false, "no commit".to_owned()) };
    let is_clean = !repository.dirty && repository.untracked.count == 0 && repository.snapshot.is_none();
    match (rule, repository.exact_tree()) {
        (_, None) => (false, format!("commit {commit}, and uncommitted state that was not kept whole")),
        (CodeRule::Committed, Some(_)) if !is_clean => (false, format!("uncommitted state, kept as {commit}")),
        (_, Some(_)) if is_clean => (true, format!("commit {commit}")),
        (_, Some(_)) => (true, format!("snapshot {commit}")),
    }
}

fn data(record: &Record) -> (bool, String) {
    let missing = record.data.iter().filter(|data| data.digest.is_none() && !data.is_yet_to_be_made());
    let missing: Vec<&str> = missing.map(|data| data.path.as_str()).collect();
    if !missing.is_empty() {
        return (false, format!("no digest of {}", some(&missing)));
    }
    if own_gaps(record, Dimension::Data).next().is_some() {
        return (false, gaps(record, Dimension::Data));
    }
    match (record.data.len(), record.datasets.len()) {
        (0, 0) if record.reads_no_data => (true, "it reads no data".to_owned()),
        (0, 0) => (false, "no data is on record".to_owned()),
        (files, datasets) => (true, format!("{files} paths and {datasets} datasets with digests")),
    }
}

fn environment(record: &Record) -> (bool, String) {
    if own_gaps(record, Dimension::Environment).next().is_some() {
        return (false, gaps(record, Dimension::Environment));
    }
    match &record.environment.python {
        Some(python) => (true, format!("Python {}, {} packages", python.version, python.packages.len())),
        None => (true, "the machine; no interpreter".to_owned()),
    }
}

fn own_gaps(record: &Record, dimension: Dimension) -> impl Iterator<Item = &Gap> {
    record.gaps.iter().filter(move |gap| gap.dimension == dimension && !gap.aside)
}

fn gaps(record: &Record, dimension: Dimension) -> String {
    let gaps: Vec<String> = own_gaps(record, dimension).map(|gap| format!("{}: {}", gap.what, gap.why)).collect();
    if gaps.is_empty() {
        return "nothing is on record".to_owned();
    }
    some(&gaps.iter().map(String::as_str).collect::<Vec<_>>())
}

fn some(names: &[&str]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let named = names.iter().take(NAMED).copied().collect::<Vec<_>>().join("; ");
    if more > 0 { format!("{named}; and {more} more") } else { named }
}

fn files(facts: &Facts) -> Outcome {
    let rule = "files as the run stored them";
    match &facts.files {
        Err(why) => Outcome::new(rule, false, why),
        Ok(check) if check.differing.is_empty() => {
            Outcome::new(rule, true, format!("{} files, SHA-256 equal", check.count))
        }
        Ok(check) => {
            let names: Vec<&str> = check.differing.iter().map(String::as_str).collect();
            Outcome::new(rule, false, format!("changed or gone: {}", some(&names)))
        }
    }
}

fn origin(stages: &[Stage], facts: &Facts) -> Outcome {
    let names: Vec<&str> = stages.iter().map(Stage::as_str).collect();
    let stage = &facts.version.stage;
    Outcome::new(
        format!("comes from stage {}", names.join(" or ")),
        stages.contains(stage),
        format!("it is in {}", stage.as_str()),
    )
}

impl TagRule {
    fn judge(&self, facts: &Facts) -> Outcome {
        let rule = self.to_string();
        let Some(tag) = facts.version.tags.iter().find(|tag| tag.key == self.key) else {
            return Outcome::new(rule, false, "the version has no such tag");
        };
        let is_right = self.value.matches(&tag.value);
        let Some(_) = &self.by else { return Outcome::new(rule, is_right, format!("it is '{}'", tag.value)) };
        let (is_theirs, who) = set_by(facts, &self.key, |name| is_one_of(&self.by, name));
        Outcome::new(rule, is_right && is_theirs, format!("it is '{}', set by {who}", tag.value))
    }
}

impl fmt::Display for TagRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tag {} is {}", self.key, self.value)?;
        of(f, ", set by ", &self.by)
    }
}

/// Whether somebody of these set a tag last, and who it was.
fn set_by(facts: &Facts, key: &Key, is_theirs: impl FnOnce(&Key) -> bool) -> (bool, String) {
    match facts.history.tagged(facts.version.number, key.as_str()) {
        Some((Some(name), _)) => (is_theirs(name), name.to_string()),
        _ => (false, "somebody without a key".to_owned()),
    }
}

impl AuditRule {
    fn judge(&self, facts: &Facts) -> Outcome {
        let rule = self.to_string();
        let tag = facts.version.tags.iter().find(|tag| tag.key.as_str() == AUDIT_TAG);
        let Some(tag) = tag else {
            return Outcome::new(rule, false, "no audit is on record; `trackside audit --record` makes one");
        };
        let Some(grade) = Grade::ALL.into_iter().find(|grade| grade.name() == tag.value) else {
            return Outcome::new(rule, false, format!("'{}' is no verdict of an audit", tag.value));
        };
        let (is_theirs, who) = set_by(facts, &tag.key, |name| is_one_of(&self.by, name));
        let at = self.last(facts);
        let is_recent = self.within.is_none_or(|within| at.is_some_and(|at| since(at, facts.now) <= within));
        let is_met = grade <= self.at_least && (self.by.is_none() || is_theirs) && is_recent;
        let when = at.map_or_else(|| "nobody knows when".to_owned(), Timestamp::rfc3339);
        Outcome::new(rule, is_met, format!("{grade}, by {who}, {when}"))
    }
}

impl AuditRule {
    /// When somebody who may has last said so, by the history.
    fn last(&self, facts: &Facts) -> Option<Timestamp> {
        let said = [AUDIT_TAG, AUDIT_TIME_TAG].map(|tag| facts.history.tagged(facts.version.number, tag));
        let counts =
            |name: &Option<Key>| self.by.is_none() || name.as_ref().is_some_and(|name| is_one_of(&self.by, name));
        said.into_iter().flatten().filter(|(name, _)| counts(name)).map(|(_, at)| *at).max()
    }
}

impl fmt::Display for AuditRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "audited as {} or better", self.at_least)?;
        of(f, " by ", &self.by)?;
        self.within.map_or(Ok(()), |within| write!(f, " within {}", shown(within)))
    }
}

impl fmt::Display for CodeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Committed => "code committed",
            Self::Snapshotted => "code on record",
        })
    }
}

fn soak(time: Duration, facts: &Facts) -> Outcome {
    let (rule, stage) = (format!("in its stage for {}", shown(time)), facts.version.stage.as_str());
    let Some(since_when) = facts.history.in_stage_since(facts.version.number) else {
        return Outcome::new(rule, false, "its history does not say since when");
    };
    let found = format!("in {stage} since {}", since_when.rfc3339());
    Outcome::new(rule, since(since_when, facts.now) >= time, found)
}

fn cool_down(time: Duration, facts: &Facts) -> Outcome {
    let rule = format!("{} has not changed hands for {}", facts.target, shown(time));
    match facts.history.given_at(&facts.target) {
        None => Outcome::new(rule, true, "no version ever had it"),
        Some(at) => Outcome::new(rule, since(at, facts.now) >= time, format!("it last did {}", at.rfc3339())),
    }
}

fn freeze(times: &[Freeze], facts: &Facts) -> Outcome {
    match times.iter().find(|time| time.holds(facts.now)) {
        Some(time) => Outcome::new("no freeze", false, format!("there is one {time}")),
        None => Outcome::new("no freeze", true, format!("there is none at {}", facts.now.rfc3339())),
    }
}

fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(now.millis().saturating_sub(then.millis())).unwrap_or(0))
}

/// A time in the units in which it is configured.
fn shown(time: Duration) -> String {
    let mut left = time.as_secs();
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)].into_iter().filter_map(|(unit, secs)| {
        let n = left / secs;
        left %= secs;
        (n > 0).then(|| format!("{n}{unit}"))
    });
    let text: String = units.collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}
