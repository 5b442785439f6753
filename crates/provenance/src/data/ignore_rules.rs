//! What `.dvcignore` and `.gitignore` leave out: the syntax of git, at any level, the nearest file first.
//!
//! DVC departs from git in one thing: a rule holds for everything below what it names. So after `*.tmp` and `!kept`, git
//! ignores `kept/x.tmp`, DVC does not; and its rules for `.git`, `.hg/` and `.dvc/` are rules like any other.
//!
//! Source: `dvc/ignore.py` of DVC 3.67.1, pathspec 1.1.1; checked on DVC's own code by `test_data.py`.

use std::{fs, io, path::Path, sync::Arc};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};

/// More than a list that people write.
const MAX_BYTES: u64 = 1 << 20;
/// The rules that DVC begins with.
const OF_DVC: &str = ".hg/\n.git/\n.git\n.dvc/\n";

/// Whose rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    Dvc,
    Git,
}

impl Syntax {
    /// Name of the files that have them.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Dvc => ".dvcignore",
            Self::Git => ".gitignore",
        }
    }
}

/// The rules that hold in a directory: its own, then those of the directories above.
#[derive(Debug, Clone)]
pub(crate) struct IgnoreRules {
    syntax: Syntax,
    level: Option<Arc<Level>>,
}

#[derive(Debug)]
struct Level {
    own: Gitignore,
    above: Option<Arc<Level>>,
}

impl IgnoreRules {
    /// The rules that hold below `top` when no file has any.
    pub(crate) fn first(syntax: Syntax, top: &Path) -> Self {
        let text = if syntax == Syntax::Dvc { OF_DVC } else { "" };
        let own = parse(syntax, top, text).ok().filter(|own| !own.is_empty());
        Self { syntax, level: own.map(|own| Arc::new(Level { own, above: None })) }
    }

    /// The rules that hold in `directory`, from files in `top` and below.
    ///
    /// A file that cannot be read is told to `fault`, with the reason.
    pub(crate) fn between(syntax: Syntax, top: &Path, directory: &Path, fault: &mut dyn FnMut(&Path, String)) -> Self {
        let mut way: Vec<&Path> = directory.ancestors().take_while(|above| above.starts_with(top)).collect();
        way.reverse();
        way.into_iter().fold(Self::first(syntax, top), |rules, level| rules.within(level, fault))
    }

    /// The rules that hold in a directory of the one these are for.
    #[must_use]
    pub(crate) fn within(&self, directory: &Path, fault: &mut dyn FnMut(&Path, String)) -> Self {
        let path = directory.join(self.syntax.file());
        if self.ignores(&path, false) {
            return self.clone();
        }
        match read(self.syntax, &path, directory) {
            Ok(Some(own)) if !own.is_empty() => {
                Self { level: Some(Arc::new(Level { own, above: self.level.clone() })), ..*self }
            }
            Ok(_) => self.clone(),
            Err(error) => {
                fault(&path, error.to_string());
                self.clone()
            }
        }
    }

    /// Whether the path, which is directly in the directory, is left out. The last rule that matches decides.
    pub(crate) fn ignores(&self, path: &Path, is_directory: bool) -> bool {
        let mut next = &self.level;
        while let Some(level) = next {
            match level.own.matched(path, is_directory) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => next = &level.above,
            }
        }
        false
    }
}

fn read(syntax: Syntax, path: &Path, directory: &Path) -> io::Result<Option<Gitignore>> {
    let size = match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if size > MAX_BYTES {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    parse(syntax, directory, &fs::read_to_string(path)?).map(Some)
}

fn parse(syntax: Syntax, directory: &Path, text: &str) -> io::Result<Gitignore> {
    let mut builder = GitignoreBuilder::new(directory);
    for line in text.lines() {
        // DVC takes blanks away on both sides. A line that is no pattern matches nothing.
        let line = if syntax == Syntax::Dvc { line.trim() } else { line };
        builder.add_line(None, line).ok();
        if let Some(below) = below(line).filter(|_| syntax == Syntax::Dvc) {
            builder.add_line(None, &below).ok();
        }
    }
    builder.build().map_err(io::Error::other)
}

/// The rule for everything below what a rule names: for directories alone, if the rule is.
fn below(rule: &str) -> Option<String> {
    let (bang, pattern) = rule.strip_prefix('!').map_or(("", rule), |pattern| ("!", pattern));
    let (body, slash) = pattern.strip_suffix('/').map_or((pattern, ""), |body| (body, "/"));
    let any_level = if body.contains('/') { "" } else { "**/" };
    (!body.is_empty() && !rule.starts_with('#')).then(|| format!("{bang}{any_level}{body}/**{slash}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_decides_and_its_last_line() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path();
        fs::create_dir_all(top.join("a/b")).unwrap();
        fs::write(top.join(".dvcignore"), "*.tmp\n  *.log \n# x\n/only-here\nbuild/\n").unwrap();
        fs::write(top.join("a/b/.dvcignore"), "!keep.tmp\n").unwrap();
        let mut faults = 0;
        let rules = IgnoreRules::between(Syntax::Dvc, top, &top.join("a/b"), &mut |_, _| faults += 1);
        for (path, is_directory, expected) in [
            ("a/b/x.tmp", false, true),
            ("a/b/keep.tmp", false, false),
            ("a/b/x.log", false, true),
            ("a/b/only-here", false, false),
            ("a/b/build", false, false),
            ("a/b/build", true, true),
        ] {
            assert_eq!(rules.ignores(&top.join(path), is_directory), expected, "{path}");
        }
        assert_eq!(faults, 0);
    }

    #[test]
    fn rules_of_dvc_hold_for_everything_below() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path();
        for file in [".dvcignore", ".gitignore"] {
            fs::write(top.join(file), "*.tmp\n!kept\n").unwrap();
        }
        for (syntax, ignored) in [(Syntax::Dvc, false), (Syntax::Git, true)] {
            let rules = IgnoreRules::between(syntax, top, top, &mut |_, _| ());
            assert_eq!(rules.ignores(&top.join("kept/deep/x.tmp"), false), ignored, "{syntax:?}");
            assert!(rules.ignores(&top.join("x.tmp"), false));
        }
    }

    #[test]
    fn some_things_are_left_out_unless_a_rule_says_otherwise() {
        let rules = IgnoreRules::first(Syntax::Dvc, Path::new("/top"));
        let ignores = |path: &str, is_directory| rules.ignores(&Path::new("/top/a").join(path), is_directory);
        assert!(ignores(".git", true) && ignores(".git", false) && ignores(".hg", true) && ignores(".dvc", true));
        assert!(!ignores(".hg", false) && !ignores(".dvc", false) && !ignores(".gitignore", false));
    }

    #[test]
    fn a_file_that_is_no_text_is_told() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(".dvcignore"), b"\xff").unwrap();
        let mut told = Vec::new();
        IgnoreRules::between(Syntax::Dvc, directory.path(), directory.path(), &mut |_, why| told.push(why));
        assert_eq!(told, ["stream did not contain valid UTF-8"]);
    }
}
