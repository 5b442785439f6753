//! Finds the process of this machine that a run was made by.
//!
//! MLflow's clients say what their program is called, as it was typed. The process is one of this user that holds a connection
//! to the server and has that word on its command line: so nobody elsewhere can make the server look at a directory.

use std::{collections::BTreeSet, ffi::OsString, os::unix::ffi::OsStringExt, path::Path, time::Duration};

use nix::unistd::Uid;
use procfs::{
    Current, ProcResult, Uptime,
    net::{TcpNetEntry, TcpState, tcp, tcp6},
    process::{FDTarget, Process, all_processes},
};
use trackside_core::{Clock, SystemClock, Timestamp};

use super::client::Client;

/// The one that has a connection to this port and runs this program. `None` when there is none, or when several in
/// different directories could be meant.
pub(super) fn find(port: u16, program: &str) -> Option<Client> {
    let sockets = sockets(port).ok()?;
    let user = Uid::effective().as_raw();
    let mine = all_processes().ok()?.flatten().filter(|process| process.uid().is_ok_and(|uid| uid == user));
    let mut found: Vec<Client> = mine
        .filter(|process| process.pid() != std::process::id().cast_signed())
        .filter(|process| process.cmdline().is_ok_and(|command| command.iter().any(|word| word == program)))
        .filter(|process| holds(process, &sockets))
        .filter_map(|process| read(&process, program).ok())
        .collect();
    found.sort_by_key(|client| (client.started_at, client.id));
    let mut first = found.first()?.clone();
    if found.iter().any(|other| other.script != first.script || other.directory != first.directory) {
        return None;
    }
    if found.iter().any(|other| other.command != first.command) {
        first.command = None;
    }
    Some(first)
}

fn read(process: &Process, program: &str) -> ProcResult<Client> {
    let stat = process.stat()?;
    let directory = process.cwd()?;
    let since_boot = stat.starttime.saturating_mul(1000) / procfs::ticks_per_second().max(1);
    // The time of boot itself is known to a second only.
    let age = Uptime::current()?.uptime_duration().saturating_sub(Duration::from_millis(since_boot));
    let started = SystemClock.now().millis() - i64::try_from(age.as_millis()).unwrap_or_default();
    // The bytes as they are, which need not be UTF-8.
    let command = std::fs::read(format!("/proc/{}/cmdline", process.pid())).unwrap_or_default();
    let words = command.strip_suffix(&[0]).unwrap_or(&command).split(|byte| *byte == 0);
    Ok(Client {
        id: (process.pid(), stat.starttime),
        script: directory.join(Path::new(program)),
        directory,
        command: Some(words.map(|word| OsString::from_vec(word.to_vec())).collect()),
        variables: process.environ()?.into_iter().collect(),
        started_at: Timestamp::from_millis(started),
    })
}

/// The sockets of this machine that are connected to this port of it.
fn sockets(port: u16) -> ProcResult<BTreeSet<u64>> {
    let is_client = |entry: &TcpNetEntry| {
        let (to, from) = (entry.remote_address, entry.local_address);
        entry.state == TcpState::Established && to.port() == port && (to.ip().is_loopback() || to.ip() == from.ip())
    };
    // There need not be version 6.
    let all = tcp()?.into_iter().chain(tcp6().unwrap_or_default());
    Ok(all.filter(is_client).map(|entry| entry.inode).collect())
}

fn holds(process: &Process, sockets: &BTreeSet<u64>) -> bool {
    let Ok(mut files) = process.fd() else { return false };
    files.any(|file| match file.map(|file| file.target) {
        Ok(FDTarget::Socket(inode)) => sockets.contains(&inode),
        _ => false,
    })
}
