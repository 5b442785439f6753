//! Answers of any status, for those to whom the status itself is the answer.

use trackside_core::Retry;

use crate::Refusal;

/// An answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// When the peer wants to be asked again, if it says so.
    pub retry: Retry,
    /// The first 64 KiB of the body.
    pub body: Vec<u8>,
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        refusal.into_reply()
    }
}
