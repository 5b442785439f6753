//! Commits found again, and put into a directory.

use std::fs;

use trackside_provenance::git::{CheckoutKind, Found, checkout, discard, find, name};

use crate::project::{LONG, Project};

/// By libgit2, then by git, which must agree.
fn both(project: &Project, commit: &str, tree: Option<&str>) -> Found {
    let library = find(&project.root, commit, tree, LONG).unwrap();
    project.git(&["config", "core.repositoryFormatVersion", "1"]);
    // libgit2 refuses an extension that it does not know; git knows this one.
    project.git(&["config", "extensions.refStorage", "files"]);
    let program = find(&project.root, commit, tree, LONG).unwrap();
    project.git(&["config", "--unset", "extensions.refStorage"]);
    assert_eq!(library, program);
    library
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

#[test]
fn a_commit_is_found_with_what_reaches_it() {
    let project = Project::new();
    let first = project.git(&["rev-parse", "HEAD"]);
    project.write("b.py", "1\n");
    project.commit();
    project.git(&["tag", "-a", "v1", "-m", "one"]);
    project.git(&["branch", "side"]);
    project.git(&["update-ref", "refs/remotes/origin/main", &first]);
    project.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    name(&project.root, "r1", &first, LONG).unwrap();
    let found = both(&project, &first, None);
    assert!(found.commit && found.tree && found.is_reachable());
    assert_eq!(found.branches, texts(["main", "side"]));
    assert_eq!(found.remote_branches, texts(["origin/main"]));
    assert_eq!((found.tags, found.runs), (texts(["v1"]), texts(["r1"])));
    assert_eq!(found.same_tree, None);
}

#[test]
fn what_branched_off_before_does_not_reach_a_commit() {
    let project = Project::new();
    project.git(&["branch", "before"]);
    let commit = project.commit();
    project.git(&["checkout", "-q", "-b", "work"]);
    project.commit();
    project.git(&["checkout", "-q", "before"]);
    project.write("x.py", "1\n");
    project.commit();
    assert_eq!(both(&project, &commit, None).branches, texts(["main", "work"]));
    project.git(&["merge", "-q", "-m", "m", "work"]);
    assert_eq!(both(&project, &commit, None).branches, texts(["before", "main", "work"]));
    let shallow = project.beside("shallow");
    project.git(&[
        "clone",
        "-q",
        "--depth=1",
        &format!("file://{}", project.root.display()),
        shallow.to_str().unwrap(),
    ]);
    let head = project.git(&["rev-parse", "HEAD"]);
    assert_eq!(find(&shallow, &head, None, LONG).unwrap().branches, texts(["before"]));
    assert_eq!(find(&shallow, &commit, None, LONG).unwrap(), Found::default());
}

#[test]
fn a_commit_that_was_rebased_away_is_told_by_its_tree() {
    let project = Project::new();
    project.write("b.py", "1\n");
    let old = project.commit();
    let tree = project.git(&["rev-parse", "HEAD^{tree}"]);
    project.git(&["commit", "-q", "--amend", "-m", "reworded"]);
    let new = project.git(&["rev-parse", "HEAD"]);
    let found = both(&project, &old, None);
    assert!(found.commit && !found.is_reachable());
    assert_eq!(found.same_tree, Some(new.clone()));
    // Nor is it there in a clone, where only the tree tells.
    let found = both(&project, &"1".repeat(40), Some(&tree));
    assert!(!found.commit && found.tree);
    assert_eq!(found.same_tree, Some(new));
    let found = both(&project, &"1".repeat(40), None);
    assert_eq!(found, Found::default());
}

#[test]
fn what_is_no_object_name_is_refused() {
    let project = Project::new();
    for bad in ["", "HEAD", "--all", "abc", &"g".repeat(40)] {
        assert!(find(&project.root, bad, None, LONG).is_err(), "{bad}");
        assert!(checkout(&project.root, bad, &project.beside("out"), LONG).is_err(), "{bad}");
    }
}

#[test]
fn a_commit_is_put_beside_the_working_tree() {
    let library = Project::new();
    let project = Project::new();
    project.write("bin/run", "#!/bin/sh\n");
    project.executable("bin/run", true);
    project.git(&["submodule", "add", "-q", &library.root.display().to_string(), "sub"]);
    let commit = project.commit();
    project.write("train.py", "later\n");
    project.commit();
    project.write("train.py", "uncommitted\n");
    let before = project.state();
    let place = project.beside("out");
    let out = checkout(&project.root, &commit, &place, LONG).unwrap();
    assert_eq!((out.kind, &out.submodules), (CheckoutKind::Worktree, &texts(["sub"])));
    assert_eq!(fs::read_to_string(place.join("train.py")).unwrap(), "print(1)\n");
    assert_eq!(fs::read_to_string(project.root.join("train.py")).unwrap(), "uncommitted\n");
    assert_eq!(project.state(), before);
    assert!(checkout(&project.root, &commit, &place, LONG).unwrap_err().to_string().contains("is not empty"));
    discard(&project.root, &place, &out, LONG).unwrap();
    assert!(!place.exists());
    assert_eq!(project.git(&["worktree", "list"]).lines().count(), 1);
    let missing = checkout(&project.root, &"1".repeat(40), &place, LONG).unwrap_err();
    assert!(missing.to_string().contains("libgit2: "), "{missing}");
}
