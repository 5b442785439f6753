//! Passes signals on to the command.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::Context;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH},
    iterator::{SignalsInfo, exfiltrator::origin::WithOrigin},
    low_level::siginfo::Cause,
};

/// What is passed on; whatever else arrives acts as it would without us.
const PASSED_ON: [i32; 7] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH];

/// The command that gets the signals, while it runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Receiver(Arc<Mutex<Option<Pid>>>);

impl Receiver {
    /// Takes signals over from here on, for the rest of the process.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let receiver = Self::default();
        let mut signals = SignalsInfo::<WithOrigin>::new(PASSED_ON).context("cannot listen for signals")?;
        let passing = receiver.clone();
        let listening = move || {
            for origin in &mut signals {
                // What the terminal sends goes to the command as well, which is of the same group.
                if origin.cause != Cause::Kernel {
                    passing.pass(origin.signal);
                }
            }
        };
        thread::Builder::new().name("signals".to_owned()).spawn(listening).context("cannot start a thread")?;
        Ok(receiver)
    }

    /// Who gets them from here on. `None` once it was waited for: its number may be another's by then.
    pub(super) fn is(&self, command: Option<u32>) {
        let pid = command.and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = pid;
    }

    fn pass(&self, signal: i32) {
        // Held, so that nobody waits for the command meanwhile.
        let pid = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(pid), Ok(signal)) = (*pid, Signal::try_from(signal)) {
            // It may have ended just now.
            kill(pid, signal).ok();
        }
    }
}
