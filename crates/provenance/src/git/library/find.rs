//! Looks for a commit by libgit2.

use std::{collections::HashSet, path::Path};

use git2::{ObjectType, Oid, Repository, Sort};

use super::super::{
    fault::Fault,
    find::{Found, SEARCHED},
    reading::text_of,
};

pub(in super::super) fn find(repository: &Path, commit: &str, tree: Option<&str>) -> Result<Found, Fault> {
    let repository = super::open(repository)?;
    let id = Oid::from_str(commit)?;
    let there = |id, kind| repository.odb().and_then(|odb| odb.read_header(id)).is_ok_and(|(_, found)| found == kind);
    let mut found = Found { commit: there(id, ObjectType::Commit), ..Found::default() };
    let tree = match tree {
        Some(tree) => Some(Oid::from_str(tree)?),
        None if found.commit => Some(repository.find_commit(id)?.tree_id()),
        None => None,
    };
    found.tree = tree.is_some_and(|tree| there(tree, ObjectType::Tree));
    let tips = tips(&repository)?;
    if found.commit {
        let reaching = reaching(&repository, &tips, id)?;
        for (name, _) in tips.iter().filter(|(_, tip)| reaching.contains(tip)) {
            found.reached_by(name);
        }
    }
    if let Some(tree) = tree {
        found.same_tree = same_tree(&repository, &tips, id, tree)?.map(|commit| commit.to_string());
    }
    Ok(found)
}

/// References by full name, sorted, with the commits they name.
fn tips(repository: &Repository) -> Result<Vec<(String, Oid)>, Fault> {
    let mut tips = Vec::new();
    for reference in repository.references()? {
        let reference = reference?;
        // One may name no commit, or one that is missing.
        if let Ok(commit) = reference.peel_to_commit() {
            tips.push((text_of(reference.name_bytes()), commit.id()));
        }
    }
    tips.sort();
    Ok(tips)
}

/// Commits that have this one among their ancestors, and itself. One walk over what came since, parents first,
/// because a search from each reference would read the whole history as often as there are any.
fn reaching(repository: &Repository, tips: &[(String, Oid)], id: Oid) -> Result<HashSet<Oid>, Fault> {
    let mut walk = repository.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
    for (_, tip) in tips {
        walk.push(*tip)?;
    }
    for parent in repository.find_commit(id)?.parent_ids() {
        walk.hide(parent)?;
    }
    let mut reaching = HashSet::from([id]);
    for commit in walk {
        let commit = repository.find_commit(commit?)?;
        if commit.parent_ids().any(|parent| reaching.contains(&parent)) {
            reaching.insert(commit.id());
        }
    }
    Ok(reaching)
}

fn same_tree(repository: &Repository, tips: &[(String, Oid)], not: Oid, tree: Oid) -> Result<Option<Oid>, Fault> {
    let mut walk = repository.revwalk()?;
    walk.set_sorting(Sort::TIME)?;
    for (_, tip) in tips.iter().filter(|(name, _)| !name.starts_with("refs/trackside/")) {
        walk.push(*tip)?;
    }
    for commit in walk.take(SEARCHED) {
        let commit = commit?;
        if commit != not && repository.find_commit(commit)?.tree_id() == tree {
            return Ok(Some(commit));
        }
    }
    Ok(None)
}
