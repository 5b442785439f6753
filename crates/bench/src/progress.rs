//! Where lines go: progress to stderr, results to stdout.

use std::io::{self, Write as _};

/// One line of progress. A closed stderr is no reason to stop measuring.
pub(crate) fn step(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}

/// A result, as it stands.
pub(crate) fn print(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}
