//! The code of a run: found in a repository, checked out into a directory of its own.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use trackside_evidence::Repository;
use trackside_provenance::git::{self, Checkout, Fault};

/// How long git may take to look.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long it may take to write a working tree; filters such as LFS may fetch.
const LONG: Duration = Duration::from_mins(30);

/// Code that can be had.
#[derive(Debug, Clone)]
pub(super) struct Code {
    /// The top of a working tree.
    pub(super) repository: PathBuf,
    /// The commit to check out; its tree is the recorded one.
    pub(super) commit: String,
    /// The recorded commit is gone, and this is another one.
    pub(super) is_other: bool,
    /// Below the top: what was checked out of each submodule.
    submodules: Vec<(String, String)>,
}

/// What was checked out; taken away by [`CheckedOut::discard`].
#[derive(Debug)]
pub(super) struct CheckedOut {
    /// Repository, place, and what stands there; submodules behind what they are in.
    parts: Vec<(PathBuf, PathBuf, Checkout)>,
}

impl Code {
    /// Looks where it was, or where it is said to be. The message says why it cannot be had.
    pub(super) fn find(recorded: &Repository, run: &str, given: Option<&Path>) -> Result<Self, String> {
        let commit = recorded.exact_commit().ok_or("the repository had no commit yet")?;
        let tree = recorded.exact_tree().ok_or_else(|| not_whole(recorded))?;
        if let Some(module) = recorded.submodules.iter().find(|module| module.dirty) {
            return Err(format!("the submodule {} had uncommitted state, which was not kept", module.path));
        }
        let mut why = format!(
            "there is no repository here: {} is gone; name a clone of it with --repository, or run this in one",
            recorded.root
        );
        for place in places(recorded, given) {
            let short = commit.get(..12).unwrap_or(commit);
            match git::find(&place, commit, Some(tree), PATIENCE) {
                // Whoever is nowhere in particular has not said where to look.
                Err(Fault::NoRepository) if given.is_none() => {}
                Err(fault) => why = format!("{} cannot be read: {fault}", place.display()),
                Ok(found) if found.commit => return Self::of(recorded, place, commit.to_owned(), false),
                Ok(found) => match found.same_tree {
                    Some(other) => return Self::of(recorded, place, other, true),
                    None => why = format!("commit {short} is not in {}: {}", place.display(), fetch(recorded, run)),
                },
            }
        }
        Err(why)
    }

    fn of(recorded: &Repository, repository: PathBuf, commit: String, is_other: bool) -> Result<Self, String> {
        let modules = recorded.submodules.iter();
        let submodules: Vec<(String, String)> =
            modules.filter_map(|module| Some((module.path.clone(), module.checked_out.clone()?))).collect();
        for (path, commit) in &submodules {
            let found = git::find(&repository.join(path), commit, None, PATIENCE).is_ok_and(|found| found.commit);
            if !found {
                let short = commit.get(..12).unwrap_or(commit);
                return Err(format!(
                    "commit {short} of the submodule {path} is not here: `git submodule update --init`"
                ));
            }
        }
        Ok(Self { repository, commit, is_other, submodules })
    }

    /// Puts it into a directory that is empty or not there yet.
    pub(super) fn check_out(&self, destination: &Path) -> Result<CheckedOut, String> {
        let mut out = CheckedOut { parts: Vec::new() };
        let outer = (String::new(), self.commit.clone());
        for (path, commit) in std::iter::once(&outer).chain(&self.submodules) {
            let (repository, place) = (self.repository.join(path), destination.join(path));
            match git::checkout(&repository, commit, &place, LONG) {
                Ok(checkout) => out.parts.push((repository, place, checkout)),
                Err(fault) => {
                    out.discard();
                    return Err(format!("commit {commit} cannot be checked out: {fault}"));
                }
            }
        }
        Ok(out)
    }
}

impl CheckedOut {
    /// Takes all of it away, as far as it can be.
    pub(super) fn discard(&self) {
        for (repository, place, checkout) in self.parts.iter().rev() {
            if let Err(fault) = git::discard(repository, place, checkout, PATIENCE) {
                tracing::warn!("{} could not be taken away: {fault}", place.display());
            }
        }
    }
}

/// Where to look, the likeliest first.
fn places(recorded: &Repository, given: Option<&Path>) -> Vec<PathBuf> {
    let here = || std::env::current_dir().ok();
    let found: Vec<PathBuf> = match given {
        Some(given) => std::path::absolute(given).into_iter().collect(),
        None => [Some(PathBuf::from(&recorded.root)), here()].into_iter().flatten().collect(),
    };
    found.iter().filter(|place| place.is_dir()).map(|place| top(place)).collect()
}

/// The top of the working tree around a directory.
fn top(directory: &Path) -> PathBuf {
    directory.ancestors().find(|above| above.join(".git").exists()).unwrap_or(directory).to_owned()
}

/// How to come by a commit that is not here.
fn fetch(recorded: &Repository, run: &str) -> String {
    let name = match &recorded.snapshot {
        Some(_) => format!("refs/trackside/runs/{run}:refs/trackside/runs/{run}"),
        None => recorded.exact_commit().unwrap_or_default().to_owned(),
    };
    match recorded.remotes.first() {
        Some(remote) => format!("fetch it from {}, e.g. `git fetch {} {name}`", remote.url, remote.name),
        None => "look for it in other clones, and name one with --repository".to_owned(),
    }
}

fn not_whole(recorded: &Repository) -> String {
    match recorded.snapshot.as_ref().and_then(|snapshot| Some((snapshot, snapshot.left_out.first()?))) {
        Some((snapshot, first)) => {
            let more = snapshot.left_out_count.saturating_sub(1);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            format!("not all of the uncommitted code was kept: {} ({}){more}", first.path, first.why)
        }
        None => "uncommitted code was not kept".to_owned(),
    }
}
