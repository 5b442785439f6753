//! Reads a repository by the program.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use trackside_evidence::{Dimension, Engine, Gap, ObjectFormat, Repository, Untracked};

use super::{
    super::{
        fault::Fault,
        reading::{Reading, path_of, remotes},
    },
    Git, porcelain,
};

/// What `git` says of the repository of a directory.
pub(super) fn read(directory: &Path, deadline: Instant) -> Result<Reading, Fault> {
    let git = Git::new(directory, deadline);
    let facts = git.line(&[
        "rev-parse",
        "--show-object-format",
        "--is-shallow-repository",
        "--is-bare-repository",
        "--absolute-git-dir",
        "--git-common-dir",
    ])?;
    let facts: Vec<&str> = facts.split('\n').collect();
    let [format, shallow, bare, git_directory, common] = facts[..] else {
        return Err(Fault::Program(format!("git rev-parse said {facts:?}")));
    };
    let common = directory.join(common);
    let linked_worktree = fs::canonicalize(&common).ok() != fs::canonicalize(git_directory).ok();
    let mut gaps = Vec::new();
    let (root, status, index) = if bare == "true" {
        (None, bare_status(&git), Index::default())
    } else {
        let root = PathBuf::from(git.line(&["rev-parse", "--show-toplevel"])?);
        let git = Git::new(&root, deadline);
        (Some(root), status(&git, &mut gaps)?, index(&git)?)
    };
    let tree =
        status.commit.as_ref().map(|commit| git.line(&["rev-parse", &format!("{commit}^{{tree}}")])).transpose()?;
    let tags = match &status.commit {
        None => Vec::new(),
        Some(commit) => tags(&git, commit)?,
    };
    let top = root.clone().unwrap_or_else(|| PathBuf::from(git_directory));
    let unwatched = index.unwatched.into_iter().filter(|path| top.join(path_of(path)).symlink_metadata().is_ok());
    let repository = Repository {
        engine: Engine::Git,
        subdirectory: below(directory, &top),
        root: top.display().to_string(),
        object_format: if format == "sha256" { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 },
        remotes: configured(&git, status.branch.as_deref())?,
        commit: status.commit,
        tree,
        branch: status.branch,
        tags,
        dirty: false,
        changed: Vec::new(),
        changed_count: 0,
        untracked: Untracked::default(),
        snapshot: None,
        submodules: Vec::new(),
        shallow: shallow == "true",
        linked_worktree,
    };
    let unwatched = unwatched.collect();
    Ok(Reading { repository, root, pending: status.pending, links: index.links, unwatched, gaps })
}

/// A directory below another, as text.
pub(in super::super) fn below(directory: &Path, root: &Path) -> String {
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    directory.strip_prefix(&root).map(|path| path.display().to_string()).unwrap_or_default()
}

fn status(git: &Git, gaps: &mut Vec<Gap>) -> Result<porcelain::Status, Fault> {
    let arguments = [
        "status",
        "--porcelain=v2",
        "--branch",
        "-z",
        "--untracked-files=all",
        "--no-renames",
        // What is within them is looked at one by one.
        "--ignore-submodules=dirty",
    ];
    let (output, warnings) = git.answer(&arguments, Vec::new())?;
    gaps.extend(warnings.lines().filter_map(unreadable));
    porcelain::parse(&output).ok_or_else(|| Fault::Program("git status wrote what is not its format".to_owned()))
}

/// Git warns of a directory that it cannot read, and succeeds as if it were empty.
fn unreadable(warning: &str) -> Option<Gap> {
    let (what, why) = warning.strip_prefix("warning: could not open directory '")?.split_once("': ")?;
    Some(Gap::new(Dimension::Code, what.trim_end_matches('/'), format!("the directory cannot be read: {why}")))
}

/// In a bare repository there is only the head.
fn bare_status(git: &Git) -> porcelain::Status {
    porcelain::Status {
        commit: git.line(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).ok(),
        branch: git.line(&["symbolic-ref", "--quiet", "--short", "HEAD"]).ok(),
        ..porcelain::Status::default()
    }
}

/// What the index says beyond the status.
#[derive(Debug, Default, PartialEq, Eq)]
struct Index {
    links: BTreeMap<Vec<u8>, String>,
    /// Marked `assume-unchanged` or `skip-worktree`.
    unwatched: Vec<Vec<u8>>,
}

fn index(git: &Git) -> Result<Index, Fault> {
    let output = git.output(&["ls-files", "-z", "-v", "--stage"])?;
    entries(&output).ok_or_else(|| Fault::Program("git ls-files wrote what is not its format".to_owned()))
}

/// `H 100644 <object> 0<tab>path`; a small letter is `assume-unchanged`, `S` is `skip-worktree`.
fn entries(output: &[u8]) -> Option<Index> {
    let mut index = Index::default();
    for record in output.split(|byte| *byte == 0).filter(|record| !record.is_empty()) {
        let tab = record.iter().position(|byte| *byte == b'\t')?;
        let (head, path) = (&record[..tab], &record[tab + 1..]);
        let mut fields = head.split(|byte| *byte == b' ');
        let (tag, mode, object) = (fields.next()?, fields.next()?, fields.next()?);
        if mode == b"160000" {
            index.links.insert(path.to_vec(), String::from_utf8_lossy(object).into_owned());
        } else if tag == b"S" || tag.first()?.is_ascii_lowercase() {
            index.unwatched.push(path.to_vec());
        }
    }
    Some(index)
}

fn tags(git: &Git, commit: &str) -> Result<Vec<String>, Fault> {
    let names = git.line(&["for-each-ref", "--format=%(refname:strip=2)", "--points-at", commit, "refs/tags"])?;
    let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
    names.sort();
    Ok(names)
}

fn configured(git: &Git, branch: Option<&str>) -> Result<Vec<trackside_evidence::Remote>, Fault> {
    // All of it, because a search that finds nothing is a failure to git.
    let output = git.output(&["config", "-z", "--list"])?;
    let text = String::from_utf8_lossy(&output);
    Ok(remotes(text.split('\0').filter_map(|entry| entry.split_once('\n')), branch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_tells_links_and_what_is_not_watched() {
        let output = b"H 100644 aa 0\tplain\0h 100644 aa 0\tassumed\0S 100644 aa 0\tskipped\0H 160000 bb 0\tsub\0";
        let index = entries(output).unwrap();
        assert_eq!(index.unwatched, [b"assumed".to_vec(), b"skipped".to_vec()]);
        assert_eq!(index.links, [(b"sub".to_vec(), "bb".to_owned())].into());
        assert_eq!(entries(b"H 100644"), None);
    }

    #[test]
    fn a_directory_that_git_skips_is_a_gap() {
        let gap = unreadable("warning: could not open directory 'a b/': Permission denied").unwrap();
        assert_eq!((gap.what.as_str(), gap.why.as_str()), ("a b", "the directory cannot be read: Permission denied"));
        assert_eq!(unreadable("warning: something else"), None);
    }
}
