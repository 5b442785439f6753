//! By how much a piece of work made a server's resident memory grow, to the page.
//!
//! The kernel keeps the peak of each process, so nothing that is short is missed. Writing 5 to `clear_refs` makes the
//! peak begin anew. Source: `proc_pid_clear_refs(5)` and `proc_pid_status(5)` of man-pages 6.9.

use std::{collections::HashMap, fs};

use anyhow::Context as _;

use crate::process::{self, Process};

/// Resident memory of each process as it was.
#[derive(Debug)]
pub(crate) struct Before(HashMap<Process, u64>);

impl Before {
    /// Now.
    pub(crate) fn of(processes: &[Process]) -> anyhow::Result<Self> {
        let read = |&process: &Process| {
            let path = format!("/proc/{}/clear_refs", process.pid);
            fs::write(&path, "5").with_context(|| format!("cannot write {path}"))?;
            Ok((process, resident(process)?.0))
        };
        processes.iter().map(read).collect::<anyhow::Result<_>>().map(Self)
    }

    /// The sum of what each process grew by at most since then; one that is new counts whole. Processes that were not
    /// at their peaks at the same time count too much.
    pub(crate) fn growth_bytes(&self, processes: &[Process]) -> u64 {
        let grown = processes.iter().filter_map(|process| {
            let (_, peak) = resident(*process).ok()?;
            Some(peak.saturating_sub(self.0.get(process).copied().unwrap_or(0)))
        });
        grown.sum()
    }
}

fn resident(process: Process) -> anyhow::Result<(u64, u64)> {
    process::resident_bytes(process.pid).context("a process of the server has ended")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_and_given_back_is_growth() {
        let own: Vec<Process> =
            process::tree(std::process::id()).into_iter().filter(|it| it.pid == std::process::id()).collect();
        let before = Before::of(&own).unwrap();
        let block = vec![1_u8; 64 << 20];
        assert!(std::hint::black_box(&block).iter().all(|&byte| byte == 1));
        drop(block);
        let growth = before.growth_bytes(&own);
        assert!(growth > 48 << 20, "{growth}");
    }
}
