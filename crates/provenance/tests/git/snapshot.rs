//! Uncommitted state as a commit.

use std::{fs, os::unix::fs::symlink, process::Command, time::Duration};

use trackside_evidence::Dimension;
use trackside_provenance::git::{Limits, name};

use crate::project::{LONG, Project, git};

#[test]
fn a_clean_tree_needs_no_snapshot() {
    let project = Project::new();
    project.git(&["tag", "v1"]);
    project.git(&["tag", "-a", "v0", "-m", "annotated"]);
    project.git(&["remote", "add", "other", "https://me:secret@host/other.git"]);
    project.git(&["remote", "add", "origin", "git@host:a/b.git"]);
    let (repository, gaps) = project.capture();
    assert_eq!(gaps, []);
    assert!(!repository.dirty && repository.snapshot.is_none());
    assert_eq!(repository.commit, Some(project.git(&["rev-parse", "HEAD"])));
    assert_eq!(repository.tree, Some(project.git(&["rev-parse", "HEAD^{tree}"])));
    assert_eq!(repository.branch.as_deref(), Some("main"));
    assert_eq!(repository.tags, ["v0", "v1"]);
    let urls: Vec<_> = repository.remotes.iter().map(|remote| remote.url.as_str()).collect();
    assert_eq!(urls, ["host:a/b.git", "https://host/other.git"]);
}

#[test]
fn a_snapshot_can_be_checked_pushed_and_cloned_and_changes_nothing() {
    let project = Project::new();
    project.write(".gitignore", "ignored\n");
    project.write("old.py", "old\n");
    let head = project.commit();
    project.write("train.py", "print(2)\n");
    fs::remove_file(project.root.join("old.py")).unwrap();
    project.write("run.sh", "#!/bin/sh\n");
    project.executable("run.sh", true);
    project.write("deep/er/näme \u{1f600}.txt", [0, 159, 146, 150]);
    project.write("ignored", "x");
    symlink("train.py", project.root.join("link")).unwrap();
    symlink("nowhere", project.root.join("dangling")).unwrap();
    assert!(Command::new("mkfifo").arg(project.root.join("pipe")).status().unwrap().success());
    let before = project.state();
    let (repository, gaps) = project.capture();
    assert_eq!(project.state(), before);
    assert_eq!(gaps, []);
    let changed: Vec<_> = repository.changed.iter().map(|c| (c.path.as_str(), c.status.as_str())).collect();
    assert_eq!(changed, [("old.py", "deleted"), ("train.py", "modified")]);
    assert_eq!(repository.untracked.paths, ["dangling", "deep/er/näme \u{1f600}.txt", "link", "run.sh"]);
    assert_eq!(repository.untracked.bytes, 7 + 4 + 8 + 10);
    let snapshot = repository.snapshot.clone().unwrap();
    fs::remove_file(project.root.join("pipe")).unwrap();
    assert_eq!(snapshot.tree, project.expected_tree());
    assert_eq!(repository.exact_tree(), Some(snapshot.tree.as_str()));
    let shown = project.git(&["show", "-s", "--format=%P|%an <%ae>|%at|%cn <%ce>|%ct|%s", &snapshot.commit]);
    let who = "Trackside <trackside@localhost>|1735787045";
    assert_eq!(shown, format!("{head}|{who}|{who}|Working tree at the start of a run"));
    // Unnamed it is nobody's; named, fsck finds nothing dangling.
    let reference = name(&project.root, "run-1", &snapshot.commit, LONG).unwrap();
    assert_eq!(reference, "refs/trackside/runs/run-1");
    assert_eq!(project.git(&["fsck", "--strict", "--full"]), "");

    let bare = project.beside("bare.git");
    project.git(&["init", "-q", "--bare", bare.to_str().unwrap()]);
    project.git(&["push", "-q", bare.to_str().unwrap(), &format!("{reference}:{reference}")]);
    let clone = project.beside("clone");
    project.git(&["clone", "-q", bare.to_str().unwrap(), clone.to_str().unwrap()]);
    git(&clone, &["fetch", "-q", "origin", &reference]);
    git(&clone, &["checkout", "-q", "FETCH_HEAD"]);
    let compare = Command::new("diff")
        .args(["-r", "--no-dereference", "--exclude=.git", "--exclude=ignored"])
        .args([&project.root, &clone])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&compare.stdout), "");
    assert!(
        fs::metadata(clone.join("run.sh"))
            .is_ok_and(|m| std::os::unix::fs::PermissionsExt::mode(&m.permissions()) & 0o111 != 0)
    );
}

#[test]
fn a_name_is_made_once_moved_when_captured_again_and_refused_when_bad() {
    let project = Project::new();
    let first = project.git(&["rev-parse", "HEAD"]);
    name(&project.root, "a", &first, LONG).unwrap();
    name(&project.root, "a", &first, LONG).unwrap();
    let second = project.commit();
    name(&project.root, "a", &second, LONG).unwrap();
    assert_eq!(project.git(&["rev-parse", "refs/trackside/runs/a"]), second);
    for bad in ["", "a/b", "..", "a b", "-x:y", "a.lock", "a\n"] {
        assert!(name(&project.root, bad, &first, LONG).is_err(), "{bad:?}");
    }
    assert!(name(&project.root, "b", "HEAD", LONG).is_err());
    assert!(name(&project.root, "b", &"0".repeat(40), LONG).is_err());
    // A tree is no snapshot.
    assert!(name(&project.root, "b", &project.git(&["rev-parse", "HEAD^{tree}"]), LONG).is_err());
}

#[test]
fn both_engines_make_the_same_commit() {
    let project = Project::new();
    project.write("train.py", "print(3)\n");
    project.write("new.py", "");
    let (by_library, _) = project.capture();
    project.git(&["update-index", "--split-index"]);
    let (by_program, gaps) = project.capture();
    assert_eq!(gaps, []);
    assert_ne!(by_library.engine, by_program.engine);
    assert_eq!(by_library.snapshot, by_program.snapshot);
    assert!(by_library.snapshot.is_some());
}

#[test]
fn what_does_not_fit_is_left_out_with_size_and_why() {
    let limits = Limits { file_bytes: 1000, total_bytes: 2000, files: 4, timeout: LONG };
    let project = Project::new();
    project.write("train.py", "x".repeat(900));
    project.write("big.bin", vec![0; 1001]);
    project.write("a.txt", "x".repeat(990));
    project.write("b.txt", "x".repeat(500));
    project.write("c.txt", "x".repeat(10));
    project.write("d.txt", "x".repeat(20));
    let check = || {
        let (repository, gaps) = project.capture_with(&limits);
        assert_eq!(repository.untracked.count, 5);
        assert_eq!(repository.exact_tree(), None);
        let snapshot = repository.snapshot.unwrap();
        let left_out: Vec<_> = snapshot.left_out.iter().map(|l| (l.path.as_str(), l.size, l.why.as_str())).collect();
        assert_eq!(left_out, [("a.txt", 990, "beyond 4 files"), ("big.bin", 1001, "larger than 1000 bytes")]);
        assert_eq!(snapshot.left_out_count, 2);
        assert_eq!(gaps.len(), 1);
        assert_eq!(
            (gaps[0].dimension, gaps[0].why.as_str()),
            (Dimension::Code, "the snapshot lacks a.txt (beyond 4 files) and 1 more, 1 KiB in all")
        );
        let held = project.git(&["ls-tree", "-r", "--name-only", &snapshot.commit]);
        assert_eq!(held, "b.txt\nc.txt\nd.txt\ntrain.py");
    };
    check();
    project.git(&["update-index", "--split-index"]);
    check();
    let (repository, _) = project.capture_with(&Limits { files: 100, total_bytes: 1500, ..limits.clone() });
    assert_eq!(repository.snapshot.unwrap().left_out[0].why, "beyond 1 KiB in all");
}

#[test]
fn tracksideignore_leaves_out_untracked_files_only() {
    let project = Project::new();
    project.write("data/kept.csv", "1\n");
    project.commit();
    project.write(".tracksideignore", "data/\n*.bin\n");
    project.write("data/kept.csv", "2\n");
    project.write("data/new.csv", "3\n");
    project.write("x.bin", "4");
    project.write("sub/.tracksideignore", "!y.bin\n");
    project.write("sub/y.bin", "5");
    let (repository, gaps) = project.capture();
    assert_eq!(gaps, []);
    assert_eq!(repository.untracked.paths, [".tracksideignore", "sub/.tracksideignore", "sub/y.bin"]);
    let commit = repository.snapshot.clone().unwrap().commit;
    assert_eq!(project.git(&["show", &format!("{commit}:data/kept.csv")]), "2");
    assert!(!project.git(&["ls-tree", "-r", "--name-only", &commit]).contains("new.csv"));
    assert!(repository.exact_tree().is_some());
}

#[test]
fn when_time_is_up_nothing_is_called_clean() {
    let project = Project::new();
    let (code, gaps) = trackside_provenance::git::capture(
        &project.root,
        &Limits { timeout: Duration::ZERO, ..Limits::default() },
        &crate::project::Noon,
    );
    assert_eq!(code.repository, None);
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].why.contains("too long"), "{gaps:?}");
}
