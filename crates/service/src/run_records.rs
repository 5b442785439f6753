use trackside_core::{Key, LineExtent, LineQuery, NumberedLine, Page, PageRequest, Result, RunId, Timestamp};

use crate::Service;

impl Service {
    /// The document of this name of each of these runs, in their order.
    pub async fn documents(&self, runs: Vec<RunId>, name: &Key) -> Result<Vec<Option<String>>> {
        self.store().documents(runs, name).await
    }

    /// One page of lines of a run.
    pub async fn lines(&self, query: LineQuery, page: PageRequest) -> Result<Page<NumberedLine>> {
        self.store().lines(query, page).await
    }

    /// How far the streams of a run go.
    pub async fn line_extents(&self, run: &RunId) -> Result<Vec<LineExtent>> {
        self.store().line_extents(run).await
    }

    /// The secret of this name, which outlives the process.
    pub async fn secret(&self, name: &Key) -> Result<[u8; 32]> {
        let mut offered = [0; 32];
        for half in offered.chunks_exact_mut(16) {
            half.copy_from_slice(&self.parts.ids.fresh()?.to_le_bytes());
        }
        self.store().secret(name, offered).await
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }
}
