//! Looks for a commit by the program.

use std::{path::Path, time::Instant};

use super::{
    super::{
        fault::Fault,
        find::{Found, SEARCHED},
    },
    Git,
};

pub(in super::super) fn find(
    repository: &Path,
    commit: &str,
    tree: Option<&str>,
    deadline: Instant,
) -> Result<Found, Fault> {
    let git = Git::new(repository, deadline);
    // What fails from here on is about the object, not the repository.
    git.line(&["rev-parse", "--git-dir"])?;
    let there = |id: &str, kind: &str| git.line(&["cat-file", "-t", id]).is_ok_and(|found| found == kind);
    let mut found = Found { commit: there(commit, "commit"), ..Found::default() };
    let tree = match tree {
        Some(tree) => Some(tree.to_owned()),
        None if found.commit => Some(git.line(&["rev-parse", &format!("{commit}^{{tree}}")])?),
        None => None,
    };
    found.tree = tree.as_ref().is_some_and(|tree| there(tree, "tree"));
    if found.commit {
        let names = git.line(&["for-each-ref", "--format=%(refname)", "--contains", commit])?;
        for name in names.lines() {
            found.reached_by(name);
        }
    }
    if let Some(tree) = tree {
        let count = format!("--max-count={SEARCHED}");
        let arguments = ["log", "--format=%H %T", "--date-order", &count, "--exclude=refs/trackside/*", "--all"];
        let commits = git.line(&arguments)?;
        let same =
            commits.lines().filter_map(|line| line.split_once(' ')).find(|(id, of)| *of == tree && *id != commit);
        found.same_tree = same.map(|(id, _)| id.to_owned());
    }
    Ok(found)
}
