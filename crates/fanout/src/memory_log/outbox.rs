use async_trait::async_trait;
use trackside_core::{
    Error, ErrorKind, Result, Seq,
    store::{Entry, LogRange, LogSize, Outbox},
};

use super::{MemoryLog, Ordering};

#[async_trait]
impl Outbox for MemoryLog {
    fn is_logging(&self) -> bool {
        !self.state().cursors.is_empty()
    }

    async fn log_size(&self) -> Result<LogSize> {
        let state = self.state();
        Ok(LogSize { end: state.end, entries: state.entries.len() as u64, bytes: state.bytes })
    }

    async fn read_log(&self, range: LogRange) -> Result<Vec<Entry>> {
        let state = self.state();
        let mut read = Vec::new();
        let mut bytes = 0;
        for entry in state.entries.range(state.after(range.after)..) {
            let beyond = range.until.is_some_and(|until| entry.batch.last() > until);
            if beyond || (bytes >= range.max_bytes && !read.is_empty()) {
                break;
            }
            if range.subject.as_ref().is_none_or(|subject| *subject == entry.batch.subject()) {
                bytes += entry.bytes;
                read.push(entry.clone());
            }
        }
        Ok(read)
    }

    async fn wait_log(&self, after: Seq) -> Result<()> {
        let closed = || Error::new(ErrorKind::Unavailable, "the log is closed");
        self.end.subscribe().wait_for(|end| *end > after).await.map(drop).map_err(|_| closed())
    }

    fn refuse_writes(&self, refuse: bool) {
        self.refusing.store(refuse, Ordering::Relaxed);
    }
}
