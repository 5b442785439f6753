//! Other programs: run to their end, for a bounded time and with bounded output.
//!
//! A program gets a process group of its own, and all of it is ended when time is up. Output is read by threads, so
//! that neither pipe fills while the other is waited for.

use std::{
    io::{Read, Write},
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

/// Most that is read of a stream. A status of a million files takes half of it.
const OUTPUT: u64 = 256 << 20;
/// How often a program is looked at that has closed its output and not ended.
const LINGER: Duration = Duration::from_millis(2);

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChildError {
    /// There is none.
    #[error("{0} is not installed or not on PATH")]
    Missing(String),
    /// It could not be started or spoken to.
    #[error("{program} could not be run: {error}")]
    Io {
        /// The program.
        program: String,
        /// Why.
        error: std::io::Error,
    },
    /// Time was up.
    #[error("{0} took too long and was ended")]
    Late(String),
    /// It wrote more than is read.
    #[error("{0} wrote more than 256 MiB")]
    Endless(String),
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Runs a program with this input until `deadline`.
pub(crate) fn run(mut command: Command, input: Vec<u8>, deadline: Instant) -> Result<Ended, ChildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => ChildError::Missing(program.clone()),
        _ => ChildError::Io { program: program.clone(), error },
    };
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends without reading breaks the pipe; its status says more than that would.
        thread::spawn(move || drop(stdin.write_all(&input)));
    }
    let stdout = reader(child.stdout.take().expect("it is piped"));
    let stderr = reader(child.stderr.take().expect("it is piped"));
    let ended = (|| {
        let late = || ChildError::Late(program.clone());
        let stdout = stdout.recv_timeout(deadline.saturating_duration_since(Instant::now())).map_err(|_| late())?;
        let stderr = stderr.recv_timeout(deadline.saturating_duration_since(Instant::now())).map_err(|_| late())?;
        let (stdout, stderr) = (stdout.map_err(failed)?, stderr.map_err(failed)?);
        if stdout.len() as u64 > OUTPUT {
            return Err(ChildError::Endless(program.clone()));
        }
        let status = loop {
            match child.try_wait().map_err(failed)? {
                Some(status) => break status,
                None if Instant::now() >= deadline => return Err(late()),
                None => thread::sleep(LINGER),
            }
        };
        Ok(Ended { status, stdout, stderr })
    })();
    if ended.is_err() {
        end(&mut child);
    }
    ended
}

/// Ends a program and what it started.
fn end(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended meanwhile; it is not waited for yet, so nobody else has its number.
        kill_process_group(group, Signal::KILL).ok();
    }
    drop(child.wait());
}

type Output = Receiver<std::io::Result<Vec<u8>>>;

fn reader(stream: impl Read + Send + 'static) -> Output {
    let (sender, receiver) = sync_channel(1);
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stream.take(OUTPUT + 1).read_to_end(&mut bytes);
        // Nobody waits any more when time is up.
        drop(sender.send(read.map(|_| bytes)));
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, input: &[u8], limit: Duration) -> Result<Ended, ChildError> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, input.to_vec(), Instant::now() + limit)
    }

    #[test]
    fn input_output_and_status_arrive() {
        let long = "x".repeat(1 << 20);
        let ended = shell("cat; echo bad >&2; exit 3", long.as_bytes(), Duration::from_mins(1)).unwrap();
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(3), 1 << 20));
        assert_eq!(ended.stderr, b"bad\n");
    }

    #[test]
    fn a_program_that_does_not_end_is_ended_with_its_children() {
        let error = shell("sleep 600 & sleep 600", b"", Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.to_string(), "sh took too long and was ended");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(Command::new("no-such-program"), Vec::new(), Instant::now()).unwrap_err();
        assert_eq!(error.to_string(), "no-such-program is not installed or not on PATH");
    }
}
