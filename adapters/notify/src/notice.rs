//! What is told: one event, with all that there is to say of it.

use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use trackside_core::{Timestamp, VersionNumber};

use crate::EventKind;

/// An event, ready to be told. Serialised it is part of memories, whose version counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notice {
    /// Made of the name of the destination and of what happened: the same on every try.
    pub(crate) id: String,
    pub(crate) event: EventKind,
    /// When it happened, in milliseconds since the epoch.
    pub(crate) at: i64,
    pub(crate) about: About,
    /// Who did it, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
    /// Why, or what was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum About {
    /// A run.
    Run { id: String, name: String, experiment: String, experiment_id: String },
    /// A version of a registered model.
    Version {
        model: String,
        version: VersionNumber,
        /// A stage, or an alias with an @ before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
        /// The version that held the target before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous: Option<VersionNumber>,
        /// The run that made it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<String>,
    },
}

impl Notice {
    /// When it happened.
    pub(crate) const fn time(&self) -> Timestamp {
        Timestamp::from_millis(self.at)
    }

    /// All of it on one line.
    pub(crate) fn text(&self) -> String {
        let subject = self.about.text();
        let mut text = match (self.event, &self.about) {
            (EventKind::RunFinished, _) => format!("run finished: {subject}"),
            (EventKind::RunFailed, _) => format!("run failed: {subject}"),
            (EventKind::RunKilled, _) => format!("run killed: {subject}"),
            (EventKind::RunStale, _) => format!("run is stale: {subject}"),
            (EventKind::VersionCreated, _) => format!("new model version: {subject}"),
            (EventKind::AuditFailed, _) => format!("audit failed: {subject}"),
            (EventKind::PromotionRequested, about) => format!("promotion requested: {subject}{}", about.wanted()),
            (EventKind::PromotionApproved, about) => format!("promotion approved: {subject}{}", about.wanted()),
            (EventKind::PromotionRejected, about) => format!("promotion rejected: {subject}{}", about.wanted()),
            (EventKind::PromotionWithdrawn, about) => format!("promotion withdrawn: {subject}{}", about.wanted()),
            (EventKind::PromotionDone, about) => format!("promoted: {subject}{}", about.moved()),
            (EventKind::PromotionRolledBack, about) => format!("rolled back: {subject}{}", about.moved()),
        };
        if let Some(by) = &self.by {
            // Writing to a text cannot fail.
            write!(text, ", by {by}").ok();
        }
        if let Some(reason) = &self.reason {
            write!(text, " ({reason})").ok();
        }
        text.split(char::is_control).collect::<Vec<_>>().join(" ")
    }

    /// Its page, where `base` is the address of the server's pages.
    pub(crate) fn link(&self, base: Option<&str>) -> Option<String> {
        let base = base?.trim_end_matches('/');
        Some(match &self.about {
            About::Run { id, experiment_id, .. } => format!("{base}/#/experiments/{experiment_id}/runs/{id}"),
            About::Version { model, version, .. } => {
                format!("{base}/#/models/{}/versions/{version}", utf8_percent_encode(model, NON_ALPHANUMERIC))
            }
        })
    }
}

impl About {
    /// What tells it from anything else, whatever it is called.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Run { id, .. } => format!("run {id}"),
            Self::Version { model, version, .. } => format!("version {model}/{version}"),
        }
    }

    /// What people call it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Run { id, name, experiment, .. } => {
                let name = if name.is_empty() { id } else { name };
                if experiment.is_empty() { name.clone() } else { format!("{name} in {experiment}") }
            }
            Self::Version { model, version, .. } => format!("{model}/{version}"),
        }
    }

    fn wanted(&self) -> String {
        let Self::Version { target: Some(target), .. } = self else { return String::new() };
        format!(" to {target}")
    }

    fn moved(&self) -> String {
        let Self::Version { target: Some(target), previous, .. } = self else { return String::new() };
        let before = previous.map(|before| format!(", before: {before}")).unwrap_or_default();
        format!(" is {target}{before}")
    }
}

/// An id of 32 hexadecimal digits, made of parts that say together what it stands for.
pub(crate) fn id(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().iter().take(16).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A run that failed.
    pub(crate) fn failed(name: &str) -> Notice {
        Notice {
            id: id(&["sink", name]),
            event: EventKind::RunFailed,
            at: 1_735_787_045_678,
            about: About::Run {
                id: "0a".into(),
                name: name.into(),
                experiment: "vision".into(),
                experiment_id: "7".into(),
            },
            by: Some("alice".into()),
            reason: None,
        }
    }

    /// A version that became champion.
    pub(crate) fn promoted() -> Notice {
        let about = About::Version {
            model: "a b/c".into(),
            version: 3,
            target: Some("@champion".into()),
            previous: Some(2),
            run: None,
        };
        let reason = Some("it is\nbetter".into());
        Notice { event: EventKind::PromotionDone, about, reason, ..failed("x") }
    }

    #[test]
    fn a_notice_is_one_line_and_has_a_page() {
        assert_eq!(failed("calm-cat").text(), "run failed: calm-cat in vision, by alice");
        assert_eq!(promoted().text(), "promoted: a b/c/3 is @champion, before: 2, by alice (it is better)");
        let base = Some("https://t.example.com/x/");
        assert_eq!(failed("n").link(base).unwrap(), "https://t.example.com/x/#/experiments/7/runs/0a");
        assert_eq!(promoted().link(base).unwrap(), "https://t.example.com/x/#/models/a%20b%2Fc/versions/3");
        assert_eq!(promoted().link(None), None);
    }

    #[test]
    fn parts_of_an_id_do_not_run_together() {
        assert_ne!(id(&["ab", "c"]), id(&["a", "bc"]));
        assert_eq!(id(&["a"]), id(&["a"]));
        assert_eq!(id(&["a"]).len(), 32);
    }
}
