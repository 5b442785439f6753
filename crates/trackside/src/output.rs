//! What a command prints: a text for people or JSON for machines.

use std::io::{self, Write};

use serde::Serialize;

/// How a command answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// Prints an answer.
    pub(crate) fn say(self, answer: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        let text = if self.json { format!("{}\n", serde_json::to_string_pretty(answer)?) } else { text() };
        Ok(io::stdout().lock().write_all(text.as_bytes())?)
    }
}

/// `1 event`, `2 events`.
pub(crate) fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
