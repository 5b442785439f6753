//! A program that was started, as callers see it.

use std::{
    process::Stdio,
    sync::atomic::{AtomicU64, Ordering},
};

use tokio::{
    process::Command,
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};
use trackside_core::{Capability, Error, Result};

use crate::{
    Config,
    conversation::{Call, Conversation, Phase},
    end::{not_started, unavailable},
    message::Done,
};

/// Lines that wait to be written: enough to keep a program busy, few enough to bound our memory.
const QUEUE: usize = 4;

/// Dropping it leaves calls under way undisturbed; the program ends with its task.
#[derive(Debug)]
pub(crate) struct Process {
    calls: mpsc::Sender<Call>,
    phase: watch::Receiver<Phase>,
    last_id: AtomicU64,
}

impl Process {
    /// Starts a program, whose life becomes one of the tasks. Its input and output are ours alone: it is in a
    /// process group of its own, so that an interrupt from the keyboard does not end it before its work is done.
    pub(crate) fn start(config: &Config, tasks: &mut JoinSet<()>) -> Result<Self> {
        let Some((program, arguments)) = config.command.split_first() else {
            return Err(Error::invalid("no program is named"));
        };
        let mut command = Command::new(program);
        command.args(arguments).envs(config.env.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &config.working_dir {
            command.current_dir(folder);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn().map_err(|cause| not_started(program, cause))?;
        let (calls, waiting) = mpsc::channel(QUEUE);
        let (sender, phase) = watch::channel(Phase::Starting);
        let conversation = Conversation {
            sink: config.name.clone(),
            answer_timeout: config.answer_timeout,
            calls: waiting,
            phase: sender,
        };
        tasks.spawn(conversation.hold(child));
        Ok(Self { calls, phase, last_id: AtomicU64::new(0) })
    }

    /// Whether it is of no use any more.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Ended(_))
    }

    /// Waits for its greeting and returns what it takes.
    pub(crate) async fn ready(&self) -> Result<Capability> {
        let mut phase = self.phase.clone();
        match phase.wait_for(|phase| *phase != Phase::Starting).await.as_deref() {
            Ok(Phase::Ready(capability)) => Ok(*capability),
            _ => Err(self.fault()),
        }
    }

    /// Has a line written, with an id for it, and waits for the answer. Dropping the future leaves the conversation
    /// in order: a line is written whole or not at all.
    pub(crate) async fn call(&self, line: impl FnOnce(u64) -> String + Send) -> Result<Done> {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let (reply, answer) = oneshot::channel();
        let place = self.calls.reserve().await.map_err(|_| self.fault())?;
        place.send(Call { id, line: line(id), reply });
        match answer.await {
            Ok(outcome) => outcome.map_err(Error::from),
            Err(_) => Err(self.fault()),
        }
    }

    /// Why there is no answer.
    fn fault(&self) -> Error {
        match &*self.phase.borrow() {
            Phase::Ended(why) => unavailable(why),
            _ => unavailable("the program was given up"),
        }
    }
}
