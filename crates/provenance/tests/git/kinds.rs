//! One repository of each kind, and what reads it.

use std::{fs, path::Path, process::Command};

use trackside_evidence::{Engine, Gap, ObjectFormat, Repository};
use trackside_provenance::git::capture;

use crate::project::{LONG, Noon, Project, git};

/// Checks that uncommitted state is seen and kept as git would, and returns what was captured.
fn kept(project: &Project, engine: Engine) -> (Repository, Vec<Gap>) {
    let expected = project.expected_tree();
    let before = project.state();
    let (repository, gaps) = project.capture();
    assert_eq!(project.state(), before);
    assert_eq!(repository.engine, engine);
    assert_eq!(repository.exact_tree(), Some(expected.as_str()), "{repository:?} {gaps:?}");
    (repository, gaps)
}

fn captured(directory: &Path) -> (Option<Repository>, Vec<Gap>) {
    let limits = trackside_provenance::git::Limits { timeout: LONG, ..Default::default() };
    let (code, gaps) = capture(directory, &limits, &Noon);
    (code.repository, gaps)
}

fn only(gaps: &[Gap]) -> &Gap {
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    &gaps[0]
}

#[test]
fn no_repository_is_a_gap_with_a_remedy() {
    let project = Project::plain();
    let (repository, gaps) = captured(&project.root);
    assert_eq!(repository, None);
    assert!(only(&gaps).why.ends_with("is in no repository"));
    assert!(only(&gaps).remedy.contains("git init"));
}

#[test]
fn a_directory_below_the_top_is_told() {
    let project = Project::new();
    project.write("a/b/c.py", "1\n");
    project.commit();
    let (repository, gaps) = captured(&project.root.join("a/b"));
    let repository = repository.unwrap();
    assert_eq!((repository.subdirectory.as_str(), gaps), ("a/b", vec![]));
    assert_eq!(repository.root, project.root.display().to_string());
}

#[test]
fn an_unborn_head_has_a_branch_and_a_snapshot_without_parent() {
    let project = Project::empty(&[]);
    let (repository, gaps) = project.capture();
    assert_eq!((repository.commit, repository.branch.as_deref()), (None, Some("main")));
    assert_eq!(only(&gaps).why, "the repository has no commit and no file");
    project.write("train.py", "1\n");
    project.write("staged.py", "2\n");
    project.git(&["add", "staged.py"]);
    let (repository, gaps) = kept(&project, Engine::Git2);
    assert_eq!(gaps, []);
    let parents = project.git(&["show", "-s", "--format=%P", repository.exact_commit().unwrap()]);
    assert_eq!(parents, "");
    project.git(&["update-index", "--split-index"]);
    let (by_program, _) = kept(&project, Engine::Git);
    assert_eq!(by_program.snapshot, repository.snapshot);
}

#[test]
fn detached_shallow_and_linked_are_told() {
    let project = Project::new();
    project.commit();
    project.git(&["checkout", "-q", "--detach"]);
    project.write("train.py", "2\n");
    assert_eq!(kept(&project, Engine::Git2).0.branch, None);

    let linked = Project::plain();
    fs::remove_dir(&linked.root).unwrap();
    project.git(&["worktree", "add", "-q", "-b", "other", linked.root.to_str().unwrap()]);
    linked.write("train.py", "3\n");
    // The copy of a linked worktree shares its index, so it is compared by hand.
    let (repository, gaps) = linked.capture();
    assert_eq!(gaps, []);
    assert!(repository.linked_worktree && repository.dirty);
    assert_eq!(repository.branch.as_deref(), Some("other"));
    assert_eq!(linked.git(&["show", &format!("{}:train.py", repository.exact_commit().unwrap())]), "3");
    linked.git(&["update-index", "--split-index"]);
    let (by_program, _) = linked.capture();
    assert_eq!((by_program.engine, by_program.linked_worktree), (Engine::Git, true));
    assert_eq!(by_program.snapshot, repository.snapshot);

    let shallow = Project::plain();
    fs::remove_dir(&shallow.root).unwrap();
    let url = format!("file://{}", project.root.display());
    project.git(&["clone", "-q", "--depth=1", &url, shallow.root.to_str().unwrap()]);
    shallow.write("new.py", "4\n");
    assert!(kept(&shallow, Engine::Git2).0.shallow);
}

#[test]
fn a_bare_repository_has_a_commit_and_a_gap() {
    let project = Project::new();
    let bare = project.beside("bare.git");
    project.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let (repository, gaps) = captured(&bare);
    assert_eq!(repository.unwrap().commit, Some(project.git(&["rev-parse", "HEAD"])));
    assert!(only(&gaps).why.contains("no working tree"));
}

#[test]
fn what_libgit2_does_not_read_git_does() {
    // Split index.
    let project = Project::new();
    project.git(&["update-index", "--split-index"]);
    project.write("train.py", "2\n");
    assert_eq!(kept(&project, Engine::Git).1, []);
    // Sparse index: what is outside of the cone is no deletion.
    let project = Project::new();
    project.write("in/a.py", "1\n");
    project.write("out/b.py", "1\n");
    project.commit();
    project.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "in"]);
    assert!(!project.root.join("out").exists());
    let (repository, gaps) = project.capture();
    assert_eq!((repository.engine, repository.dirty, gaps), (Engine::Git, false, vec![]));
    project.write("in/a.py", "2\n");
    assert_eq!(kept(&project, Engine::Git).1, []);
    // SHA-256.
    let project = Project::empty(&["--object-format=sha256"]);
    project.write("train.py", "1\n");
    project.commit();
    project.write("new.py", "2\n");
    let (repository, gaps) = kept(&project, Engine::Git);
    assert_eq!((repository.object_format, gaps), (ObjectFormat::Sha256, vec![]));
    assert_eq!(repository.snapshot.unwrap().commit.len(), 64);
    // Reftable.
    let project = Project::empty(&["--ref-format=reftable"]);
    project.write("train.py", "1\n");
    project.commit();
    project.git(&["tag", "v1"]);
    project.write("new.py", "2\n");
    let (repository, gaps) = kept(&project, Engine::Git);
    assert_eq!((repository.tags, gaps), (vec!["v1".to_owned()], vec![]));
    let commit = repository.snapshot.unwrap().commit;
    trackside_provenance::git::name(&project.root, "r", &commit, LONG).unwrap();
    assert_eq!(project.git(&["rev-parse", "refs/trackside/runs/r"]), commit);
}

#[test]
fn an_index_of_version_4_is_read() {
    let project = Project::new();
    project.git(&["update-index", "--index-version", "4"]);
    project.write("train.py", "2\n");
    assert_eq!(kept(&project, Engine::Git2).1, []);
}

#[test]
fn a_clean_filter_is_run() {
    let project = Project::empty(&[]);
    // What LFS does, without it: a short text is stored in place of the file.
    project.git(&["config", "filter.lfs.clean", "sed s/large/pointer/"]);
    project.git(&["config", "filter.lfs.smudge", "sed s/pointer/large/"]);
    project.write(".gitattributes", "*.bin filter=lfs\n*.u16 working-tree-encoding=UTF-16LE\n");
    project.write("a.bin", "large 1\n");
    project.commit();
    assert_eq!(project.git(&["show", "HEAD:a.bin"]), "pointer 1");
    // Touched, but the same: libgit2 would call it modified.
    project.write("a.bin", "large 1\n");
    let old = fs::metadata(project.root.join(".gitattributes")).unwrap().modified().unwrap();
    let file = fs::File::options().write(true).open(project.root.join("a.bin")).unwrap();
    file.set_modified(old - std::time::Duration::from_secs(100)).unwrap();
    let (repository, gaps) = project.capture();
    assert_eq!((repository.engine, repository.dirty, gaps), (Engine::Git, false, vec![]));
    project.write("a.bin", "large 2\n");
    project.write("text.u16", "h\0i\0");
    let (repository, gaps) = kept(&project, Engine::Git);
    assert_eq!(gaps, []);
    let commit = repository.snapshot.unwrap().commit;
    assert_eq!(project.git(&["show", &format!("{commit}:a.bin")]), "pointer 2");
    assert_eq!(project.git(&["show", &format!("{commit}:text.u16")]), "hi");
}

#[test]
fn a_configured_filter_that_no_file_has_leaves_it_to_libgit2() {
    let project = Project::new();
    project.git(&["config", "filter.lfs.clean", "false"]);
    project.write("train.py", "2\n");
    kept(&project, Engine::Git2);
}

#[test]
fn line_endings_are_kept_as_git_would() {
    let project = Project::empty(&[]);
    project.write(".gitattributes", "*.crlf text eol=crlf\n");
    project.write("a.crlf", "one\r\n");
    project.commit();
    project.write("a.crlf", "one\r\ntwo\r\n");
    let (repository, gaps) = kept(&project, Engine::Git2);
    assert_eq!(gaps, []);
    let commit = repository.snapshot.unwrap().commit;
    assert_eq!(project.git(&["cat-file", "-s", &format!("{commit}:a.crlf")]), "8");
    // libgit2 would go by the rules that are committed, too.
    project.write(".gitattributes", "");
    project.write("a.crlf", "one\r\ntwo\r\nthree\r\n");
    kept(&project, Engine::Git);
}

#[test]
fn a_conflict_is_kept_as_it_stands() {
    let project = Project::new();
    project.git(&["checkout", "-q", "-b", "side"]);
    project.write("train.py", "side\n");
    project.commit();
    project.git(&["checkout", "-q", "main"]);
    project.write("train.py", "main\n");
    project.commit();
    let merge = Command::new("git").args(["merge", "-q", "side"]).current_dir(&project.root).output().unwrap();
    assert!(!merge.status.success());
    let (repository, gaps) = kept(&project, Engine::Git2);
    assert_eq!((repository.changed[0].status.as_str(), gaps), ("conflicted", vec![]));
    fs::remove_file(project.root.join("train.py")).unwrap();
    kept(&project, Engine::Git2);
}

#[test]
fn submodules_are_recorded_and_their_own_changes_are_a_gap() {
    let library = Project::new();
    let project = Project::new();
    let url = library.root.display().to_string();
    project.git(&["submodule", "add", "-q", &url, "libs/one"]);
    let (repository, gaps) = kept(&project, Engine::Git2);
    assert_eq!(gaps, []);
    assert_eq!(repository.submodules[0].url.as_deref(), Some(url.as_str()));
    project.commit();
    let inner = project.root.join("libs/one");
    let first = git(&inner, &["rev-parse", "HEAD"]);
    assert_eq!(kept(&project, Engine::Git2).0.submodules[0].checked_out.as_ref(), Some(&first));
    // Moved to another commit, and told to be ignored.
    git(&inner, &["commit", "-q", "--allow-empty", "-m", "moved"]);
    project.git(&["config", "-f", ".gitmodules", "submodule.libs/one.ignore", "all"]);
    let (repository, gaps) = project.capture();
    assert_eq!(gaps, []);
    assert_eq!(repository.submodules[0].commit.as_ref(), Some(&first));
    let second = git(&inner, &["rev-parse", "HEAD"]);
    let commit = repository.snapshot.unwrap().commit;
    assert_eq!(project.git(&["rev-parse", &format!("{commit}:libs/one")]), second);
    // With changes of its own.
    project.git(&["config", "-f", ".gitmodules", "--unset", "submodule.libs/one.ignore"]);
    fs::write(inner.join("new.py"), "1\n").unwrap();
    for (index, engine) in [("--no-split-index", Engine::Git2), ("--split-index", Engine::Git)] {
        project.git(&["update-index", index]);
        let (repository, gaps) = kept(&project, engine);
        assert!(repository.submodules[0].dirty && repository.dirty);
        assert_eq!(only(&gaps).what, "libs/one");
        assert!(only(&gaps).remedy.contains("git -C 'libs/one' commit"));
    }
    // Not checked out, in a clone.
    project.commit();
    let clone = Project::plain();
    fs::remove_dir(&clone.root).unwrap();
    project.git(&["clone", "-q", ".", clone.root.to_str().unwrap()]);
    let (repository, gaps) = clone.capture();
    assert_eq!((repository.dirty, repository.submodules[0].checked_out.as_ref(), gaps), (false, None, vec![]));
}

#[test]
fn a_repository_within_is_a_gap() {
    let project = Project::new();
    for name in ["nested", "a/deeper"] {
        project.git(&["init", "-q", name]);
        let inner = project.root.join(name);
        fs::write(inner.join("x.py"), "1\n").unwrap();
        git(&inner, &["add", "-A"]);
        git(&inner, &["commit", "-q", "-m", "inner"]);
    }
    for (index, engine) in [("--no-split-index", Engine::Git2), ("--split-index", Engine::Git)] {
        project.git(&["update-index", index]);
        let (repository, gaps) = kept(&project, engine);
        assert_eq!(repository.untracked.paths, ["a/deeper/", "nested/"]);
        let what: Vec<_> = gaps.iter().map(|gap| gap.what.as_str()).collect();
        assert_eq!(what, ["a/deeper", "nested"]);
    }
    // Added without .gitmodules it stays one; one without a commit cannot be kept.
    project.commit();
    project.git(&["update-index", "--no-split-index"]);
    project.git(&["init", "-q", "empty"]);
    project.write("empty/x.py", "1\n");
    let (repository, gaps) = project.capture();
    assert_eq!(repository.submodules.len(), 2);
    assert!(gaps.iter().any(|gap| gap.what == "nested"));
    assert_eq!(repository.snapshot.unwrap().left_out[0].why, "a repository of its own without a commit");
}

#[test]
fn a_partial_clone_is_read_and_never_fetches() {
    let project = Project::new();
    project.write("b.py", "2\n");
    project.commit();
    project.git(&["config", "uploadpack.allowFilter", "true"]);
    for filter in ["--filter=blob:none", "--filter=tree:0"] {
        let clone = Project::plain();
        fs::remove_dir(&clone.root).unwrap();
        let url = format!("file://{}", project.root.display());
        project.git(&["clone", "-q", filter, &url, clone.root.to_str().unwrap()]);
        // Any fetch from here on would fail and be told.
        let moved = project.beside("gone");
        fs::rename(&project.root, &moved).unwrap();
        clone.write("train.py", "2\n");
        let (repository, gaps) = clone.capture();
        fs::rename(&moved, &project.root).unwrap();
        assert_eq!(gaps, [], "{filter}");
        assert_eq!(repository.exact_tree(), Some(clone.expected_tree().as_str()));
    }
}

#[test]
fn files_that_git_does_not_look_at_are_a_gap() {
    let project = Project::new();
    project.git(&["update-index", "--assume-unchanged", "train.py"]);
    project.write("train.py", "changed\n");
    for index in ["--no-split-index", "--split-index"] {
        project.git(&["update-index", index]);
        let (repository, gaps) = project.capture();
        assert!(!repository.dirty);
        assert!(only(&gaps).why.contains("train.py"), "{gaps:?}");
        assert!(only(&gaps).remedy.contains("--no-assume-unchanged"));
    }
}

#[test]
fn another_owners_repository_is_a_gap_that_names_the_remedy() {
    let project = Project::new();
    let other = |path: &Path| std::os::unix::fs::chown(path, Some(12345), Some(12345));
    if let Err(error) = other(&project.root).and_then(|()| other(&project.root.join(".git"))) {
        // Only root can give a repository away; `fault.rs` tests the text.
        eprintln!("not run: cannot change owners ({error})");
        return;
    }
    let (repository, gaps) = captured(&project.root);
    assert_eq!(repository, None);
    let gap = only(&gaps);
    assert!(gap.why.contains("libgit2: ") && gap.why.contains("git: fatal: detected dubious ownership"), "{gap:?}");
    let expected = format!("git config --global --add safe.directory '{}'", project.root.display());
    assert_eq!(gap.remedy, expected);
}

#[test]
fn a_directory_that_is_not_there_is_a_gap() {
    let (repository, gaps) = captured(Path::new("/no/such/directory"));
    assert_eq!(repository, None);
    assert!(only(&gaps).why.contains("No such file or directory"), "{gaps:?}");
}

#[test]
fn a_damaged_repository_is_a_gap_with_both_errors() {
    let project = Project::new();
    fs::write(project.root.join(".git/index"), "nonsense").unwrap();
    let (repository, gaps) = captured(&project.root);
    assert_eq!(repository, None);
    assert!(only(&gaps).why.contains("libgit2: ") && only(&gaps).why.contains("; git: "), "{gaps:?}");
}
