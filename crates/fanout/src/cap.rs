//! What happens when the log grows too large.

use std::time::Duration;

use tokio::time::sleep;
use trackside_core::Result;

use crate::{Fanout, WhenFull};

/// How often to look.
const INTERVAL: Duration = Duration::from_secs(2);

impl Fanout {
    /// Watches the size of the log for ever.
    pub(crate) async fn watch_cap(self) {
        let mut refusing = false;
        loop {
            sleep(INTERVAL).await;
            if let Err(error) = self.check_cap(&mut refusing).await {
                tracing::warn!(%error, "the size of the log of undelivered events is not known");
            }
        }
    }

    pub(crate) async fn check_cap(&self, refusing: &mut bool) -> Result<()> {
        let limits = self.parts().limits;
        let size = self.parts().log.log_size().await?;
        let full = size.bytes > limits.max_log_bytes;
        match limits.when_full {
            WhenFull::Refuse => {
                // A tenth of room before writes are let in again, so that it does not flutter.
                let enough_room = size.bytes <= limits.max_log_bytes - limits.max_log_bytes / 10;
                if full && !*refusing {
                    tracing::error!(
                        bytes = size.bytes,
                        limit = limits.max_log_bytes,
                        "the log of undelivered events is full: clients' writes are refused until sinks have caught up"
                    );
                    *refusing = true;
                } else if *refusing && enough_room {
                    tracing::info!("the log of undelivered events has room again: clients may write");
                    *refusing = false;
                }
                self.parts().log.refuse_writes(*refusing);
            }
            WhenFull::Detach if full => self.detach_last().await?,
            WhenFull::Detach => {}
        }
        Ok(())
    }

    /// Takes the sink furthest behind out of the log.
    async fn detach_last(&self) -> Result<()> {
        let cursors = self.parts().log.cursors().await?;
        let Some(last) = cursors.into_iter().max_by_key(|cursor| cursor.lag.bytes) else { return Ok(()) };
        let (sink, bytes) = (last.sink, last.lag.bytes);
        let subjects = self.detach(&sink).await?;
        tracing::error!(
            sink,
            bytes,
            subjects,
            "the log of undelivered events is full: sink {sink} has lost its place in it; the runs concerned will be sent again whole once it answers"
        );
        Ok(())
    }
}
