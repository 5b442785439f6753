//! Why a conversation with a program came to its end.

use std::{fmt, io, process::ExitStatus, time::Duration};

use trackside_core::{Error, ErrorKind};

/// Longest quotation of a program in a message, in characters.
const MAX_QUOTED: usize = 200;

/// What broke the conversation off.
#[derive(Debug)]
pub(crate) enum Cause {
    /// It reads or writes no longer.
    Closed,
    /// It said what is no answer, and why that is so.
    NoAnswer { said: String, fault: String },
    /// It began an answer of more bytes than this.
    TooLong(usize),
    /// It was silent for so long.
    Silent(Duration),
    /// It answers other calls and forgets some.
    Forgetful,
}

/// The whole story.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) cause: Cause,
    /// How it exited, if it did so by itself.
    pub(crate) status: Option<ExitStatus>,
    /// The last line it wrote to its standard error.
    pub(crate) last_words: String,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.status) {
            (Cause::Closed, Some(status)) => write!(f, "the program ended ({status})")?,
            (Cause::Closed, None) => f.write_str("the program closed its input or output")?,
            (Cause::NoAnswer { said, fault }, _) => {
                write!(f, "the program said what is no answer ({fault}): {}", quoted(said))?;
            }
            (Cause::TooLong(cap), _) => write!(f, "the program began an answer of more than {cap} bytes")?,
            (Cause::Silent(time), _) => write!(f, "the program gave no answer for {time:?}")?,
            (Cause::Forgetful, _) => f.write_str("the program left too many calls without an answer")?,
        }
        if !self.last_words.is_empty() {
            write!(f, "; the last line on its standard error is {}", quoted(&self.last_words))?;
        }
        Ok(())
    }
}

/// The beginning of a text, in quotes and with control characters spelt out.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(MAX_QUOTED).collect();
    let dots = if short.len() < text.len() { "..." } else { "" };
    format!("{short:?}{dots}")
}

/// The error of calls that an end cut short.
pub(crate) fn unavailable(why: &str) -> Error {
    Error::new(ErrorKind::Unavailable, why)
}

/// The program could not even be started.
pub(crate) fn not_started(program: &str, cause: io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, format!("the program {program} cannot be started: {cause}")).with_source(cause)
}
