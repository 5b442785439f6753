//! What is said of what was removed.

use std::io::{self, Write};

use serde_json::{Value as Json, json};
use trackside_core::store::{BinEntry, BinItem};
use trackside_service::{ExpiredBundle, HeldContent, Removed};

/// Lines as things are removed, or one JSON object at the end.
#[derive(Debug)]
pub(super) struct Report {
    dry_run: bool,
    items: Option<Vec<Json>>,
    n_said: u64,
}

impl Report {
    pub(super) fn new(dry_run: bool, json: bool) -> Self {
        Self { dry_run, items: json.then(Vec::new), n_said: 0 }
    }

    /// Something that was in the bin; no outcome when it is only planned.
    pub(super) fn entry(&mut self, entry: &BinEntry, outcome: Option<&Removed>) -> anyhow::Result<()> {
        let (kind, id, what) = match &entry.item {
            BinItem::Run(id) => ("run", id.to_string(), "Run with ID"),
            BinItem::LoggedModel(id) => ("logged_model", id.to_string(), "Logged model with ID"),
            BinItem::Experiment(id) => ("experiment", id.to_string(), "Experiment with ID"),
        };
        let line = match outcome {
            Some(Removed::ArtifactsLeft) => {
                let uri = &entry.artifact_uri;
                format!("{what} {id} {GONE} Its artifacts are out of reach and were left: {uri}")
            }
            Some(Removed::NoMore) => format!("{what} {id} was left: it is in use again, not empty, or gone."),
            _ => self.line(&format!("{what} {id}")),
        };
        let record = json!({
            "kind": kind, "id": id, "deleted_at_ms": entry.deleted_at.millis(), "artifact_uri": entry.artifact_uri,
            "outcome": word(outcome),
        });
        self.say(&line, record)
    }

    /// A bundle whose time is over.
    pub(super) fn bundle(&mut self, expired: &ExpiredBundle, outcome: Option<&Removed>) -> anyhow::Result<()> {
        let name = format!("{}:v{}", expired.collection, expired.number);
        let line = match outcome {
            Some(Removed::NoMore) => {
                format!("Artifact {name} was left: somebody has a use for it again, or it is gone.")
            }
            _ => self.line(&format!("Artifact {name}, whose time to live is over,")),
        };
        let record = json!({
            "kind": "artifact", "id": expired.id.to_string(), "name": name, "bytes": expired.size,
            "outcome": word(outcome),
        });
        self.say(&line, record)
    }

    /// A content that nobody needs.
    pub(super) fn content(&mut self, content: &HeldContent) -> anyhow::Result<()> {
        let (digest, size) = (content.digest, content.size);
        let line = self.line(&format!("Content with MD5 {digest} ({size} bytes)"));
        let outcome = word((!self.dry_run).then_some(&Removed::Whole));
        self.say(&line, json!({ "kind": "content", "id": digest.to_string(), "bytes": size, "outcome": outcome }))
    }

    /// When all was said.
    pub(super) fn end(self) -> anyhow::Result<()> {
        match self.items {
            Some(items) => write(&format!("{:#}\n", json!({ "dry_run": self.dry_run, "items": items }))),
            None if self.n_said == 0 => write("nothing to remove\n"),
            None => Ok(()),
        }
    }

    fn line(&self, what: &str) -> String {
        if self.dry_run { format!("{what} would be permanently deleted.") } else { format!("{what} {GONE}") }
    }

    fn say(&mut self, line: &str, record: Json) -> anyhow::Result<()> {
        self.n_said += 1;
        match &mut self.items {
            Some(items) => {
                items.push(record);
                Ok(())
            }
            None => write(&format!("{line}\n")),
        }
    }
}

/// MLflow's words.
const GONE: &str = "has been permanently deleted.";

fn word(outcome: Option<&Removed>) -> &'static str {
    match outcome {
        None => "planned",
        Some(Removed::Whole) => "removed",
        Some(Removed::ArtifactsLeft) => "removed_without_artifacts",
        Some(Removed::NoMore) => "left",
    }
}

fn write(text: &str) -> anyhow::Result<()> {
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}
