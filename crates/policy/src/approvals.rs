use std::fmt;

use trackside_core::Key;

use crate::{Approvals, Facts, Outcome, People, State};

impl Approvals {
    /// Who is for it and counts.
    pub(crate) fn counted<'a>(&'a self, facts: &'a Facts) -> impl Iterator<Item = &'a Key> {
        let counts = |name: &Key| is_one_of(&self.of, name) && facts.requester.as_ref() != Some(name);
        facts.votes.iter().filter(|vote| vote.approves).map(|vote| &vote.by).filter(move |name| counts(name))
    }

    pub(crate) fn judge(&self, facts: &Facts) -> Outcome {
        let rule = self.to_string();
        let names: Vec<&str> = self.counted(facts).map(Key::as_str).collect();
        if facts.requester.is_none() {
            let found = "it is not known who asks; an mlflow client says so with an API key in MLFLOW_TRACKING_TOKEN";
            return Outcome::new(rule, false, found);
        }
        let found = if names.is_empty() { "nobody yet".to_owned() } else { names.join(", ") };
        let state = if names.len() >= self.count { State::Met } else { State::Waits };
        Outcome { rule, state, found }
    }
}

impl fmt::Display for Approvals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = if self.count == 1 { "approval" } else { "approvals" };
        write!(f, "{} {one} by others", self.count)?;
        of(f, " of ", &self.of)
    }
}

/// Whether somebody is among these.
pub(crate) fn is_one_of(people: &People, name: &Key) -> bool {
    people.as_ref().is_none_or(|people| people.contains(name))
}

/// Writes who they are.
pub(crate) fn of(f: &mut fmt::Formatter<'_>, before: &str, people: &People) -> fmt::Result {
    let Some(people) = people else { return Ok(()) };
    f.write_str(before)?;
    for (n, name) in people.iter().enumerate() {
        write!(f, "{}{name}", if n > 0 { ", " } else { "" })?;
    }
    Ok(())
}
