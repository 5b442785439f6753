//! Errors as gRPC tells them. The one table of codes.
//!
//! Source: gRPC core, `doc/statuscodes.md`. TensorBoard 2.21.0 tells three of them apart and shows their messages.

use trackside_core::{Error, ErrorKind};

/// The number of a kind of error.
pub(crate) fn code(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::Invalid => 3,
        ErrorKind::NotFound => 5,
        ErrorKind::AlreadyExists => 6,
        ErrorKind::Denied => 7,
        ErrorKind::Throttled => 8,
        ErrorKind::Conflict => 9,
        ErrorKind::Unsupported => 12,
        ErrorKind::Internal => 13,
        ErrorKind::Unavailable => 14,
        ErrorKind::Corrupt => 15,
        ErrorKind::Unauthenticated => 16,
    }
}
