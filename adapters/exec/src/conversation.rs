//! One life of a program: from its greeting to its end.

use std::{
    pin::pin,
    process::ExitStatus,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStderr, ChildStdin, ChildStdout},
    sync::{mpsc, oneshot, watch},
    time::timeout,
};
use trackside_core::Capability;

use crate::{
    end::{Cause, End},
    lines::{Ending, Lines},
    message::{Answer, MAX_ANSWER, Request, VERSION},
    pending::{Pending, Reply},
};

/// How long to wait for the exit status and the last words of a program that has closed its output.
const GRACE: Duration = Duration::from_secs(1);
/// Longest piece of standard error to log at once.
const MAX_LOGGED: usize = 1024;
/// The greeting counts as a call with this id; calls have higher ones.
const HELLO: u64 = 0;

/// How far a program has come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Phase {
    Starting,
    Ready(Capability),
    /// And why.
    Ended(Arc<str>),
}

/// A line to be written and where its answer goes.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: u64,
    pub(crate) line: String,
    pub(crate) reply: Reply,
}

/// What it takes to talk to a program.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) sink: String,
    pub(crate) answer_timeout: Duration,
    pub(crate) calls: mpsc::Receiver<Call>,
    pub(crate) phase: watch::Sender<Phase>,
}

impl Conversation {
    /// Talks until either side has had enough, and sees to it that the program is gone afterwards.
    ///
    /// Calls that have no answer by then find out why in the phase, which is set before they are let go.
    pub(crate) async fn hold(mut self, mut child: Child) {
        let pending = Pending::new();
        let last_words = Mutex::new(String::new());
        let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("all three are pipes, as it was started")
        };
        let mut hearing = pin!(hear(errors, &self.sink, &last_words));
        let mut heard = false;
        let cause = {
            let talk = async {
                tokio::select! {
                    cause = write(input, &self.sink, &mut self.calls, &pending) => cause,
                    cause = read(output, &pending, &self.phase) => cause,
                    () = pending.silence(self.answer_timeout) => Cause::Silent(self.answer_timeout),
                }
            };
            let mut talk = pin!(talk);
            loop {
                tokio::select! {
                    cause = &mut talk => break cause,
                    () = &mut hearing, if !heard => heard = true,
                }
            }
        };
        let status = self.see_off(&mut child, &cause).await;
        if !heard {
            // A child of its own may hold its standard error open: then there is nothing more to wait for.
            timeout(GRACE, hearing).await.unwrap_or_default();
        }
        let last_words = last_words.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let end = End { cause, status, last_words }.to_string();
        if pending.is_empty() {
            // Nobody waits for an answer, so nobody else tells of it.
            tracing::info!(sink = %self.sink, "{end}");
        }
        self.phase.send_replace(Phase::Ended(end.into()));
    }

    /// Ends the program if it does not end by itself, and returns its status if it did.
    async fn see_off(&self, child: &mut Child, cause: &Cause) -> Option<ExitStatus> {
        if let Cause::Closed = cause
            && let Ok(Ok(status)) = timeout(GRACE, child.wait()).await
        {
            return Some(status);
        }
        if timeout(GRACE, child.kill()).await.is_err() {
            tracing::warn!(sink = %self.sink, "the program does not end although it was killed");
        }
        None
    }
}

/// Greets the program, then writes calls as they come. Those that were given up meanwhile are passed over.
async fn write(mut input: ChildStdin, sink: &str, calls: &mut mpsc::Receiver<Call>, pending: &Pending) -> Cause {
    pending.ask(HELLO, oneshot::channel().0);
    if input.write_all(Request::hello(sink).line().as_bytes()).await.is_err() {
        return Cause::Closed;
    }
    while let Some(Call { id, line, reply }) = calls.recv().await {
        if reply.is_closed() {
            continue;
        }
        if !pending.ask(id, reply) {
            return Cause::Forgetful;
        }
        if input.write_all(line.as_bytes()).await.is_err() {
            return Cause::Closed;
        }
    }
    // Nobody is left who could call.
    Cause::Closed
}

/// Reads answers and hands them on.
async fn read(output: ChildStdout, pending: &Pending, phase: &watch::Sender<Phase>) -> Cause {
    let mut lines = Lines::new(output, MAX_ANSWER);
    loop {
        // The beginning of an answer that the end of the program cut off says nothing.
        let Ok(Some(line)) = lines.next().await else { return Cause::Closed };
        match line.ending {
            Ending::Input => return Cause::Closed,
            Ending::Cap => return Cause::TooLong(MAX_ANSWER),
            Ending::Feed => {}
        }
        if let Err(fault) = understand(line.text, pending, phase) {
            return Cause::NoAnswer { said: String::from_utf8_lossy(line.text).into_owned(), fault };
        }
    }
}

/// Hands on one answer; says what is wrong with it otherwise.
fn understand(line: &[u8], pending: &Pending, phase: &watch::Sender<Phase>) -> Result<(), String> {
    let answer: Answer = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let (id, outcome) = match answer {
        Answer::Ready(ready) => {
            if ready.v != VERSION {
                return Err(format!("it speaks version {}, this build speaks {VERSION}", ready.v));
            }
            let capability = ready.capability().map_err(|name| format!("no kind of event is called `{name}`"))?;
            pending.answer(HELLO).ok_or("it was ready before")?;
            phase.send_replace(Phase::Ready(capability));
            return Ok(());
        }
        Answer::Done(done) => (done.id, Ok(done)),
        Answer::Failed(failed) => (failed.id, Err(failed)),
    };
    if *phase.borrow() == Phase::Starting {
        return Err("it is not ready yet".to_owned());
    }
    if let Some(reply) = pending.answer(id) {
        // Whoever asked may have given up; then the answer is late.
        reply.send(outcome).unwrap_or_default();
    }
    Ok(())
}

/// Logs what a program writes to its standard error and remembers the last of it.
async fn hear(errors: ChildStderr, sink: &str, last_words: &Mutex<String>) {
    let mut lines = Lines::new(errors, MAX_LOGGED);
    while let Ok(Some(line)) = lines.next().await {
        let text = String::from_utf8_lossy(line.text).trim_end().to_owned();
        if !text.is_empty() {
            tracing::info!(%sink, line = ?text, "standard error of the program");
            *last_words.lock().unwrap_or_else(PoisonError::into_inner) = text;
        }
    }
}
