//! Traces: what an application did for one request, as a tree of spans, whether or not a run was under way.

use std::fmt;

use crate::{Assessment, Error, ExperimentId, Key, KeyValue, Result, RunId, Span, Tag, Timestamp};

/// Longest id, in bytes.
const MAX_ID_BYTES: usize = 250;

/// Id of a trace, chosen by its client: any text that can be a segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(String);

impl TraceId {
    /// Checks the form; `Invalid` otherwise.
    pub fn parse(text: &str) -> Result<Self> {
        let is_segment = !matches!(text, "" | "." | "..") && !text.contains(['/', '\\']);
        if is_segment && text.len() <= MAX_ID_BYTES && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid(format!("Invalid trace ID: '{text}'")))
        }
    }

    /// 32 lower-case hexadecimal digits.
    pub fn fresh(bits: u128) -> Self {
        Self(format!("{bits:032x}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a trace has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TraceState {
    /// Nobody said.
    Unspecified,
    /// Ended well.
    Ok,
    /// Ended with an error.
    Error,
    /// Under way.
    InProgress,
}

impl TraceState {
    /// All, in MLflow's numbering from 0.
    pub const ALL: [Self; 4] = [Self::Unspecified, Self::Ok, Self::Error, Self::InProgress];

    /// The name, as stored and searched for.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Ok => "OK",
            Self::Error => "ERROR",
            Self::InProgress => "IN_PROGRESS",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A trace without its spans.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Unique.
    pub id: TraceId,
    /// Where it belongs.
    pub experiment: ExperimentId,
    /// What the application calls the request.
    pub client_request_id: Option<String>,
    /// Label.
    pub name: Option<String>,
    /// The conversation that the request is part of.
    pub session: Option<String>,
    /// When the request came.
    pub requested_at: Timestamp,
    /// How long it took, in ms.
    pub duration: Option<i64>,
    /// How far it has come.
    pub state: TraceState,
    /// Beginning of the request.
    pub request_preview: Option<String>,
    /// Beginning of the response.
    pub response_preview: Option<String>,
    /// Tokens and cost of all its spans.
    pub usage: Usage,
    /// URI of its files.
    pub artifact_uri: String,
    /// It was described as a whole; spans that come later change only what the description left open.
    pub is_described: bool,
    /// Sorted by key.
    pub metadata: Vec<KeyValue>,
    /// Sorted by key.
    pub tags: Vec<Tag>,
    /// What is thought of it, in the order in which it was said.
    pub assessments: Vec<Assessment>,
}

/// Tokens, and their cost in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// By [`Token::ALL`].
    pub tokens: [Option<i64>; Token::ALL.len()],
    /// By [`Cost::ALL`]; finite.
    pub cost: [Option<f64>; Cost::ALL.len()],
}

impl Usage {
    /// Whether any tokens are counted.
    pub fn has_tokens(&self) -> bool {
        self.tokens.iter().any(Option::is_some)
    }

    /// Whether any cost is known.
    pub fn has_cost(&self) -> bool {
        self.cost.iter().any(Option::is_some)
    }
}

/// What tokens are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Token {
    /// Of the prompt.
    Input,
    /// Of the answer.
    Output,
    /// Both.
    Total,
    /// Of the prompt, found in a cache.
    CacheRead,
    /// Of the prompt, put into a cache.
    CacheCreation,
    /// Of those, kept there for longer than an hour.
    CacheCreationLong,
}

impl Token {
    /// All, in the order of [`Usage::tokens`].
    pub const ALL: [Self; 6] =
        [Self::Input, Self::Output, Self::Total, Self::CacheRead, Self::CacheCreation, Self::CacheCreationLong];

    /// Where it stands in [`Usage::tokens`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// What cost is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cost {
    /// Of the prompt.
    Input,
    /// Of the answer.
    Output,
    /// Both.
    Total,
}

impl Cost {
    /// All, in the order of [`Usage::cost`].
    pub const ALL: [Self; 3] = [Self::Input, Self::Output, Self::Total];

    /// Where it stands in [`Usage::cost`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// A trace as its client describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTrace {
    /// Chosen by the client.
    pub id: TraceId,
    /// Must exist (`NotFound`) and be active (`Conflict`).
    pub experiment: ExperimentId,
    /// What the application calls the request.
    pub client_request_id: Option<String>,
    /// When the request came.
    pub requested_at: Timestamp,
    /// How long it took, in ms.
    pub duration: Option<i64>,
    /// How far it has come.
    pub state: TraceState,
    /// Beginning of the request.
    pub request_preview: Option<String>,
    /// Beginning of the response.
    pub response_preview: Option<String>,
    /// It is described as a whole.
    pub is_described: bool,
    /// URI of its files, if it is new.
    pub artifact_uri: String,
    /// What is known besides.
    pub facts: TraceFacts,
}

/// What may be known of a trace at any time. What is absent leaves what is there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TraceFacts {
    /// Label.
    pub name: Option<String>,
    /// The conversation that the request is part of.
    pub session: Option<String>,
    /// Tokens and cost.
    pub usage: Usage,
    /// The last value of a key stays.
    pub metadata: Vec<KeyValue>,
    /// The last value of a key stays.
    pub tags: Vec<Tag>,
}

/// Spans of one trace, and what they tell of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanBatch {
    /// Made if it is not there.
    pub trace: TraceId,
    /// One that is there already is replaced.
    pub spans: Vec<Span>,
    /// URI of the files of the trace, if it is new.
    pub artifact_uri: String,
    /// Beginning of the request, if nobody said.
    pub request_preview: Option<String>,
    /// Beginning of the response, if nobody said.
    pub response_preview: Option<String>,
    /// Who asked: metadata that is written only where the key is missing.
    pub first_metadata: Vec<KeyValue>,
    /// Name and tags are set; the session only where there is none. Usage is that of the spans.
    pub facts: TraceFacts,
}

/// One change of a trace.
#[derive(Debug, Clone, PartialEq)]
pub enum TraceChange {
    /// Sets a tag.
    SetTag(Tag),
    /// Removes a tag, which must exist (`NotFound`).
    DeleteTag(Key),
    /// Sets the name.
    SetName(String),
    /// Removes the name, which must exist (`NotFound`, as if it were a tag of this key).
    DeleteName(Key),
    /// It is over.
    End {
        /// When.
        at: Timestamp,
        /// How it went.
        state: TraceState,
        /// What is known besides.
        facts: Box<TraceFacts>,
    },
    /// It used these versions of prompts, written `name/version`; known ones are left alone.
    LinkPrompts(Vec<String>),
}

/// Which traces of an experiment to delete.
#[derive(Debug, Clone, PartialEq)]
pub enum TraceSelection {
    /// These; those of other experiments are left alone.
    Ids(Vec<TraceId>),
    /// Those up to this instant, the oldest first, at most so many.
    Until(Timestamp, Option<u64>),
}

/// Traces that a run has to do with though it did not make them.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceLinks {
    /// Unknown ones are passed over.
    pub traces: Vec<TraceId>,
    /// Need not exist.
    pub run: RunId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ids_cannot_leave_a_directory() {
        for bad in ["", ".", "..", "a/b", "a\\b", "a\nb", &"a".repeat(251)] {
            assert!(TraceId::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["tr-1234", "0123456789abcdef", "a b", "ä"] {
            assert_eq!(TraceId::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn counts_stand_where_their_lists_say() {
        assert!(Token::ALL.iter().enumerate().all(|(at, token)| token.index() == at));
        assert!(Cost::ALL.iter().enumerate().all(|(at, cost)| cost.index() == at));
    }
}
