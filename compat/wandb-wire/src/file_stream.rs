//! The file stream: `POST {base}/files/{entity}/{project}/{run}/file_stream`.
//!
//! Lines have numbers, `offset` and up; writing a number again replaces the line, which is what makes a repeated
//! request harmless. A request without `complete` says that the run goes on, also when it ended before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Rows of metrics, one line each.
pub const HISTORY: &str = "wandb-history.jsonl";
/// The latest values: always one line, at 0, which replaces the former.
pub const SUMMARY: &str = "wandb-summary.json";
/// System metrics, one line each.
pub const EVENTS: &str = "wandb-events.jsonl";
/// The console. Its last lines are rewritten all the time.
pub const OUTPUT: &str = "output.log";
/// What a request should hold at most, in bytes of its lines before they are escaped (client 0.31: 10 MiB).
pub const MAX_REQUEST_BYTES: usize = 10 << 20;
/// Longest line the client sends; longer rows it drops (client 0.31).
pub const MAX_LINE_BYTES: usize = 10_383_360;

/// One request. All fields may be absent; without any it says that the run lives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileStreamRequest {
    /// Lines by stream.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, Lines>,
    /// Paths of files whose bytes have been put in place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uploaded: Vec<String>,
    /// The computer is about to be taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preempting: Option<bool>,
    /// The run ends here. Only `Some(true)` says so: old clients send `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete: Option<bool>,
    /// How it ended; together with `complete`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exitcode: Option<i32>,
}

/// Consecutive lines of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// Number of the first line, from 0.
    pub offset: u64,
    /// The lines, each without a newline.
    pub content: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_is_an_empty_object() {
        assert_eq!(serde_json::to_string(&FileStreamRequest::default()).unwrap(), "{}");
    }

    #[test]
    fn lines_are_texts_within_strict_json() {
        let history = Lines { offset: 3, content: vec![r#"{"a":NaN}"#.to_owned()] };
        let request = FileStreamRequest {
            files: BTreeMap::from([(HISTORY.to_owned(), history)]),
            uploaded: vec!["f".to_owned()],
            preempting: None,
            complete: Some(true),
            exitcode: Some(0),
        };
        let text = r#"{"files":{"wandb-history.jsonl":{"offset":3,"content":["{\"a\":NaN}"]}},"uploaded":["f"],"complete":true,"exitcode":0}"#;
        assert_eq!(serde_json::to_string(&request).unwrap(), text);
        assert_eq!(serde_json::from_str::<FileStreamRequest>(text).unwrap(), request);
    }
}
