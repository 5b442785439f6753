//! Whether a commit is still there, and from where it is reached.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::{fault::Fault, library, program};

/// Names listed of each kind.
pub(super) const NAMES: usize = 5;
/// Newest commits that are searched for a tree.
pub(super) const SEARCHED: usize = 20_000;
/// Where snapshots are named.
pub(super) const RUNS: &str = "refs/trackside/runs/";

/// What a repository knows of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The commit is there.
    pub commit: bool,
    /// The tree is there: the one asked for, else that of the commit.
    pub tree: bool,
    /// Branches that reach the commit, the first five by name.
    pub branches: Vec<String>,
    /// Remote-tracking branches that do, e.g. `origin/main`: somebody else can get it.
    pub remote_branches: Vec<String>,
    /// Tags that do.
    pub tags: Vec<String>,
    /// Runs whose snapshot it is, or was made on top of it.
    pub runs: Vec<String>,
    /// A reachable commit other than this one that has the same tree, e.g. after a rebase; the newest of those
    /// within the last 20,000.
    pub same_tree: Option<String>,
}

impl Found {
    /// A branch, remote-tracking branch, tag or the name of a run reaches it: garbage collection leaves it alone.
    pub fn is_reachable(&self) -> bool {
        !(self.branches.is_empty() && self.remote_branches.is_empty() && self.tags.is_empty() && self.runs.is_empty())
    }

    /// Notes a full name of a reference that reaches the commit.
    pub(super) fn reached_by(&mut self, reference: &str) {
        for (prefix, names) in [
            ("refs/heads/", &mut self.branches),
            ("refs/remotes/", &mut self.remote_branches),
            ("refs/tags/", &mut self.tags),
            (RUNS, &mut self.runs),
        ] {
            if let Some(name) = reference.strip_prefix(prefix)
                && names.len() < NAMES
                && !name.ends_with("/HEAD")
            {
                names.push(name.to_owned());
            }
        }
    }
}

/// Looks for a commit, and for its tree (or another one) at other commits. Fetches nothing.
pub fn find(repository: &Path, commit: &str, tree: Option<&str>, timeout: Duration) -> Result<Found, Fault> {
    for id in std::iter::once(commit).chain(tree) {
        object_id(id)?;
    }
    library::find(repository, commit, tree).or_else(|fault| {
        let found = program::find(repository, commit, tree, Instant::now() + timeout);
        found.map_err(|other| Fault::both(fault, other))
    })
}

/// Refuses what is no whole name of an object: it might be an option.
pub(super) fn object_id(id: &str) -> Result<(), Fault> {
    let whole = matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if whole { Ok(()) } else { Err(Fault::Invalid(format!("{id:?} is not the whole name of a commit or tree"))) }
}
