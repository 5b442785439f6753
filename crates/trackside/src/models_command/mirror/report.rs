//! What a mirror tells.

use serde::Serialize;
use trackside_evidence::mirror::{Conflict, ConflictKind, Plan};

use super::registry::subject;
use crate::{
    columns::plain,
    output::{Output, count},
};

/// A tag that was written.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    pub(super) tag: String,
    /// Empty in a trial for a version that has none yet.
    pub(super) commit: String,
}

/// A change of the registry.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    pub(super) model: String,
    /// Its number; empty for an alias that was taken away.
    pub(super) version: String,
    pub(super) what: String,
    pub(super) reason: String,
}

/// What was done, and what was not.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) git: Vec<Written>,
    pub(super) registry: Vec<Done>,
    pub(super) conflicts: Vec<Conflict>,
}

impl Report {
    /// Whether anything was done.
    pub(super) const fn has_done(&self) -> bool {
        !self.git.is_empty() || !self.registry.is_empty()
    }

    /// What would be done.
    pub(super) fn tell(&mut self, plan: &Plan) {
        self.git.extend(plan.to_git.iter().map(|deed| Written { tag: deed.name.to_string(), commit: String::new() }));
        self.registry.extend(plan.to_registry.iter().map(|deed| Done {
            model: deed.model.clone(),
            version: deed.number.map(|number| number.to_string()).unwrap_or_default(),
            what: subject(deed),
            reason: deed.reason.clone(),
        }));
    }

    /// Something that the server or git does not do.
    pub(super) fn refused(&mut self, artifact: &str, subject: String, why: &str) {
        self.conflicts.push(Conflict {
            artifact: artifact.to_owned(),
            subject,
            kind: ConflictKind::Refused,
            why: why.to_owned(),
            remedy: "do what it asks for, or take the change back on the other side".to_owned(),
        });
    }

    pub(super) fn say(&self, output: Output, is_trial: bool) -> anyhow::Result<()> {
        output.say(self, || self.text(is_trial))
    }

    fn text(&self, is_trial: bool) -> String {
        let would = if is_trial { "would be " } else { "" };
        let mut lines = Vec::new();
        lines.extend(self.git.iter().map(|written| format!("{would}tagged: {}", plain(&written.tag))));
        lines.extend(
            self.registry
                .iter()
                .map(|done| format!("{would}taken from git: {} ({})", plain(&done.what), plain(&done.reason))),
        );
        for conflict in &self.conflicts {
            let (of, subject) = (plain(&conflict.artifact), plain(&conflict.subject));
            lines.push(format!("conflict: {of} {subject}: {}", plain(&conflict.why)));
            lines.push(format!("    to end it: {}", plain(&conflict.remedy)));
        }
        lines.push(match self.conflicts.len() as u64 {
            0 if !self.has_done() => "git and the registry say the same".to_owned(),
            0 if is_trial => "nothing was done".to_owned(),
            0 => "now git and the registry say the same".to_owned(),
            n => format!("{} left to people; the rest says the same", count(n, "conflict")),
        });
        lines.push(String::new());
        lines.join("\n")
    }
}
