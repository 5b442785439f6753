//! Writes a snapshot by the program: a copy of the index is brought up to the working tree and written as a tree.
//!
//! The copy keeps what the index says of line endings, modes and files that git was told not to look at. It is
//! written in one piece, whatever the form of the original.

use std::{fs, path::Path, time::Instant};

use trackside_core::Timestamp;

use super::{
    super::{
        capture::{AUTHOR, EMAIL, message},
        fault::Fault,
        reading::Reading,
        selection::Selection,
    },
    Git,
};

/// Writes a commit and its tree.
pub(super) fn write(
    reading: &Reading,
    selection: &Selection,
    at: Timestamp,
    deadline: Instant,
) -> Result<(String, String), Fault> {
    let root = reading.root.as_deref().expect("a bare repository has no working tree to keep");
    let git = Git::new(root, deadline);
    let original = git.line(&["rev-parse", "--absolute-git-dir"])?;
    let scratch = tempfile::tempdir().map_err(|error| Fault::io(&std::env::temp_dir(), error))?;
    let index = scratch.path().join("index");
    copy(&Path::new(&original).join("index"), &index)?;
    let git = git.variable("GIT_INDEX_FILE", &index);
    let git = git.set("core.splitIndex=false").set("index.sparse=false").set("core.sparseCheckout=false");
    // A path that goes must go before one takes its place.
    let mut lines = Vec::new();
    let width = reading.repository.commit.as_ref().map_or(40, String::len);
    for path in &selection.gone {
        line(&mut lines, &format!("0 {}", "0".repeat(width)), path);
    }
    for (path, commit) in &selection.links {
        line(&mut lines, &format!("160000 {commit}"), path);
    }
    if !lines.is_empty() {
        git.answer(&["update-index", "-z", "--replace", "--index-info"], lines)?;
    }
    if !selection.take.is_empty() {
        let mut paths = selection.take.join(&0);
        paths.push(0);
        git.answer(&["update-index", "-z", "--add", "--remove", "--replace", "--stdin"], paths)?;
    }
    let tree = git.line(&["write-tree"])?;
    let date = format!("{} +0000", at.millis().div_euclid(1000).max(0));
    let git = git
        .variable("GIT_AUTHOR_NAME", AUTHOR)
        .variable("GIT_AUTHOR_EMAIL", EMAIL)
        .variable("GIT_AUTHOR_DATE", &date)
        .variable("GIT_COMMITTER_NAME", AUTHOR)
        .variable("GIT_COMMITTER_EMAIL", EMAIL)
        .variable("GIT_COMMITTER_DATE", &date);
    let mut arguments = vec!["commit-tree".to_owned(), tree.clone(), "-m".to_owned(), message(&reading.repository)];
    if let Some(parent) = &reading.repository.commit {
        arguments.extend(["-p".to_owned(), parent.clone()]);
    }
    let commit = git.line(&arguments)?;
    Ok((commit, tree))
}

fn line(lines: &mut Vec<u8>, head: &str, path: &[u8]) {
    lines.extend_from_slice(head.as_bytes());
    lines.push(b'\t');
    lines.extend_from_slice(path);
    lines.push(0);
}

/// With its time, by which git tells which files may have changed since without showing it.
fn copy(from: &Path, to: &Path) -> Result<(), Fault> {
    let copied = fs::copy(from, to).and_then(|_| {
        let time = fs::metadata(from)?.modified()?;
        fs::File::options().append(true).open(to)?.set_modified(time)
    });
    match copied {
        // Nothing was ever added.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|error| Fault::io(from, error)),
    }
}
