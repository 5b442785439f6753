//! Reads a repository by libgit2, and refuses what it would read wrongly.
//!
//! Checked with libgit2 1.9.7: clean filters of a configuration are not run, `working-tree-encoding` is not known, and
//! rules of a `.gitattributes` in the index stay in force when the file no longer has them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use git2::{AttrCheckFlags, AttrValue, ErrorCode, Oid, Repository, Status, StatusOptions};
use trackside_evidence::{Dimension, Engine, Gap, ObjectFormat, Untracked};

use super::super::{
    fault::Fault,
    program::below,
    reading::{Pending, Reading, path_of, remotes, text_of},
};

/// Marks of entries of the index that git does not look at (`GIT_INDEX_ENTRY_VALID` and `_SKIP_WORKTREE`).
const ASSUME_UNCHANGED: u16 = 0x8000;
const SKIP_WORKTREE: u16 = 0x4000;
const GITLINK: u32 = 0o160_000;

pub(super) fn read(repository: &Repository, directory: &Path) -> Result<Reading, Fault> {
    let config = repository.config()?.snapshot()?;
    // Where sparse, absent files are no deletions; without modes or links, those of the index count.
    for (key, default, unsupported) in [
        ("core.sparseCheckout", false, "sparse checkouts are left to git"),
        ("core.fileMode", true, "working trees without executable bits are left to git"),
        ("core.symlinks", true, "working trees without symbolic links are left to git"),
    ] {
        if config.get_bool(key).unwrap_or(default) != default {
            return Err(Fault::Unsupported(unsupported));
        }
    }
    let Head { commit, tree, branch } = head(repository)?;
    let root = repository.workdir().map(Path::to_owned);
    let mut gaps = Vec::new();
    let (mut pending, mut index) = (BTreeMap::new(), Index::default());
    if let Some(root) = &root {
        pending = status(repository, &mut gaps)?;
        index = entries(repository, root)?;
        refuse_filters(repository, &config, &pending)?;
    }
    let top = root.clone().unwrap_or_else(|| repository.path().to_owned());
    let described = trackside_evidence::Repository {
        engine: Engine::Git2,
        // Without the slash at its end.
        root: top.components().collect::<PathBuf>().display().to_string(),
        subdirectory: below(directory, &top),
        object_format: ObjectFormat::Sha1,
        tags: commit.map(|commit| tags(repository, commit)).transpose()?.unwrap_or_default(),
        remotes: configured(&config, branch.as_deref())?,
        commit: commit.map(|commit| commit.to_string()),
        tree: tree.map(|tree| tree.to_string()),
        branch,
        dirty: false,
        changed: Vec::new(),
        changed_count: 0,
        untracked: Untracked::default(),
        snapshot: None,
        submodules: Vec::new(),
        shallow: repository.is_shallow(),
        linked_worktree: repository.is_worktree(),
    };
    let Index { links, unwatched } = index;
    Ok(Reading { repository: described, root, pending, links, unwatched, gaps })
}

/// What is checked out.
struct Head {
    commit: Option<Oid>,
    tree: Option<Oid>,
    branch: Option<String>,
}

fn head(repository: &Repository) -> Result<Head, Fault> {
    let branch = |name: &[u8]| name.strip_prefix(b"refs/heads/").map(text_of);
    match repository.head() {
        Ok(head) => {
            let commit = head.peel_to_commit()?;
            let branch = if repository.head_detached()? { None } else { branch(head.name_bytes()) };
            Ok(Head { commit: Some(commit.id()), tree: Some(commit.tree_id()), branch })
        }
        Err(error) if error.code() == ErrorCode::UnbornBranch => {
            let head = repository.find_reference("HEAD")?;
            Ok(Head { commit: None, tree: None, branch: head.symbolic_target_bytes().and_then(branch) })
        }
        Err(error) => Err(error.into()),
    }
}

fn status(repository: &Repository, gaps: &mut Vec<Gap>) -> Result<BTreeMap<Vec<u8>, Pending>, Fault> {
    let mut options = StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true).include_unreadable(true);
    let mut pending = BTreeMap::new();
    for entry in repository.statuses(Some(&mut options))?.iter() {
        let (path, status) = (entry.path_bytes(), entry.status());
        if status.contains(Status::WT_UNREADABLE) {
            gaps.push(Gap::new(Dimension::Code, text_of(path), "it cannot be read"));
        }
        let deleted = Status::INDEX_DELETED | Status::WT_DELETED;
        let changed = if status.contains(Status::CONFLICTED) {
            Some("conflicted")
        } else if status.intersects(deleted) {
            Some("deleted")
        } else if status.contains(Status::INDEX_NEW) {
            Some("added")
        } else if status.intersects(Status::INDEX_TYPECHANGE | Status::WT_TYPECHANGE) {
            Some("typechange")
        } else if status.intersects(Status::INDEX_MODIFIED | Status::WT_MODIFIED) {
            Some("modified")
        } else {
            None
        };
        let untracked = status.contains(Status::WT_NEW);
        if changed.is_some() || untracked {
            let gone = changed == Some("deleted");
            pending.insert(path.to_vec(), Pending { changed, untracked, gone });
        }
    }
    Ok(pending)
}

/// What the index says beyond the status.
#[derive(Debug, Default)]
struct Index {
    links: BTreeMap<Vec<u8>, String>,
    unwatched: Vec<Vec<u8>>,
}

fn entries(repository: &Repository, root: &Path) -> Result<Index, Fault> {
    let mut index = Index::default();
    for entry in repository.index()?.iter() {
        if entry.mode == GITLINK {
            index.links.insert(entry.path, entry.id.to_string());
        } else if entry.flags & ASSUME_UNCHANGED != 0 || entry.flags_extended & SKIP_WORKTREE != 0 {
            let there = root.join(path_of(&entry.path)).symlink_metadata().is_ok();
            index.unwatched.extend(there.then_some(entry.path));
        }
    }
    Ok(index)
}

/// Refuses when git would convert one of these files by means that libgit2 lacks.
fn refuse_filters(
    repository: &Repository,
    config: &git2::Config,
    pending: &BTreeMap<Vec<u8>, Pending>,
) -> Result<(), Fault> {
    if pending.keys().any(|path| path == b".gitattributes" || path.ends_with(b"/.gitattributes")) {
        return Err(Fault::Unsupported("changed .gitattributes are left to git"));
    }
    for path in pending.iter().filter(|(_, pending)| !pending.gone || pending.untracked).map(|(path, _)| path_of(path))
    {
        let attribute = |name| repository.get_attr_bytes(&path, name, AttrCheckFlags::FILE_THEN_INDEX);
        if let AttrValue::String(name) = AttrValue::from_bytes(attribute("filter")?) {
            let configured = |key: &str| config.get_entry(&format!("filter.{name}.{key}")).is_ok();
            if configured("clean") || configured("process") {
                return Err(Fault::Unsupported("a clean filter is configured, which libgit2 does not run"));
            }
        }
        let encoding = AttrValue::from_bytes(attribute("working-tree-encoding")?);
        if matches!(encoding, AttrValue::String(_) | AttrValue::Bytes(_)) {
            return Err(Fault::Unsupported("libgit2 does not know working-tree-encoding"));
        }
    }
    Ok(())
}

fn tags(repository: &Repository, commit: Oid) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    for reference in repository.references_glob("refs/tags/*")? {
        let reference = reference?;
        // A tag may name something else, or what a partial clone lacks.
        if reference.peel_to_commit().is_ok_and(|named| named.id() == commit) {
            let name = reference.name_bytes();
            names.push(text_of(name.strip_prefix(b"refs/tags/").unwrap_or(name)));
        }
    }
    names.sort();
    Ok(names)
}

fn configured(config: &git2::Config, branch: Option<&str>) -> Result<Vec<trackside_evidence::Remote>, Fault> {
    let mut entries = config.entries(Some("^(remote|branch)\\."))?;
    let mut pairs = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        pairs.push((
            text_of(entry.name_bytes()),
            if entry.has_value() { text_of(entry.value_bytes()) } else { String::new() },
        ));
    }
    Ok(remotes(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())), branch))
}
