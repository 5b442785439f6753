//! The code: which repository, which commit, and what was not committed.

use serde::{Deserialize, Serialize};

/// Where the code stood.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// `None`: the working directory is in no repository, or it could not be read, which is a gap.
    pub repository: Option<Repository>,
}

/// What read the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// libgit2, in this process.
    Git2,
    /// The program `git`.
    Git,
}

/// How objects are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectFormat {
    /// 40 hexadecimal digits.
    #[default]
    Sha1,
    /// 64 hexadecimal digits.
    Sha256,
}

/// A repository as it stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// What read it.
    pub engine: Engine,
    /// The top of the working tree, absolute; of a bare repository, the repository.
    pub root: String,
    /// The working directory of the command below it, `""` at the top.
    pub subdirectory: String,
    /// How objects are named.
    pub object_format: ObjectFormat,
    /// The commit checked out; `None` before the first.
    pub commit: Option<String>,
    /// The tree of that commit.
    pub tree: Option<String>,
    /// The branch, e.g. `main`; `None` when the head is detached.
    pub branch: Option<String>,
    /// Tags that name the commit, sorted.
    pub tags: Vec<String>,
    /// Remotes, the branch's own first, then `origin`, then by name. URLs without credentials.
    pub remotes: Vec<Remote>,
    /// A tracked file differs from the commit, staged or not.
    pub dirty: bool,
    /// Those files, sorted by path, at most 1,000.
    pub changed: Vec<Changed>,
    /// How many they are.
    pub changed_count: u64,
    /// Files that are neither tracked nor ignored.
    pub untracked: Untracked,
    /// The state that was not committed, as a commit; `None` when nothing was, or it could not be kept, which is a gap.
    pub snapshot: Option<Snapshot>,
    /// Submodules, sorted by path.
    pub submodules: Vec<Submodule>,
    /// The history is cut off.
    pub shallow: bool,
    /// The working tree is one that `git worktree add` made.
    pub linked_worktree: bool,
}

impl Repository {
    /// The tree that was really there: of the snapshot, or of the commit when nothing was left to add.
    ///
    /// `None` when uncommitted state could not be kept whole.
    pub fn exact_tree(&self) -> Option<&str> {
        match &self.snapshot {
            Some(snapshot) => snapshot.left_out.is_empty().then_some(snapshot.tree.as_str()),
            None if self.dirty || self.untracked.count > 0 => None,
            None => self.tree.as_deref(),
        }
    }

    /// The commit that holds the exact code: of the snapshot, or the one checked out.
    pub fn exact_commit(&self) -> Option<&str> {
        self.snapshot.as_ref().map(|snapshot| snapshot.commit.as_str()).or(self.commit.as_deref())
    }
}

/// A remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// E.g. `origin`.
    pub name: String,
    /// Without user name and password.
    pub url: String,
}

/// A tracked file that differs from the commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Below the top of the working tree.
    pub path: String,
    /// `added`, `modified`, `deleted`, `typechange` or `conflicted`.
    pub status: String,
}

/// Files that are neither tracked nor ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untracked {
    /// How many they are.
    pub count: u64,
    /// Their sizes together, in bytes.
    pub bytes: u64,
    /// Their paths, sorted, at most 1,000.
    pub paths: Vec<String>,
}

/// Uncommitted state as a commit of its own. Its parent is the commit checked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The commit; `refs/trackside/runs/<run id>` names it.
    pub commit: String,
    /// Its tree.
    pub tree: String,
    /// What it does not hold, sorted by path, at most 1,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// How many they are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out_count: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A file that a snapshot does not hold as it was; one that is tracked is in it as it was committed or staged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Below the top of the working tree.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// Why, e.g. `larger than 10 MiB`.
    pub why: String,
}

/// A submodule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submodule {
    /// Below the top of the working tree.
    pub path: String,
    /// Without user name and password.
    pub url: Option<String>,
    /// The commit that the index of the outer repository names.
    pub commit: Option<String>,
    /// The commit checked out; `None` when it is not.
    pub checked_out: Option<String>,
    /// It has uncommitted state of its own.
    pub dirty: bool,
}
