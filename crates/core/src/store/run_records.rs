use std::fmt;

use async_trait::async_trait;

use crate::{Key, LineExtent, LineQuery, NumberedLine, Page, PageRequest, Result, RunId};

/// Documents and lines of runs; they are written by [`super::Runs::append`] and removed with their run.
#[async_trait]
pub trait RunRecords: fmt::Debug + Send + Sync + 'static {
    /// The document of this name of each of these runs, in their order; `None` where there is none, or no such run.
    async fn documents(&self, runs: Vec<RunId>, name: &Key) -> Result<Vec<Option<String>>>;

    /// Lines by writer, then number. A page holds at most as many as asked for, and fewer when they are long, but at
    /// least one if there is one. Lines that come in between neither repeat nor hide others.
    async fn lines(&self, query: LineQuery, page: PageRequest) -> Result<Page<NumberedLine>>;

    /// How far the streams of a run go, by stream, then writer.
    async fn line_extents(&self, run: &RunId) -> Result<Vec<LineExtent>>;

    /// The secret of the server of this name: the same for ever, namely what was offered first.
    async fn secret(&self, name: &Key, offered: [u8; 32]) -> Result<[u8; 32]>;
}
