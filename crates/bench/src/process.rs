//! A process and all it started, from `/proc`: who belongs to it, what memory it takes, signals to all of it.
//!
//! A server such as `mlflow server` is a dozen processes. Whoever descends from the root belongs to its tree, and
//! whoever is in its process group: `Running` makes each server the leader of one, so orphans are found as well.
//!
//! Source: `proc_pid_stat(5)`, `proc_pid_smaps(5)` of man-pages 6.9.

use std::{
    collections::HashSet,
    fs,
    process::{Command, Stdio},
    time::Duration,
};

/// One process. The start time tells it from a later one with the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// Clock ticks since boot.
    started: u64,
}

#[derive(Debug, Clone, Copy)]
struct Stat {
    process: Process,
    parent: u32,
    group: u32,
    /// Of user and kernel, in ticks of [`TICK`].
    cpu_ticks: u32,
}

/// `USER_HZ` is 100 on every Linux architecture but Alpha.
const TICK: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Signal {
    Stop,
    Continue,
    Terminate,
    Kill,
}

/// The process, its descendants and its process group; parents before their children.
pub(crate) fn tree(root: u32) -> Vec<Process> {
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    members(root, &ids.filter_map(stat).collect::<Vec<_>>())
}

/// Whether the process still runs; one that ended but was not waited for does not.
pub(crate) fn is_alive(process: Process) -> bool {
    stat(process.pid).is_some_and(|now| now.process == process)
}

/// Memory of the processes in bytes: their proportional set sizes, in which a page shared by n of them counts 1/n to
/// each; where that is not readable, resident set sizes.
pub(crate) fn memory_bytes(processes: &[Process]) -> u64 {
    let kib = |process: &Process| {
        let read = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", process.pid)).unwrap_or_default();
        kib(&read("smaps_rollup"), "Pss").or_else(|| kib(&read("status"), "VmRSS")).unwrap_or(0)
    };
    processes.iter().map(kib).sum::<u64>() * 1024
}

/// Resident memory of a process in bytes, now and at most since it was started: pages of files it maps included.
pub(crate) fn resident_bytes(pid: u32) -> Option<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some((kib(&status, "VmRSS")? * 1024, kib(&status, "VmHWM")? * 1024))
}

/// Time that the processes have spent on cores since they were started.
pub(crate) fn cpu_time(processes: &[Process]) -> Duration {
    processes.iter().filter_map(|process| stat(process.pid)).map(|stat| TICK * stat.cpu_ticks).sum()
}

/// Sends the signal to each. Those that are gone are passed over.
///
/// Through `kill` of the shell: the standard library sends SIGKILL only, and to direct children only. A signal is
/// never sent while something is measured.
pub(crate) fn signal(processes: &[Process], signal: Signal) {
    let ids = processes.iter().filter(|process| is_alive(**process)).map(|process| process.pid.to_string());
    let ids: Vec<String> = ids.collect();
    if ids.is_empty() {
        return;
    }
    let name = match signal {
        Signal::Stop => "STOP",
        Signal::Continue => "CONT",
        Signal::Terminate => "TERM",
        Signal::Kill => "KILL",
    };
    let mut command = Command::new("sh");
    command.args(["-c", r#"kill -s "$0" "$@""#, name]).args(ids).stdin(Stdio::null()).stderr(Stdio::null());
    // It fails when one of them has just ended, which is as good as a signal.
    drop(command.status());
}

fn members(root: u32, stats: &[Stat]) -> Vec<Process> {
    let mut found: Vec<Process> =
        stats.iter().filter(|stat| stat.process.pid == root).map(|stat| stat.process).collect();
    let mut known = HashSet::from([root]);
    loop {
        let belongs = |stat: &&Stat| known.contains(&stat.parent) || stat.group == root;
        let next: Vec<Process> = stats.iter().filter(belongs).map(|stat| stat.process).collect();
        let n_known = found.len();
        found.extend(next.into_iter().filter(|process| known.insert(process.pid)));
        if found.len() == n_known {
            return found;
        }
    }
}

/// `None` when there is no such process, or it is dead but not waited for.
fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// `pid (name) state ppid pgrp … starttime …`; the name may hold spaces and parentheses.
fn parse_stat(text: &str) -> Option<Stat> {
    let pid = text.split(' ').next()?.parse().ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    // The manual counts from 1 and from the pid: its field 22 is the twentieth after the name.
    let started = fields.get(19)?.parse().ok()?;
    let (user, kernel): (u32, u32) = (fields[11].parse().ok()?, fields[12].parse().ok()?);
    let (parent, group) = (fields[1].parse().ok()?, fields[2].parse().ok()?);
    Some(Stat { process: Process { pid, started }, parent, group, cpu_ticks: user.saturating_add(kernel) })
}

fn kib(text: &str, name: &str) -> Option<u64> {
    crate::machine::field(text, name)?.strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(pid: u32, name: &str, state: &str, parent: u32, group: u32) -> String {
        format!("{pid} ({name}) {state} {parent} {group} 1 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 1 0 777 1000 200 1844\n")
    }

    #[test]
    fn names_with_parentheses_do_not_shift_the_fields() {
        let stat = parse_stat(&line(12, "a) R 1 (b", "S", 7, 7)).unwrap();
        assert_eq!((stat.process, stat.parent, stat.group), (Process { pid: 12, started: 777 }, 7, 7));
        assert_eq!(stat.cpu_ticks, 11);
        assert!(parse_stat(&line(12, "zombie", "Z", 7, 7)).is_none());
        assert!(parse_stat("").is_none());
    }

    #[test]
    fn a_tree_holds_descendants_and_the_group() {
        let rows = [(10, 1, 10), (11, 10, 10), (12, 11, 12), (13, 1, 10), (14, 13, 99), (20, 1, 20), (9, 12, 9)];
        let stats: Vec<Stat> =
            rows.iter().map(|&(pid, parent, group)| parse_stat(&line(pid, "p", "S", parent, group)).unwrap()).collect();
        let mut pids: Vec<u32> = members(10, &stats).iter().map(|process| process.pid).collect();
        assert_eq!(pids[0], 10);
        pids.sort_unstable();
        assert_eq!(pids, [9, 10, 11, 12, 13, 14]);
    }

    #[test]
    fn children_are_found_weighed_and_killed() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let own = tree(std::process::id());
        let sleeping = *own.iter().find(|process| process.pid == child.id()).expect("the child is in our tree");
        assert!(memory_bytes(&own) > memory_bytes(&[sleeping]));
        let (now, most) = resident_bytes(child.id()).unwrap();
        assert!(0 < now && now <= most);
        signal(&[sleeping], Signal::Kill);
        child.wait().unwrap();
        assert!(!is_alive(sleeping));
    }
}
