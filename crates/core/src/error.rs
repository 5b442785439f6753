//! The one error type: what went wrong, whether to try again, and a message fit for a client.
//!
//! Protocols map [`ErrorKind`] to their own codes in one table of their wire crate; adapters read
//! their peer's errors in one `From`. Context and source are for the log only.

use std::{error, fmt, time::Duration};

/// Shorthand used by every trait of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. Closed and small: a new kind needs a caller that behaves differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The thing named does not exist.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// The request can never be right, whatever the state.
    Invalid,
    /// The request is well-formed but the present state forbids it.
    Conflict,
    /// This build, store or destination cannot do it.
    Unsupported,
    /// No or wrong credentials.
    Unauthenticated,
    /// Known, but not allowed.
    Denied,
    /// Too much at once.
    Throttled,
    /// The other side cannot be reached or is overloaded.
    Unavailable,
    /// Stored data is not what was written.
    Corrupt,
    /// A fault of ours.
    Internal,
}

impl ErrorKind {
    /// The name in lower case: in answers, in labels of metrics, in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::Unsupported => "unsupported",
            Self::Unauthenticated => "unauthenticated",
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Corrupt => "corrupt",
            Self::Internal => "internal",
        }
    }
}

/// Whether the same call can succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Never: the request itself is at fault.
    Never,
    /// Later, when the caller's own backoff says.
    Later,
    /// Not before this time has passed, as the other side asked.
    After(Duration),
}

/// An error of any layer. Cheap to make on the failing path, never on the good one.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    retry: Retry,
    message: String,
    context: Vec<(&'static str, String)>,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind; `Throttled` and `Unavailable` may be tried again later, others never.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let retry = match kind {
            ErrorKind::Throttled | ErrorKind::Unavailable => Retry::Later,
            _ => Retry::Never,
        };
        Self(Box::new(Inner { kind, retry, message: message.into(), context: Vec::new(), source: None }))
    }

    /// The request can never be right.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// The thing named does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// The name is taken.
    pub fn already_exists(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::AlreadyExists, message)
    }

    /// The present state forbids it.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// A fault of ours. The message is for the log as well; keep secrets out.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Overrides whether the call may be tried again.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// Adds a fact for the log.
    #[must_use]
    pub fn with_context(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((name, value.to_string()));
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether to try again.
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// The text a client may see.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Facts for the log, in the order they were added.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.0.context
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        for (name, value) in &self.0.context {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_temporary_kinds_may_be_tried_again() {
        assert_eq!(Error::new(ErrorKind::Unavailable, "down").retry(), Retry::Later);
        assert_eq!(Error::invalid("bad").retry(), Retry::Never);
    }

    #[test]
    fn context_is_shown_in_the_log_but_not_to_clients() {
        let error = Error::not_found("no such run").with_context("run", "r1");
        assert_eq!(error.to_string(), "no such run run=r1");
        assert_eq!(error.message(), "no such run");
    }
}
