//! What comes in besides rows: measurements of the system, and what the program writes.

use prost::Message;

use super::{Item, Time};

/// Measurements of the system at one time.
#[derive(Clone, PartialEq, Message)]
pub struct Stats {
    /// When.
    #[prost(message, optional, tag = "2")]
    pub timestamp: Option<Time>,
    /// Their names lack `system.`.
    #[prost(message, repeated, tag = "3")]
    pub item: Vec<Item>,
}

/// Something that the program has written: any part of a line, or several.
#[derive(Clone, PartialEq, Message)]
pub struct OutputRaw {
    /// 0 for standard error, 1 for standard output.
    #[prost(int32, tag = "1")]
    pub output_type: i32,
    /// When.
    #[prost(message, optional, tag = "2")]
    pub timestamp: Option<Time>,
    /// As it was written.
    #[prost(string, tag = "3")]
    pub line: String,
}
