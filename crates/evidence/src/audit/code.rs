//! Whether the exact code can still be had.

use super::{CodeNow, Evidence, Finding, Observed, Verdict};
use crate::{Dimension, Gap, Record, Repository};

const CODE: Dimension = Dimension::Code;

/// The commit with what was not committed, as the repository has it.
pub(super) fn code(record: &Record, now: &Observed) -> Finding {
    let Some(repository) = &record.code.repository else {
        let why = gap(record).map_or("the code was in no repository", |gap| gap.why.as_str());
        return Finding::new(CODE, Verdict::Missing, why)
            .advise("put the code into a git repository and commit it, then run again");
    };
    if repository.exact_tree().is_none() {
        return not_whole(repository, record);
    }
    let dirty = repository.submodules.iter().find(|module| module.dirty);
    if let Some(module) = dirty {
        return Finding::new(CODE, Verdict::Missing, format!("the submodule {} had uncommitted state", module.path))
            .advise("commit within the submodule, then run again");
    }
    let Some(found) = &now.code else {
        let finding =
            Finding::new(CODE, Verdict::Missing, format!("the repository {} cannot be read here", repository.root));
        return match repository.remotes.first() {
            Some(remote) => finding.advise(format!("clone {} and audit from within the clone", remote.url)),
            None => finding.advise("audit from within the repository; it has no remote to clone from"),
        };
    };
    present(repository, found)
}

fn present(repository: &Repository, found: &CodeNow) -> Finding {
    let commit = repository.commit.as_deref();
    let here = |is: bool| is.then_some("present");
    let mut evidence = Vec::new();
    if commit.is_some() {
        evidence.push(Evidence::new("commit", commit, here(found.commit), verdict(found.commit)));
    }
    if let Some(snapshot) = &repository.snapshot {
        let has = here(found.snapshot);
        evidence.push(Evidence::new("uncommitted state", Some(&snapshot.commit), has, verdict(found.snapshot)));
    }
    // A snapshot holds all of the code.
    let has_exact = if repository.snapshot.is_some() { found.snapshot } else { found.commit };
    let name = repository.exact_commit().unwrap_or("none");
    let short = name.get(..12).unwrap_or(name);
    if has_exact {
        let whole = if repository.snapshot.is_some() { ", with what was not committed," } else { "" };
        let mut finding =
            Finding::new(CODE, Verdict::Identical, format!("the exact code{whole} is in the repository as {short}"));
        finding.evidence = evidence;
        if found.reached_from.is_empty() && repository.snapshot.is_none() {
            return finding.advise(format!("no branch or tag leads to {short}: `git tag` it before it is collected"));
        }
        return finding;
    }
    let mut finding = match &found.same_tree {
        Some(other) => {
            let tree = repository.exact_tree();
            evidence.push(Evidence::new("tree", tree, Some(other), Verdict::Equivalent));
            let other = other.get(..12).unwrap_or(other);
            Finding::new(CODE, Verdict::Equivalent, format!("{short} is gone; {other} holds the same files"))
        }
        None => Finding::new(CODE, Verdict::Missing, format!("{short} is not in {}", found.repository)).advise(
            match repository.remotes.first() {
                Some(remote) => format!("fetch it from {}, e.g. `git fetch {} {name}`", remote.url, remote.name),
                None => "look for it in other clones; it was in a repository without a remote".to_owned(),
            },
        ),
    };
    finding.evidence = evidence;
    finding
}

const fn verdict(is_here: bool) -> Verdict {
    if is_here { Verdict::Identical } else { Verdict::Missing }
}

/// Uncommitted state was not kept, or not all of it.
fn not_whole(repository: &Repository, record: &Record) -> Finding {
    let why = match &repository.snapshot {
        Some(snapshot) => {
            let names = snapshot.left_out.iter().map(|file| file.path.as_str());
            format!("not all of the uncommitted state was kept: {} left out", super::finding::listed(names))
        }
        None => gap(record).map_or_else(|| "uncommitted state was not kept".to_owned(), |gap| gap.why.clone()),
    };
    let mut finding = Finding::new(Dimension::Code, Verdict::Missing, why)
        .advise("commit the code; name data with --data, or leave it out with .gitignore or .tracksideignore");
    for file in repository.snapshot.iter().flat_map(|snapshot| &snapshot.left_out) {
        finding = finding.with(Evidence::new(&file.path, Some(&file.why), None, Verdict::Missing));
    }
    finding
}

fn gap(record: &Record) -> Option<&Gap> {
    record.gaps.iter().find(|gap| gap.dimension == CODE)
}
