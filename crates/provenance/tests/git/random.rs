//! Random working trees: the tree of a snapshot is the one that `git add -A && git write-tree` makes.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use trackside_evidence::Engine;
use trackside_provenance::git::Limits;

use crate::project::{LONG, Project};

/// A linear congruential generator, so that a tree is told by its number.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

const DIRECTORIES: [&str; 6] = ["", "src/", "src/deep/", "data/", "a b/", "ü/"];
const NAMES: [&str; 13] = [
    "a.py",
    "b.txt",
    "c.bin",
    "d.crlf",
    "e.lf",
    "f.log",
    "g",
    "keep.log",
    "line\nfeed",
    "quo\"te",
    "ö.txt",
    ".hidden",
    "x.tmp",
];
const CONTENTS: [&str; 7] = ["", "one\n", "one\r\ntwo\r\n", "mixed\r\nends\n", "no end", "\0bin\r\n", "$Id$\n"];
const IGNORE: [&str; 6] = ["*.log\n", "!keep.log\n", "data/\n", "/src/deep/*.tmp\n", "x.tmp\n", "a b/g\n"];
const ATTRIBUTES: [&str; 7] = [
    "*.txt text\n",
    "*.crlf text eol=crlf\n",
    "*.lf text eol=lf\n",
    "*.bin binary\n",
    "* text=auto\n",
    "*.py ident\n",
    "g -text\n",
];

fn random_file(random: &mut Random) -> String {
    format!("{}{}", random.pick(&DIRECTORIES), random.pick(&NAMES))
}

/// Writes where nothing is in the way.
fn put(project: &Project, random: &mut Random, path: &str) {
    let full = project.root.join(path);
    let parent = full.parent().unwrap();
    if full.is_dir()
        || fs::create_dir_all(parent).is_err()
        || !fs::canonicalize(parent).unwrap().starts_with(&project.root)
    {
        return;
    }
    drop(fs::remove_file(&full));
    match random.below(8) {
        0 => symlink(random.pick(&["a.py", "../b", "/etc", "src"]), &full).unwrap(),
        1 => {
            fs::write(&full, random.pick(&CONTENTS)).unwrap();
            project.executable(path, true);
        }
        _ => fs::write(&full, random.pick(&CONTENTS).repeat(random.below(3) + 1)).unwrap(),
    }
}

fn rules(project: &Project, random: &mut Random) {
    for (name, lines) in [(".gitignore", &IGNORE[..]), (".gitattributes", &ATTRIBUTES[..])] {
        let directory = random.pick(&["", "", "src/"]);
        let text: String = (0..random.below(4)).map(|_| random.pick(lines)).collect();
        let name = format!("{directory}{name}");
        if project.root.join(directory).is_dir() && !project.root.join(&name).is_dir() {
            project.write(&name, text);
        }
    }
}

fn existing(project: &Project) -> Vec<String> {
    let list = project.git(&["ls-files", "-z", "--cached", "--others"]);
    list.split('\0').filter(|path| !path.is_empty() && is_there(&project.root, path)).map(str::to_owned).collect()
}

/// Other attributes change what a file is stored as, and git asks nobody until it sees another time.
fn touch(project: &Project) {
    for path in existing(project).iter().map(|path| project.root.join(path)).filter(|path| !path.is_symlink()) {
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000)).unwrap();
    }
}

fn is_there(root: &Path, path: &str) -> bool {
    let full: PathBuf = root.join(path);
    full.symlink_metadata().is_ok_and(|m| !m.is_dir())
        && fs::canonicalize(full.parent().unwrap()).is_ok_and(|parent| parent.starts_with(root))
}

fn change(project: &Project, random: &mut Random) {
    let mut files = existing(project);
    // Those are changed by `rules`.
    files.retain(|path| !path.ends_with(".gitattributes"));
    if files.is_empty() {
        return put(project, random, "a.py");
    }
    let path = files[random.below(files.len())].clone();
    let full = project.root.join(&path);
    match random.below(12) {
        0 => fs::remove_file(&full).unwrap(),
        1 => {
            // A directory where a file was.
            fs::remove_file(&full).unwrap();
            project.write(&format!("{path}/inner.py"), "inner\n");
        }
        2 => {
            // A link where a directory was.
            let directory = full.parent().unwrap();
            if directory != project.root && directory.is_dir() {
                fs::remove_dir_all(directory).unwrap();
                symlink("/etc", directory).unwrap();
            }
        }
        3 => {
            // A file where a directory was.
            let directory = full.parent().unwrap();
            if directory != project.root {
                fs::remove_dir_all(directory).unwrap();
                fs::write(directory, "file\n").unwrap();
            }
        }
        4 => {
            project.git(&["add", "-f", "--", &path]);
        }
        5 => {
            project.git(&["add", "-A"]);
        }
        6 => {
            project.git(&["rm", "-q", "--cached", "--ignore-unmatch", "-f", "--", &path]);
        }
        7 => {
            project.git(&["add", "-f", "-N", "--", &path]);
        }
        8 if !full.is_symlink() => project.executable(&path, true),
        _ => put(project, random, &path),
    }
}

#[test]
fn a_hundred_random_trees_are_kept_as_git_would() {
    let limits = Limits { timeout: LONG, ..Limits::default() };
    let mut by_library = 0;
    for seed in 0..100 {
        let mut random = Random(seed);
        let project = Project::empty(&[]);
        if random.below(3) == 0 {
            project.git(&["config", "core.autocrlf", random.pick(&["true", "input"])]);
        }
        rules(&project, &mut random);
        for _ in 0..random.below(25) {
            let path = random_file(&mut random);
            put(&project, &mut random, &path);
        }
        if random.below(8) > 0 {
            project.commit();
        }
        for _ in 0..random.below(12) {
            change(&project, &mut random);
            let path = random_file(&mut random);
            put(&project, &mut random, &path);
        }
        if random.below(2) == 0 {
            rules(&project, &mut random);
            touch(&project);
        }
        let expected = project.expected_tree();
        let mut commits = Vec::new();
        for index in ["--no-split-index", "--split-index"] {
            project.git(&["update-index", index]);
            let before = project.state();
            let (repository, gaps) = project.capture_with(&limits);
            assert_eq!(gaps, [], "seed {seed} {index}");
            assert_eq!(project.state(), before, "seed {seed} {index}");
            let status = project.git(&["status", "--porcelain"]);
            assert_eq!(repository.dirty || repository.untracked.count > 0, !status.is_empty(), "seed {seed} {index}");
            let kept = repository.exact_tree().unwrap_or_default();
            if kept != tree(&expected, &repository) {
                let expected = crate::project::git(&project.beside("copy"), &["ls-tree", "-r", &expected]);
                assert_eq!(project.git(&["ls-tree", "-r", kept]), expected, "seed {seed} {index}\n{status}");
            }
            by_library += u32::from(repository.engine == Engine::Git2);
            commits.push((repository.changed, repository.untracked, repository.snapshot));
        }
        assert_eq!(commits[0], commits[1], "seed {seed}: engines differ");
    }
    assert!(by_library >= 30, "libgit2 read only {by_library} of them");
}

/// Before the first commit and without a file there is no tree, where git writes the empty one.
fn tree<'a>(expected: &'a str, repository: &trackside_evidence::Repository) -> &'a str {
    if repository.commit.is_none() && repository.snapshot.is_none() { "" } else { expected }
}
