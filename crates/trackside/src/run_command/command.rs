//! The command: started, watched, waited for.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io::{self, IsTerminal, Read, Write},
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::Duration,
};

use anyhow::{Context, anyhow};
use nix::sys::{
    resource::{UsageWho, getrusage},
    signal::Signal,
    time::TimeValLike,
};
use trackside_evidence::Resources;

use super::{kept_output::KeptOutput, signals::Receiver};

/// How long what the command has started may go on writing to its streams before we stop to listen.
const LINGER: Duration = Duration::from_secs(2);
const CHUNK: usize = 64 << 10;

/// How a command went.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) status: ExitStatus,
    pub(super) resources: Option<Resources>,
    /// Standard output and standard error; `None` when they were left alone.
    pub(super) output: Option<[KeptOutput; 2]>,
}

impl Outcome {
    /// The exit code, or 128 + the signal that ended the command, as shells have it.
    pub(super) fn code(&self) -> i32 {
        self.status.code().or_else(|| self.status.signal().map(|signal| 128 + signal)).unwrap_or(1)
    }

    /// The name of the signal that ended it.
    pub(super) fn signal(&self) -> Option<String> {
        let number = self.status.signal()?;
        Some(Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |signal| signal.as_str().to_owned()))
    }
}

/// A command that runs.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    receiver: Receiver,
    streams: Option<[Tee; 2]>,
}

impl Running {
    /// Starts it with these variables besides ours. `aside`: what it writes to standard output goes to standard error.
    pub(super) fn start(
        command: &[OsString],
        variables: &BTreeMap<OsString, OsString>,
        capture: bool,
        aside: bool,
        receiver: Receiver,
    ) -> anyhow::Result<Self> {
        let (program, arguments) = command.split_first().context("no command")?;
        let mut starting = Command::new(program);
        starting.args(arguments).envs(variables);
        if capture {
            starting.stdout(Stdio::piped()).stderr(Stdio::piped());
            if io::stdout().is_terminal() && std::env::var_os("PYTHONUNBUFFERED").is_none() {
                // Else Python keeps back what it prints, for it sees a pipe.
                starting.env("PYTHONUNBUFFERED", "1");
            }
        }
        let mut child = starting.spawn().map_err(|error| not_started(program, error))?;
        receiver.is(Some(child.id()));
        let out = child
            .stdout
            .take()
            .map(|stream| if aside { Tee::start(stream, io::stderr()) } else { Tee::start(stream, io::stdout()) });
        let err = child.stderr.take().map(|stream| Tee::start(stream, io::stderr()));
        let streams = out.zip(err).map(|(out, err)| [out, err]);
        Ok(Self { child, receiver, streams })
    }

    /// Waits for its end. Blocks.
    pub(super) fn wait(mut self) -> anyhow::Result<Outcome> {
        // It has ended, and still has its number: signals are passed on to it alone.
        let ended = nix::sys::wait::waitid(
            nix::sys::wait::Id::Pid(nix::unistd::Pid::from_raw(self.child.id().cast_signed())),
            nix::sys::wait::WaitPidFlag::WEXITED | nix::sys::wait::WaitPidFlag::WNOWAIT,
        );
        self.receiver.is(None);
        ended.ok();
        let status = self.child.wait().context("cannot wait for the command")?;
        let output = self.streams.map(|streams| streams.map(Tee::finish));
        Ok(Outcome { status, resources: resources(), output })
    }
}

fn not_started(program: &OsStr, error: io::Error) -> anyhow::Error {
    let program = program.to_string_lossy();
    match error.kind() {
        io::ErrorKind::NotFound => anyhow!("{program}: no such program; is it on PATH, and its environment active?"),
        io::ErrorKind::PermissionDenied => anyhow!("{program}: cannot be executed; is it a program?"),
        _ => anyhow!(error).context(format!("{program}: cannot be started")),
    }
}

/// What all our children have used together: the command, and the short programs that looked at its surroundings.
fn resources() -> Option<Resources> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let millis = |time: nix::sys::time::TimeVal| u64::try_from(time.num_milliseconds()).unwrap_or_default();
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Some(Resources {
        user_ms: millis(usage.user_time()),
        system_ms: millis(usage.system_time()),
        peak_memory: u64::try_from(usage.max_rss()).unwrap_or_default() * unit,
    })
}

/// A stream of the command that is passed on and kept.
#[derive(Debug)]
struct Tee {
    kept: Arc<Mutex<KeptOutput>>,
    /// Nothing is ever sent; it is closed at the end of the stream.
    ended: mpsc::Receiver<()>,
}

impl Tee {
    fn start(mut from: impl Read + Send + 'static, mut to: impl Write + Send + 'static) -> Self {
        let kept = Arc::new(Mutex::new(KeptOutput::default()));
        let (end, ended) = mpsc::sync_channel(1);
        let keeping = Arc::clone(&kept);
        thread::spawn(move || {
            let _end: mpsc::SyncSender<()> = end;
            let mut chunk = vec![0; CHUNK];
            let mut is_read = true;
            while let Ok(length @ 1..) = read(&mut from, &mut chunk) {
                // Who reads our output may have gone; what the command writes is still kept.
                is_read = is_read && to.write_all(&chunk[..length]).and_then(|()| to.flush()).is_ok();
                lock(&keeping).push(&chunk[..length]);
            }
        });
        Self { kept, ended }
    }

    /// What was written until now, which is all of it unless somebody still holds the stream open.
    fn finish(self) -> KeptOutput {
        self.ended.recv_timeout(LINGER).ok();
        std::mem::take(&mut *lock(&self.kept))
    }
}

fn read(from: &mut impl Read, chunk: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

fn lock(kept: &Mutex<KeptOutput>) -> MutexGuard<'_, KeptOutput> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
