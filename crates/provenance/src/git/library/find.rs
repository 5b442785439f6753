//! Looks for a commit by libgit2.

use std::{collections::HashMap, path::Path};

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
        let mut known = HashMap::new();
        for (name, tip) in &tips {
            let reaches = match known.get(tip) {
                Some(reaches) => *reaches,
                None => *tip == id || repository.graph_descendant_of(*tip, id)?,
            };
            known.insert(*tip, reaches);
            if reaches {
                found.reached_by(name);
            }
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
