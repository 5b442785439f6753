//! Lines on their way to the file stream of a run.

use trackside_core::Result;
use trackside_wandb_wire::file_stream::{FileStreamRequest, Lines, MAX_REQUEST_BYTES};

use crate::online::{Client, Place};

/// Lines that are sent together at most.
const MAX_LINES: usize = 10_000;

/// Lines that wait, and how many of each stream were sent. Numbers begin with 0 for each run, so to send one again changes
/// nothing.
#[derive(Debug, Default)]
pub(super) struct Sending {
    waiting: FileStreamRequest,
    lines: usize,
    bytes: usize,
}

impl Sending {
    /// Adds a line; sends what waits when that is enough.
    pub(super) async fn line(&mut self, client: &Client, run: Place<'_>, stream: &str, line: String) -> Result<()> {
        if self.lines == MAX_LINES || self.bytes + line.len() > MAX_REQUEST_BYTES {
            self.flush(client, run).await?;
        }
        (self.lines, self.bytes) = (self.lines + 1, self.bytes + line.len());
        self.waiting.files.entry(stream.to_owned()).or_default().content.push(line);
        Ok(())
    }

    /// Sends what waits.
    pub(super) async fn flush(&mut self, client: &Client, run: Place<'_>) -> Result<()> {
        client.stream(run, &self.waiting).await?;
        for lines in self.waiting.files.values_mut() {
            let sent = std::mem::take(lines);
            *lines = Lines { offset: sent.offset + sent.content.len() as u64, content: Vec::new() };
        }
        (self.lines, self.bytes) = (0, 0);
        Ok(())
    }

    /// The last request, with what waits.
    pub(super) fn last(mut self) -> FileStreamRequest {
        self.waiting.files.retain(|_, lines| !lines.content.is_empty());
        self.waiting
    }
}
