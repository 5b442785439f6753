//! A repository in a temporary directory.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tempfile::TempDir;
use trackside_core::{Clock, Timestamp};
use trackside_evidence::{Gap, Repository};
use trackside_provenance::git::{Limits, capture};

pub(crate) const LONG: Duration = Duration::from_mins(5);

/// 2025-01-02T03:04:05Z.
#[derive(Debug)]
pub(crate) struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_735_787_045_000)
    }
}

pub(crate) struct Project {
    /// Holds the directory for as long as it is needed.
    scratch: TempDir,
    pub(crate) root: PathBuf,
}

impl Project {
    /// Without a repository.
    pub(crate) fn plain() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(scratch.path()).unwrap().join("project");
        fs::create_dir(&root).unwrap();
        Self { scratch, root }
    }

    /// With an empty one.
    pub(crate) fn empty(options: &[&str]) -> Self {
        let project = Self::plain();
        project.git(&[&["init", "-q", "-b", "main"], options].concat());
        project
    }

    /// With one commit of `train.py`.
    pub(crate) fn new() -> Self {
        let project = Self::empty(&[]);
        project.write("train.py", "print(1)\n");
        project.commit();
        project
    }

    /// Another directory beside it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.scratch.path()).unwrap().join(name)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn executable(&self, path: &str, on: bool) {
        fs::set_permissions(self.root.join(path), fs::Permissions::from_mode(if on { 0o755 } else { 0o644 })).unwrap();
    }

    pub(crate) fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "c"]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.root, arguments)
    }

    pub(crate) fn capture(&self) -> (Repository, Vec<Gap>) {
        self.capture_with(&Limits { timeout: LONG, ..Limits::default() })
    }

    pub(crate) fn capture_with(&self, limits: &Limits) -> (Repository, Vec<Gap>) {
        let (code, gaps) = capture(&self.root, limits, &Noon);
        (code.repository.unwrap_or_else(|| panic!("no repository: {gaps:?}")), gaps)
    }

    /// The tree that git itself makes of the working state, in a copy.
    pub(crate) fn expected_tree(&self) -> String {
        let copy = self.beside("copy");
        if copy.exists() {
            fs::remove_dir_all(&copy).unwrap();
        }
        let status = Command::new("cp").arg("-a").arg(&self.root).arg(&copy).status().unwrap();
        assert!(status.success());
        git(&copy, &["add", "-A"]);
        git(&copy, &["write-tree"])
    }

    /// What no capture may change.
    pub(crate) fn state(&self) -> (Option<Vec<u8>>, String, String, Option<Vec<u8>>) {
        let directory = PathBuf::from(self.git(&["rev-parse", "--absolute-git-dir"]));
        let index = fs::read(directory.join("index")).ok();
        let status =
            self.git(&["--no-optional-locks", "status", "--porcelain=v2", "--branch", "--untracked-files=all"]);
        (index, status, self.git(&["for-each-ref"]), fs::read(directory.join("logs/HEAD")).ok())
    }
}

/// Runs git with nothing of the machine's own configuration, and returns what it wrote.
pub(crate) fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .current_dir(directory)
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("LC_ALL", "C")])
        .output()
        .expect("these tests need git");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?} in {}: {error}", directory.display());
    String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
}
