//! Calls that end without a whole answer.

use std::{fmt, time::Duration};

use trackside_core::{Error, ErrorKind};

use crate::reach::NotPublic;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The connection failed, or the other side does not speak HTTP.
    Connection(reqwest::Error),
    /// Nothing moved for so long.
    Stalled(Duration),
    /// The answer is larger than this.
    TooLarge(usize),
}

impl From<reqwest::Error> for Broken {
    fn from(error: reqwest::Error) -> Self {
        // The URL may hold secrets; `Shown` says what may be said of it.
        Self::Connection(error.without_url())
    }
}

impl Broken {
    /// `Unavailable`, but `Internal` for a request that we could not even write.
    pub(crate) fn into_error(self, call: &impl fmt::Display) -> Error {
        match self {
            Self::Connection(error) if error.is_builder() => {
                Error::internal(format!("{call}: the request cannot be written")).with_source(error)
            }
            Self::Connection(error) => {
                if let Some(refused) = out_of_reach(&error) {
                    return Error::new(ErrorKind::Denied, format!("{call}: {refused}"));
                }
                let what = if error.is_connect() { "no connection" } else { "the connection broke" };
                let message = format!("{call}: {what}: {}", root(&error));
                Error::new(ErrorKind::Unavailable, message).with_source(error)
            }
            Self::Stalled(limit) => {
                let seconds = limit.as_secs_f64();
                Error::new(ErrorKind::Unavailable, format!("{call}: no answer within {seconds} s"))
            }
            Self::TooLarge(limit) => {
                Error::new(ErrorKind::Unavailable, format!("{call}: the answer has more than {limit} bytes"))
            }
        }
    }
}

/// The address that was not connected to, if that is the cause.
fn out_of_reach(error: &reqwest::Error) -> Option<&NotPublic> {
    let mut cause: &dyn std::error::Error = error;
    loop {
        cause = cause.source()?;
        if let Some(refused) = cause.downcast_ref() {
            return Some(refused);
        }
    }
}

/// The innermost cause, which says most: `Connection refused` rather than `error sending request`.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
