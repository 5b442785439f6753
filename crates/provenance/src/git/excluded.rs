//! `.tracksideignore`: what a snapshot leaves out beyond what git ignores.
//!
//! The syntax and precedence are those of `.gitignore`: a file in a deeper directory has the last word, and nothing
//! below a directory that is excluded comes back. Tracked files are not subject to it.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use trackside_evidence::{Dimension, Gap};

const NAME: &str = ".tracksideignore";

/// The rules of a working tree, read as directories are met.
#[derive(Debug)]
pub(super) struct Excluded {
    root: PathBuf,
    /// Rules by directory, below the root.
    rules: HashMap<PathBuf, Option<Gitignore>>,
    /// Verdicts over directories, below the root.
    directories: HashMap<PathBuf, bool>,
    pub(super) gaps: Vec<Gap>,
}

impl Excluded {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), rules: HashMap::new(), directories: HashMap::new(), gaps: Vec::new() }
    }

    /// Whether a path below the root is excluded.
    pub(super) fn contains(&mut self, path: &Path, is_directory: bool) -> bool {
        let parent = path.parent().unwrap_or(Path::new(""));
        self.directory(parent) || self.verdict(path, is_directory)
    }

    fn directory(&mut self, path: &Path) -> bool {
        if path.as_os_str().is_empty() {
            return false;
        }
        if let Some(known) = self.directories.get(path) {
            return *known;
        }
        let excluded = self.contains(path, true);
        self.directories.insert(path.to_owned(), excluded);
        excluded
    }

    /// Of the path alone; the rules of the deepest directory that has a matching one count.
    fn verdict(&mut self, path: &Path, is_directory: bool) -> bool {
        let absolute = self.root.join(path);
        for directory in path.ancestors().skip(1) {
            if let Some(rules) = self.rules(directory) {
                let matched = rules.matched(&absolute, is_directory);
                if !matched.is_none() {
                    return matched.is_ignore();
                }
            }
        }
        false
    }

    fn rules(&mut self, directory: &Path) -> Option<&Gitignore> {
        if !self.rules.contains_key(directory) {
            let rules = self.read(directory);
            self.rules.insert(directory.to_owned(), rules);
        }
        self.rules[directory].as_ref()
    }

    fn read(&mut self, directory: &Path) -> Option<Gitignore> {
        let absolute = self.root.join(directory);
        let file = absolute.join(NAME);
        if !file.is_file() {
            return None;
        }
        let mut builder = GitignoreBuilder::new(absolute);
        let trouble = builder.add(&file);
        let built = builder.build();
        let trouble = trouble.as_ref().or(built.as_ref().err()).map(ToString::to_string);
        if let Some(trouble) = trouble {
            let what = directory.join(NAME).display().to_string();
            let gap = Gap::new(Dimension::Code, what, format!("a pattern in it cannot be read: {trouble}"));
            self.gaps.push(gap.closed_by("correct the pattern; the syntax is that of .gitignore"));
        }
        built.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn deeper_files_have_the_last_word_but_not_below_what_is_excluded() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        fs::create_dir_all(root.path().join("gone")).unwrap();
        fs::write(root.path().join(NAME), "*.bin\ngone/\n/top\n").unwrap();
        fs::write(root.path().join("a").join(NAME), "!keep.bin\nb/*.txt\n").unwrap();
        fs::write(root.path().join("gone").join(NAME), "!*\n").unwrap();
        let mut excluded = Excluded::new(root.path());
        for (path, expected) in [
            ("x.bin", true),
            ("a/x.bin", true),
            ("a/keep.bin", false),
            ("a/b/c.txt", true),
            ("a/c.txt", false),
            ("gone/x", true),
            ("top", true),
            ("a/top", false),
            (NAME, false),
        ] {
            assert_eq!(excluded.contains(Path::new(path), false), expected, "{path}");
        }
        assert_eq!(excluded.gaps, Vec::new());
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_a_gap() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(NAME), "[z-a]\n*.bin\n").unwrap();
        let mut excluded = Excluded::new(root.path());
        assert!(excluded.contains(Path::new("x.bin"), false));
        assert_eq!(excluded.gaps.len(), 1);
        assert_eq!(excluded.gaps[0].what, NAME);
    }
}
