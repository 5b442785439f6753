//! Puts a commit into a directory of its own, beside the user's working tree.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use git2::{ObjectType, Oid, TreeWalkMode, TreeWalkResult, build::CheckoutBuilder};

use super::{fault::Fault, find::object_id, library, program::Git, reading::text_of};

/// What stands in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckoutKind {
    /// A linked worktree with a detached head: what runs there sees the commit. [`discard`] takes it away.
    Worktree,
    /// The files alone, without filters such as LFS.
    Export,
}

/// A commit that was put into a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// What stands there.
    pub kind: CheckoutKind,
    /// Submodules, whose directories are empty.
    pub submodules: Vec<String>,
}

/// Puts a commit into a directory that is empty or not there yet.
///
/// By the program `git`, because it runs filters; by libgit2 where there is none. Nothing is fetched through git, and
/// no hook is run.
pub fn checkout(repository: &Path, commit: &str, destination: &Path, timeout: Duration) -> Result<Checkout, Fault> {
    object_id(commit)?;
    let destination = std::path::absolute(destination).map_err(|error| Fault::io(destination, error))?;
    match fs::read_dir(&destination).map(|mut entries| entries.next().is_some()) {
        Ok(true) => return Err(Fault::Invalid(format!("{} is not empty", destination.display()))),
        Ok(false) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Fault::io(&destination, error)),
    }
    by_program(repository, commit, &destination, timeout).or_else(|program| {
        // What was begun must not be taken for files of the commit.
        let begun = fs::read_dir(&destination).is_ok_and(|mut entries| entries.next().is_some());
        if begun || matches!(program, Fault::NoRepository) {
            return Err(program);
        }
        export(repository, commit, &destination).map_err(|library| Fault::both(library, program))
    })
}

fn by_program(repository: &Path, commit: &str, destination: &Path, timeout: Duration) -> Result<Checkout, Fault> {
    let deadline = Instant::now() + timeout;
    let git = Git::new(repository, deadline);
    let add = ["worktree", "add", "--detach", "--force"].map(AsRef::as_ref);
    git.output(&[&add[..], &[destination.as_os_str(), commit.as_ref()]].concat())?;
    let index = Git::new(destination, deadline).output(&["ls-files", "-z", "--stage"])?;
    let links = index.split(|byte| *byte == 0).filter(|entry| entry.starts_with(b"160000 "));
    let submodules = links.filter_map(|entry| entry.splitn(2, |byte| *byte == b'\t').nth(1).map(text_of)).collect();
    Ok(Checkout { kind: CheckoutKind::Worktree, submodules })
}

fn export(repository: &Path, commit: &str, destination: &Path) -> Result<Checkout, Fault> {
    let repository = library::open(repository)?;
    let tree = repository.find_commit(Oid::from_str(commit)?)?.tree()?;
    fs::create_dir_all(destination).map_err(|error| Fault::io(destination, error))?;
    let mut options = CheckoutBuilder::new();
    options.target_dir(destination).update_index(false).refresh(false).recreate_missing(true).force();
    repository.checkout_tree(tree.as_object(), Some(&mut options))?;
    let mut submodules = Vec::new();
    tree.walk(TreeWalkMode::PreOrder, |parent, entry| {
        if entry.kind() == Some(ObjectType::Commit) {
            submodules.push(format!("{parent}{}", text_of(entry.name_bytes())));
        }
        TreeWalkResult::Ok
    })?;
    Ok(Checkout { kind: CheckoutKind::Export, submodules })
}

/// Takes away what [`checkout`] made, with whatever was written there since.
pub fn discard(repository: &Path, destination: &Path, checkout: &Checkout, timeout: Duration) -> Result<(), Fault> {
    match checkout.kind {
        CheckoutKind::Export => fs::remove_dir_all(destination).map_err(|error| Fault::io(destination, error)),
        CheckoutKind::Worktree => {
            let git = Git::new(repository, Instant::now() + timeout);
            let remove = ["worktree", "remove", "--force", "--force"].map(AsRef::as_ref);
            git.output(&[&remove[..], &[destination.as_os_str()]].concat()).map(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use git2::{Repository, Signature, Time};

    use super::*;

    /// As where there is no program `git`.
    #[test]
    fn an_export_holds_the_files_of_the_commit() {
        let scratch = tempfile::tempdir().unwrap();
        let repository = Repository::init(scratch.path().join("project")).unwrap();
        let mut below = repository.treebuilder(None).unwrap();
        below.insert("run", repository.blob(b"#!/bin/sh\n").unwrap(), 0o100_755).unwrap();
        below.insert("link", repository.blob(b"run").unwrap(), 0o120_000).unwrap();
        below.insert("sub", Oid::from_str(&"1".repeat(40)).unwrap(), 0o160_000).unwrap();
        let below = below.write().unwrap();
        let mut top = repository.treebuilder(None).unwrap();
        top.insert("bin", below, 0o040_000).unwrap();
        top.insert("train.py", repository.blob(b"print(1)\n").unwrap(), 0o100_644).unwrap();
        let tree = repository.find_tree(top.write().unwrap()).unwrap();
        let author = Signature::new("T", "t@example.com", &Time::new(0, 0)).unwrap();
        let commit = repository.commit(None, &author, &author, "c", &tree, &[]).unwrap().to_string();
        let place = scratch.path().join("out");
        let root = repository.workdir().unwrap();
        let out = export(root, &commit, &place).unwrap();
        assert_eq!(out, Checkout { kind: CheckoutKind::Export, submodules: vec!["bin/sub".to_owned()] });
        assert_eq!(fs::read_to_string(place.join("train.py")).unwrap(), "print(1)\n");
        assert_eq!(fs::read_link(place.join("bin/link")).unwrap(), Path::new("run"));
        assert_ne!(fs::metadata(place.join("bin/run")).unwrap().permissions().mode() & 0o100, 0);
        // The working tree and the index of the user are as they were.
        assert_eq!(fs::read_dir(root).unwrap().count(), 1);
        assert!(!root.join(".git/index").exists());
        discard(root, &place, &out, Duration::ZERO).unwrap();
        assert!(!place.exists());
    }
}
