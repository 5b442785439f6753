//! The task of one sink: does its work, takes commands between, survives a panic.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use trackside_core::{
    Error, Result,
    store::{Cursor, CursorChange},
};

use crate::{
    Parts, Retried, Sink,
    engine::{Engine, Worked},
    health::Health,
};

/// Pause after the log itself failed, or after a panic.
const PAUSE: Duration = Duration::from_secs(1);
/// Commands that may wait. Users send them by hand.
const QUEUE: usize = 16;

/// What a worker is asked to do between deliveries.
pub(crate) enum Command {
    /// Change the cursor.
    Change(CursorChange, Reply<()>),
    /// Try at once, whatever the breaker says.
    Encourage,
    /// Try dead letters again.
    Retry(Option<Vec<u64>>, Reply<Retried>),
    /// Give up the place in the log.
    Detach(Reply<u64>),
}

type Reply<T> = oneshot::Sender<Result<T>>;

impl Command {
    /// Nothing can be done while the log cannot be used.
    fn refuse(self, error: &Error) {
        let error = || Error::new(error.kind(), error.message());
        // Whoever asked may have gone.
        match self {
            Self::Change(_, reply) => drop(reply.send(Err(error()))),
            Self::Encourage => {}
            Self::Retry(_, reply) => drop(reply.send(Err(error()))),
            Self::Detach(reply) => drop(reply.send(Err(error()))),
        }
    }
}

/// How others reach a worker.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    commands: mpsc::Sender<Command>,
    bell: Arc<Notify>,
    /// Ends the worker once it has caught up.
    drain: CancellationToken,
    /// Ends the worker at once.
    stop: CancellationToken,
    pub(crate) ended: CancellationToken,
    pub(crate) health: Arc<Health>,
    pub(crate) sink: Sink,
}

impl Handle {
    pub(crate) async fn send(&self, command: Command) {
        // A worker that has ended needs no command.
        self.commands.send(command).await.ok();
        self.bell.notify_one();
    }

    /// Sends a command and waits for its outcome.
    pub(crate) async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply)).await;
        answer.await.unwrap_or_else(|_| Err(Error::conflict("the sink was stopped meanwhile")))
    }

    pub(crate) fn drain(&self) {
        self.drain.cancel();
        self.bell.notify_one();
    }

    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.bell.notify_one();
        self.ended.cancelled().await;
    }
}

/// The task's own side.
struct Worker {
    sink: Sink,
    parts: Arc<Parts>,
    health: Arc<Health>,
    commands: mpsc::Receiver<Command>,
    bell: Arc<Notify>,
    drain: CancellationToken,
    stop: CancellationToken,
}

/// A worker for a sink that has a cursor, and how to reach it. The future is the task.
pub(crate) fn worker(sink: Sink, parts: Arc<Parts>) -> (Handle, impl Future<Output = ()> + Send + 'static) {
    let (commands, received) = mpsc::channel(QUEUE);
    let handle = Handle {
        commands,
        bell: Arc::default(),
        drain: CancellationToken::new(),
        stop: CancellationToken::new(),
        ended: CancellationToken::new(),
        health: Arc::default(),
        sink: sink.clone(),
    };
    let worker = Worker {
        sink,
        parts,
        health: Arc::clone(&handle.health),
        commands: received,
        bell: Arc::clone(&handle.bell),
        drain: handle.drain.clone(),
        stop: handle.stop.clone(),
    };
    let ended = handle.ended.clone().drop_guard();
    let task = async move {
        worker.run().await;
        drop(ended);
    };
    (handle, task)
}

impl Worker {
    async fn run(mut self) {
        let name = self.sink.tracker.name().to_owned();
        loop {
            let outcome = AssertUnwindSafe(self.serve()).catch_unwind().await;
            match outcome {
                Ok(Ok(())) => return,
                Ok(Err(error)) => {
                    tracing::error!(sink = name, %error, "sink {name} cannot read or write the log: trying again");
                    while let Ok(command) = self.commands.try_recv() {
                        command.refuse(&error);
                    }
                }
                Err(_) => {
                    tracing::error!(sink = name, "sink {name} panicked: starting again where it was");
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.drain.cancelled() => return,
                () = sleep(PAUSE) => {}
            }
        }
    }

    /// Works until told to stop. An error is one of the log.
    async fn serve(&mut self) -> Result<()> {
        let cursor = self.cursor().await?;
        let (sink, parts, health) = (self.sink.clone(), Arc::clone(&self.parts), Arc::clone(&self.health));
        let mut engine = Engine::new(sink, parts, health, &cursor).await?;
        let mut paused = cursor.paused;
        loop {
            while let Ok(command) = self.commands.try_recv() {
                self.obey(&mut engine, command, &mut paused).await?;
            }
            let draining = self.drain.is_cancelled();
            if self.stop.is_cancelled() || (draining && (paused || engine.is_failing())) {
                return Ok(());
            }
            if paused {
                self.bell.notified().await;
            } else if engine.work(&self.bell, draining).await? == Worked::Drained {
                return Ok(());
            }
        }
    }

    async fn obey(&mut self, engine: &mut Engine, command: Command, paused: &mut bool) -> Result<()> {
        let (log, name) = (&self.parts.log, self.sink.tracker.name());
        // Whoever asked may have gone.
        match command {
            Command::Change(change, reply) => {
                let outcome = log.change_cursor(name, change.clone()).await;
                match change {
                    _ if outcome.is_err() => {}
                    CursorChange::Paused(wanted) => *paused = wanted,
                    CursorChange::Backfill(text) => engine.set_backfill(text.as_deref()),
                }
                drop(reply.send(outcome));
            }
            Command::Encourage => engine.encourage(),
            Command::Retry(ids, reply) => drop(reply.send(engine.retry_dead_letters(ids.as_deref()).await)),
            Command::Detach(reply) => {
                let outcome = log.detach(name).await;
                let detached = outcome.is_ok();
                drop(reply.send(outcome));
                if detached {
                    engine.detached(&self.cursor().await?);
                }
            }
        }
        Ok(())
    }

    async fn cursor(&self) -> Result<Cursor> {
        self.parts.log.open_cursor(self.sink.tracker.name()).await
    }
}
