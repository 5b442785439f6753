//! Messages of tags: a sentence, and lines of `key: value`.

use std::collections::BTreeMap;

use trackside_core::VersionNumber;

const REGISTRY: &str = "trackside-registry";
const ENTRY: &str = "trackside-entry";
const VERSION: &str = "trackside-version";
const SOURCE: &str = "source";
const RUN: &str = "run";
const BY: &str = "by";
const REASON: &str = "reason";

/// What a message says, as far as it is read back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The registry whose mirror wrote the tag: the digest of its first entry.
    pub registry: Option<String>,
    /// The entry of its ledger that the tag was written for; of a registration the one that registered the version.
    pub entry: Option<u64>,
    /// The number of the version there.
    pub number: Option<VersionNumber>,
    /// Where the files come from.
    pub source: Option<String>,
    /// The run that made it.
    pub run: Option<String>,
    /// Who it was.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl Message {
    /// Reads a message, of whoever wrote it. The first of several lines of a key counts.
    pub fn read(text: &str) -> Self {
        let mut lines: BTreeMap<&str, &str> = BTreeMap::new();
        for (key, value) in text.lines().filter_map(|line| line.split_once(": ")) {
            lines.entry(key).or_insert(value.trim());
        }
        let line = |key| lines.get(key).copied().filter(|value| !value.is_empty()).map(str::to_owned);
        Self {
            registry: line(REGISTRY),
            entry: line(ENTRY).and_then(|entry| entry.parse().ok()),
            number: line(VERSION).and_then(|number| number.parse().ok()),
            source: line(SOURCE),
            run: line(RUN),
            by: line(BY),
            reason: line(REASON),
        }
    }

    /// The message of a tag.
    pub fn text(&self, sentence: &str) -> String {
        let mut text = format!("{}\n\n", one_line(sentence));
        let lines = [
            (REGISTRY, self.registry.clone()),
            (ENTRY, self.entry.map(|entry| entry.to_string())),
            (VERSION, self.number.map(|number| number.to_string())),
            (RUN, self.run.clone()),
            (SOURCE, self.source.clone()),
            (BY, self.by.clone()),
            (REASON, self.reason.clone()),
        ];
        for (key, value) in lines {
            if let Some(value) = value {
                text.extend([key, ": ", &one_line(&value), "\n"]);
            }
        }
        text
    }
}

/// A line of what people wrote must not become one of ours.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_and_nobody_slips_a_line_in() {
        let message = Message {
            registry: Some("ab".to_owned()),
            entry: Some(7),
            number: Some(2),
            source: Some("runs:/r/model".to_owned()),
            run: Some("r".to_owned()),
            by: None,
            reason: Some("better\ntrackside-entry: 9".to_owned()),
        };
        let read = Message::read(&message.text("Register churn\nsource: x"));
        assert_eq!(read.reason.as_deref(), Some("better trackside-entry: 9"));
        assert_eq!(Message { reason: None, ..read }, Message { reason: None, ..message });
        assert_eq!(Message::read("Registering artifact churn version v1.0.0\n"), Message::default());
    }
}
