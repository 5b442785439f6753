//! Writes a snapshot by libgit2: the tree of the commit, with the changed paths put in.

use std::{collections::BTreeMap, ffi::OsStr, fs, os::unix::ffi::OsStrExt, os::unix::fs::PermissionsExt, path::Path};

use git2::{ObjectType, Oid, Repository, Signature, Time, Tree};
use trackside_core::Timestamp;

use super::super::{
    capture::{AUTHOR, EMAIL, message},
    fault::Fault,
    reading::{Reading, path_of},
    selection::Selection,
};

const FILE: i32 = 0o100_644;
const EXECUTABLE: i32 = 0o100_755;
const SYMLINK: i32 = 0o120_000;
const GITLINK: i32 = 0o160_000;
const DIRECTORY: i32 = 0o040_000;

/// Changed paths, a level per directory.
#[derive(Debug, Default)]
struct Node {
    /// What stands here now, unless it is a directory.
    leaf: Option<(Oid, i32)>,
    children: BTreeMap<Vec<u8>, Node>,
}

/// Writes a commit and its tree.
pub(super) fn write(
    repository: &Repository,
    reading: &Reading,
    selection: &Selection,
    at: Timestamp,
) -> Result<(String, String), Fault> {
    let root = reading.root.as_deref().expect("a bare repository has no working tree to keep");
    let mut changes = Node::default();
    for path in &selection.gone {
        changes.at(path);
    }
    for (path, commit) in &selection.links {
        changes.at(path).leaf = Some((Oid::from_str(commit)?, GITLINK));
    }
    for path in &selection.take {
        changes.at(path).leaf = Some(blob(repository, &root.join(path_of(path)))?);
    }
    let parent = match &reading.repository.commit {
        Some(commit) => Some(repository.find_commit(Oid::from_str(commit)?)?),
        None => None,
    };
    let base = parent.as_ref().map(git2::Commit::tree).transpose()?;
    let tree = match changes.write(repository, base.as_ref())? {
        Some(tree) => tree,
        None => repository.treebuilder(None)?.write()?,
    };
    let author = Signature::new(AUTHOR, EMAIL, &Time::new(at.millis().div_euclid(1000).max(0), 0))?;
    let parents: Vec<_> = parent.iter().collect();
    let text = message(&reading.repository);
    let commit = repository.commit(None, &author, &author, &text, &repository.find_tree(tree)?, &parents)?;
    Ok((commit.to_string(), tree.to_string()))
}

/// The object of a file as `git add` would store it, with line endings and `$Id$` converted; a link is not followed.
fn blob(repository: &Repository, path: &Path) -> Result<(Oid, i32), Fault> {
    let io = |error| Fault::io(path, error);
    let metadata = fs::symlink_metadata(path).map_err(io)?;
    if metadata.is_symlink() {
        let target = fs::read_link(path).map_err(io)?;
        return Ok((repository.blob(target.as_os_str().as_bytes())?, SYMLINK));
    }
    let mode = if metadata.permissions().mode() & 0o100 == 0 { FILE } else { EXECUTABLE };
    Ok((repository.blob_path(path)?, mode))
}

impl Node {
    fn at(&mut self, path: &[u8]) -> &mut Self {
        path.split(|byte| *byte == b'/').fold(self, |node, name| node.children.entry(name.to_vec()).or_default())
    }

    /// Writes the tree that these changes make of `base`; `None` when nothing is left, because git has no empty
    /// directories.
    fn write(&self, repository: &Repository, base: Option<&Tree<'_>>) -> Result<Option<Oid>, Fault> {
        let mut builder = repository.treebuilder(base)?;
        for (name, node) in &self.children {
            let file = OsStr::from_bytes(name);
            let below = base.and_then(|base| base.get_name_bytes(name));
            let entry = if let Some(leaf) = node.leaf {
                Some(leaf)
            } else if node.children.is_empty() {
                None
            } else {
                let below = below.as_ref().filter(|entry| entry.kind() == Some(ObjectType::Tree));
                let below = below.map(|entry| repository.find_tree(entry.id())).transpose()?;
                node.write(repository, below.as_ref())?.map(|tree| (tree, DIRECTORY))
            };
            match entry {
                Some((object, mode)) => drop(builder.insert(file, object, mode)?),
                None if below.is_some() => builder.remove(file)?,
                None => {}
            }
        }
        Ok(if builder.is_empty() { None } else { Some(builder.write()?) })
    }
}
