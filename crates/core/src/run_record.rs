//! Text that a protocol keeps with a run as it came, because its clients want it back as it was.

use crate::{Key, RunId};

/// Highest number of a line, and most lines of a stream.
pub const MAX_LINE_NUMBER: u64 = 1 << 48;

/// A text that is replaced as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is called; a run has one of each name.
    pub name: Key,
    /// Any text.
    pub text: String,
}

/// Consecutive lines of a stream. A number that is known gets another line, so a repetition is harmless; numbers that
/// are left out have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// Which stream of the run.
    pub stream: Key,
    /// Who writes, when several do, each with numbers of their own; else empty.
    pub writer: Key,
    /// Number of the first; beyond [`MAX_LINE_NUMBER`] is `Invalid`.
    pub first: u64,
    /// In order.
    pub lines: Vec<Line>,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The step it tells of, so that it is found by it.
    pub step: Option<i64>,
    /// Any text.
    pub text: String,
}

/// A line as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedLine {
    /// Whose it is.
    pub writer: Key,
    /// Its number.
    pub number: u64,
    /// What was written last.
    pub text: String,
}

/// How far a stream goes, writer by writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineExtent {
    /// Which stream.
    pub stream: Key,
    /// Whose lines.
    pub writer: Key,
    /// One more than the highest number.
    pub end: u64,
    /// Of the lines that tell of a step, no step is higher; `None` when none does.
    pub last_step: Option<i64>,
}

/// Which lines to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineQuery {
    /// Of which run; an unknown one has none.
    pub run: RunId,
    /// Of which stream.
    pub stream: Key,
    /// Of this writer only.
    pub writer: Option<Key>,
    /// From this number on.
    pub from: u64,
    /// Lines that do not tell of a step in this range may be left out, and need not be.
    pub steps: Option<std::ops::RangeInclusive<i64>>,
}
