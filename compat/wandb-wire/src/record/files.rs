//! Files beside the record file.

use prost::Message;

/// Files of the run.
#[derive(Clone, PartialEq, Message)]
pub struct Files {
    /// Which.
    #[prost(message, repeated, tag = "1")]
    pub files: Vec<File>,
}

/// A file of the run.
#[derive(Clone, PartialEq, Message)]
pub struct File {
    /// Path below `files/`.
    #[prost(string, tag = "1")]
    pub path: String,
    /// When to upload it: 0 at once, 1 at the end, 2 whenever it changes.
    #[prost(int32, tag = "2")]
    pub policy: i32,
}
