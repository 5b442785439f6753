//! Submodules and other repositories within a working tree.
//!
//! They are looked at one by one, because `submodule.*.ignore` hides their changes from a status of the outer one.
//! Nothing below them is descended into: their own submodules count as part of their state.

use std::{collections::BTreeMap, path::Path, time::Instant};

use git2::StatusOptions;
use trackside_evidence::{Dimension, Gap, Submodule, without_credentials};

use super::{
    fault::Fault,
    program::Git,
    reading::{Reading, path_of, text_of},
};

/// Describes the repositories within; one that has moved or changed makes the outer one dirty.
pub(super) fn describe(reading: &mut Reading, root: &Path, deadline: Instant) -> Result<Vec<Submodule>, Fault> {
    let urls = urls(root, &mut reading.gaps);
    let mut submodules = Vec::with_capacity(reading.links.len());
    for (path, commit) in &reading.links {
        if Instant::now() >= deadline {
            return Err(Fault::Late);
        }
        let name = text_of(path);
        let directory = root.join(path_of(path));
        let checked_out = directory.join(".git").exists().then(|| head(&directory, deadline)).flatten();
        let dirty = match checked_out.as_ref().map(|_| is_dirty(&directory, deadline)) {
            None | Some(Ok(false)) => false,
            Some(Ok(true)) => {
                let why = "it has uncommitted state of its own, which no snapshot holds";
                let gap = Gap::new(Dimension::Code, &name, why);
                reading.gaps.push(gap.closed_by(format!("git -C '{name}' add --all && git -C '{name}' commit")));
                true
            }
            Some(Err(fault)) => {
                let gap = Gap::new(Dimension::Code, &name, format!("the submodule cannot be read: {fault}"));
                reading.gaps.push(gap.closed_by(fault.remedy(&directory)));
                false
            }
        };
        let url = urls.get(&name).cloned();
        if url.is_none() {
            reading.gaps.push(nested(&name));
        }
        if dirty || checked_out.as_ref().is_some_and(|found| found != commit) {
            let pending = reading.pending.entry(path.clone()).or_default();
            pending.changed.get_or_insert("modified");
        }
        submodules.push(Submodule { path: name, url, commit: Some(commit.clone()), checked_out, dirty });
    }
    Ok(submodules)
}

/// A repository within that no `.gitmodules` names: a clone of the outer one lacks it.
pub(super) fn nested(path: &str) -> Gap {
    let why = "a repository of its own that no .gitmodules names: its commit is known, but not where to get it";
    Gap::new(Dimension::Code, path, why)
        .closed_by(format!("git submodule add <url> '{path}', or name it in .gitignore"))
}

/// URLs of `.gitmodules` by path.
fn urls(root: &Path, gaps: &mut Vec<Gap>) -> BTreeMap<String, String> {
    let file = root.join(".gitmodules");
    if !file.is_file() {
        return BTreeMap::new();
    }
    read_urls(&file).unwrap_or_else(|error| {
        let why = format!("it cannot be read: {}", error.message());
        gaps.push(Gap::new(Dimension::Code, ".gitmodules", why).closed_by("correct the file; git config reads it"));
        BTreeMap::new()
    })
}

fn read_urls(file: &Path) -> Result<BTreeMap<String, String>, git2::Error> {
    let (mut paths, mut urls) = (BTreeMap::new(), BTreeMap::new());
    let config = git2::Config::open(file)?;
    let mut entries = config.entries(Some("^submodule\\."))?;
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let (Ok(key), Ok(value)) = (entry.name(), entry.value()) else { continue };
        let key = key.strip_prefix("submodule.").unwrap_or_default();
        if let Some(name) = key.strip_suffix(".path") {
            paths.insert(name.to_owned(), value.trim_end_matches('/').to_owned());
        } else if let Some(name) = key.strip_suffix(".url") {
            urls.insert(name.to_owned(), without_credentials(value));
        }
    }
    Ok(paths.into_iter().filter_map(|(name, path)| urls.remove(&name).map(|url| (path, url))).collect())
}

/// The commit checked out in a repository.
pub(super) fn head(directory: &Path, deadline: Instant) -> Option<String> {
    let library =
        git2::Repository::open(directory).and_then(|repository| repository.head()?.peel_to_commit().map(|c| c.id()));
    match library {
        Ok(commit) => Some(commit.to_string()),
        Err(_) => Git::new(directory, deadline).line(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).ok(),
    }
}

fn is_dirty(directory: &Path, deadline: Instant) -> Result<bool, Fault> {
    let library = git2::Repository::open(directory).and_then(|repository| {
        let mut options = StatusOptions::new();
        options.include_untracked(true).include_unreadable(true);
        Ok(!repository.statuses(Some(&mut options))?.is_empty())
    });
    library.map_err(Fault::from).or_else(|library| {
        let git = Git::new(directory, deadline);
        let status = git.output(&["status", "--porcelain", "--ignore-submodules=none"]);
        status.map(|status| !status.is_empty()).map_err(|program| Fault::both(library, program))
    })
}
