use serde::{Deserialize, Serialize};

/// The last messages that a sink has sent or tried to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sendings {
    /// Oldest first.
    pub sendings: Vec<Sending>,
}

/// One try of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The id of the message, the same on every try.
    pub id: String,
    /// What sort of message it is, e.g. `run.failed`.
    pub event: String,
    /// What it says, on one line.
    pub text: String,
    /// To whom.
    pub to: String,
    /// How long it took.
    pub took_ms: u64,
    /// Why it failed; null when it was taken.
    pub error: Option<String>,
}

impl From<trackside_core::Sending> for Sending {
    fn from(sending: trackside_core::Sending) -> Self {
        let trackside_core::Sending { at, id, event, text, to, took, error } = sending;
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Self { at_ms: at.millis(), id, event, text, to, took_ms, error }
    }
}
