//! The code of a run: read by one engine, or by the other where the first cannot.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{RecvTimeoutError, sync_channel},
    thread,
    time::Instant,
};

use trackside_core::{Clock, Timestamp};
use trackside_evidence::{Changed, Code, Dimension, Engine as Name, Gap, Repository, Snapshot};

use super::{
    fault::Fault,
    library::Library,
    limits::Limits,
    program::Program,
    reading::{LISTED, Reading, text_of},
    selection::{self, Selection},
    submodules,
};

/// Who makes the commits of snapshots.
pub(super) const AUTHOR: &str = "Trackside";
pub(super) const EMAIL: &str = "trackside@localhost";

/// A way to read and write repositories.
pub(super) trait Engine {
    fn name(&self) -> Name;
    /// Reads what there is; writes nothing.
    fn read(&self) -> Result<Reading, Fault>;
    /// Writes a commit and its tree, and nothing else; returns both.
    fn write(&self, reading: &Reading, selection: &Selection, at: Timestamp) -> Result<(String, String), Fault>;
}

/// What an engine made of a repository.
struct Captured {
    repository: Repository,
    gaps: Vec<Gap>,
    /// Why there is uncommitted state and no snapshot of it.
    unkept: Option<Fault>,
}

/// Captures the code of a command that runs in `directory`.
///
/// Uncommitted state is kept as a commit that nothing names yet; [`super::name`] does once the run is known. Index,
/// branches, working tree and reflogs stay as they are. What cannot be learnt is a gap, also that time was up.
pub fn capture(directory: &Path, limits: &Limits, clock: &dyn Clock) -> (Code, Vec<Gap>) {
    let start = Instant::now();
    let (half, whole) = (start + limits.timeout / 2, start + limits.timeout);
    let at = clock.now();
    let library = match by_library(directory, limits, at, half) {
        Ok(captured) if captured.unkept.is_none() => return captured.finish(),
        other => other,
    };
    let library_fault = match &library {
        Err(Fault::NoRepository) => return unknown(directory, &Fault::NoRepository),
        Err(_) => None,
        Ok(captured) => Some(captured.unkept.is_some()),
    };
    let program = with(&Program { directory, deadline: whole }, directory, limits, at, whole);
    match (library, program) {
        (_, Ok(program)) if program.unkept.is_none() => program.finish(),
        (Err(fault), Err(other)) => unknown(directory, &Fault::both(fault, other)),
        (Ok(mut captured), Err(other)) | (Err(other), Ok(mut captured)) => {
            captured.unkept = captured.unkept.map(|fault| match library_fault {
                Some(_) => Fault::both(fault, other),
                None => Fault::both(other, fault),
            });
            captured.finish()
        }
        (Ok(library), Ok(mut program)) => {
            program.unkept = library.unkept.zip(program.unkept).map(|(one, other)| Fault::both(one, other));
            program.finish()
        }
    }
}

/// libgit2 cannot be interrupted: on a thread of its own it is left behind when time is up, and ends by itself.
fn by_library(directory: &Path, limits: &Limits, at: Timestamp, deadline: Instant) -> Result<Captured, Fault> {
    let (sender, receiver) = sync_channel(1);
    let (directory, limits) = (directory.to_owned(), limits.clone());
    let work = move || {
        let captured = with(&Library { directory: &directory }, &directory, &limits, at, deadline);
        // Nobody waits any more when time is up.
        drop(sender.send(captured));
    };
    thread::Builder::new().name("libgit2".to_owned()).spawn(work).map_err(|error| Fault::Program(error.to_string()))?;
    match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(captured) => captured,
        Err(RecvTimeoutError::Timeout) => Err(Fault::Late),
        Err(RecvTimeoutError::Disconnected) => Err(Fault::Unsupported("libgit2 gave up")),
    }
}

fn with(
    engine: &dyn Engine,
    directory: &Path,
    limits: &Limits,
    at: Timestamp,
    deadline: Instant,
) -> Result<Captured, Fault> {
    let mut reading = engine.read()?;
    let mut unkept = None;
    if let Some(root) = reading.root.clone() {
        reading.repository.submodules = submodules::describe(&mut reading, &root, deadline)?;
        let selection = selection::select(&reading, &root, limits, deadline)?;
        let changed: Vec<_> = reading
            .pending
            .iter()
            .filter_map(|(path, pending)| Some(Changed { path: text_of(path), status: pending.changed?.to_owned() }))
            .collect();
        let repository = &mut reading.repository;
        repository.dirty = !changed.is_empty();
        repository.changed_count = changed.len() as u64;
        repository.changed = changed.into_iter().take(LISTED).collect();
        repository.untracked = selection.untracked.clone();
        reading.gaps.extend(selection.gaps.iter().cloned());
        if repository.dirty || repository.untracked.count > 0 || !selection.left_out.is_empty() {
            match engine.write(&reading, &selection, at) {
                Ok((commit, tree)) => {
                    reading.gaps.extend(selection.gap());
                    let left_out_count = selection.left_out.len() as u64;
                    let left_out = selection.left_out.into_iter().take(LISTED).collect();
                    reading.repository.snapshot = Some(Snapshot { commit, tree, left_out, left_out_count });
                }
                Err(fault) => unkept = Some(fault),
            }
        }
        reading.gaps.extend(unwatched(&reading.unwatched));
    } else {
        let why = "a bare repository has no working tree, so nothing says which code ran";
        reading.gaps.push(Gap::new(Dimension::Code, "working tree", why).closed_by("run the command in a clone"));
    }
    if reading.repository.commit.is_none() && reading.repository.snapshot.is_none() && unkept.is_none() {
        let why = "the repository has no commit and no file";
        reading.gaps.push(Gap::new(Dimension::Code, "commit", why).closed_by("git add --all && git commit"));
    }
    debug_assert_eq!(engine.name(), reading.repository.engine, "of {}", directory.display());
    Ok(Captured { repository: reading.repository, gaps: reading.gaps, unkept })
}

impl Captured {
    fn finish(mut self) -> (Code, Vec<Gap>) {
        if let Some(fault) = self.unkept {
            let gap = Gap::new(Dimension::Code, "uncommitted state", format!("it could not be kept: {fault}"));
            let remedy = fault.remedy(Path::new(&self.repository.root));
            self.gaps.push(gap.closed_by(if remedy.is_empty() { "commit it".to_owned() } else { remedy }));
        }
        (Code { repository: Some(self.repository) }, self.gaps)
    }
}

fn unknown(directory: &Path, fault: &Fault) -> (Code, Vec<Gap>) {
    let root = root(directory);
    let gap = Gap::new(
        Dimension::Code,
        "code",
        match fault {
            Fault::NoRepository => format!("{} is in no repository", directory.display()),
            fault => format!("the repository {} could not be read: {fault}", root.display()),
        },
    );
    (Code { repository: None }, vec![gap.closed_by(fault.remedy(&root))])
}

/// The nearest directory with a `.git`, to name it where no engine opens it.
fn root(directory: &Path) -> PathBuf {
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let found = directory.ancestors().find(|ancestor| ancestor.join(".git").exists()).map(Path::to_owned);
    found.unwrap_or(directory)
}

/// Git reports such a file as unchanged, whatever is in it.
fn unwatched(paths: &[Vec<u8>]) -> Option<Gap> {
    let first = text_of(paths.first()?);
    let others = match paths.len() - 1 {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    let why = format!("git was told not to look at {first}{others} (assume-unchanged or skip-worktree)");
    let remedy = format!("git update-index --no-assume-unchanged --no-skip-worktree '{first}'");
    Some(Gap::new(Dimension::Code, "files that git does not look at", why).closed_by(remedy))
}

/// What a snapshot says of itself.
pub(super) fn message(repository: &Repository) -> String {
    let base = match &repository.commit {
        Some(commit) => format!("on top of {commit}"),
        None => "before the first commit".to_owned(),
    };
    format!("Working tree at the start of a run\n\nMade by `trackside run` of what was not committed, {base}.\n")
}
