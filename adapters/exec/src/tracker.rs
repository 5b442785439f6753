//! The destination.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use tokio::task::JoinSet;
use trackside_core::{Batch, Capability, Delivered, Error, ErrorKind, Result, TrackerInterface, Withheld};

use crate::{
    Config,
    message::{Request, deliver},
    process::Process,
};

/// A destination that is a program; see the root of this crate for what is said to it.
///
/// Must be used within a runtime of Tokio with time and I/O. Dropping it kills the program.
pub struct ExecTracker {
    config: Config,
    slot: Mutex<Slot>,
}

/// The program that runs now, if any, and the tasks that keep it.
#[derive(Default)]
struct Slot {
    process: Option<Arc<Process>>,
    tasks: JoinSet<()>,
}

impl ExecTracker {
    /// Starts nothing yet.
    pub fn new(config: Config) -> Self {
        Self { config, slot: Mutex::default() }
    }

    /// The program that runs, or a new one.
    fn process(&self) -> Result<Arc<Process>> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(process) = slot.process.as_ref().filter(|process| !process.has_ended()) {
            return Ok(Arc::clone(process));
        }
        while slot.tasks.try_join_next().is_some() {}
        let process = Arc::new(Process::start(&self.config, &mut slot.tasks)?);
        slot.process = Some(Arc::clone(&process));
        Ok(process)
    }

    async fn ask(&self, request: impl FnOnce(u64) -> Request<'static> + Send) -> Result<()> {
        let process = self.process()?;
        process.ready().await?;
        process.call(|id| request(id).line()).await.map(drop)
    }
}

/// What remains of a batch; nothing is copied for those who take everything.
fn restrict<'a>(capability: Capability, batch: &'a Batch, withheld: &mut Withheld) -> Option<Cow<'a, Batch>> {
    if capability == Capability::ALL {
        return Some(Cow::Borrowed(batch));
    }
    capability.restrict(batch.clone(), withheld).map(Cow::Owned)
}

#[async_trait]
impl TrackerInterface for ExecTracker {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn capability(&self) -> Capability {
        self.config.capability
    }

    async fn probe(&self) -> Result<()> {
        self.ask(|id| Request::Probe { id }).await
    }

    async fn deliver(&self, batch: &Batch, memory: Option<&str>) -> Result<Delivered> {
        let mut lacking = Withheld::default();
        restrict(self.config.capability, batch, &mut lacking);
        if !lacking.is_empty() {
            return Err(Error::new(ErrorKind::Unsupported, "the batch holds what this destination cannot represent"));
        }
        let process = self.process()?;
        let mut withheld = Withheld::default();
        let Some(rest) = restrict(process.ready().await?, batch, &mut withheld) else {
            return Ok(Delivered { memory: memory.map(str::to_owned), withheld, keep_alive: false });
        };
        let done = process.call(|id| deliver(id, memory, &rest)).await?;
        withheld.extend(&done.withheld());
        Ok(Delivered { memory: done.memory.after(memory), withheld, keep_alive: false })
    }

    async fn flush(&self) -> Result<()> {
        self.ask(|id| Request::Flush { id }).await
    }
}

impl fmt::Debug for ExecTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecTracker").field("config", &self.config).finish_non_exhaustive()
    }
}
