//! Directs what names the old working tree to the new one.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// From an old working tree to a new one.
#[derive(Debug)]
pub(super) struct Redirect<'a> {
    /// The recorded top of the working tree.
    pub(super) from: &'a Path,
    pub(super) to: &'a Path,
    /// The recorded working directory of the command, and the new one.
    pub(super) directory: (&'a Path, &'a Path),
}

impl Redirect<'_> {
    /// The command as it runs there. A path into the old working tree would run what stands there now, or write to it.
    pub(super) fn command(&self, command: &[String]) -> Vec<OsString> {
        let mut words = command.iter();
        let program = words.next().map(|program| self.program(program));
        program.into_iter().chain(words.map(|word| self.word(word).into())).collect()
    }

    /// An interpreter may stand in the old working tree without being part of the code, such as `.venv/bin/python`.
    fn program(&self, program: &str) -> OsString {
        let path = Path::new(program);
        let here = |path: &Path| path.exists().then(|| path.as_os_str().to_owned());
        if let Ok(below) = path.strip_prefix(self.from) {
            return here(&self.to.join(below)).unwrap_or_else(|| program.into());
        }
        let (old, new) = self.directory;
        if path.is_absolute() || !program.contains('/') || new.join(path).exists() {
            return program.into();
        }
        here(&old.join(path)).unwrap_or_else(|| program.into())
    }

    /// A path, or one behind `=` or between colons: `--data=/home/ada/a/x`, `/home/ada/a/src:/lib`.
    pub(super) fn word(&self, word: &str) -> String {
        let parts: Vec<String> = word.split_inclusive(['=', ':']).map(|part| self.part(part)).collect();
        parts.concat()
    }

    fn part(&self, part: &str) -> String {
        let path = part.trim_end_matches(['=', ':']);
        match Path::new(path).strip_prefix(self.from) {
            Ok(below) => {
                let to = if below.as_os_str().is_empty() { self.to.to_owned() } else { self.to.join(below) };
                format!("{}{}", to.display(), &part[path.len()..])
            }
            Err(_) => part.to_owned(),
        }
    }
}

/// Where a program of that name is on a search path.
pub(super) fn on_path(name: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    std::env::split_paths(path?).map(|directory| directory.join(name)).find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn paths_into_the_old_tree_lead_to_the_new_one() {
        let scratch = tempfile::tempdir().unwrap();
        let [old, new] = ["old", "new"].map(|name| scratch.path().join(name));
        for file in ["old/.venv/bin/python", "old/run.sh", "new/run.sh"] {
            fs::create_dir_all(scratch.path().join(file).parent().unwrap()).unwrap();
            fs::write(scratch.path().join(file), "").unwrap();
        }
        let redirect = Redirect { from: &old, to: &new, directory: (&old, &new) };
        let (from, to) = (old.display(), new.display());
        for (word, expected) in [
            (format!("{from}/train.py"), format!("{to}/train.py")),
            (format!("--data={from}/x"), format!("--data={to}/x")),
            (format!("{from}/src:/lib:{from}"), format!("{to}/src:/lib:{to}")),
            (format!("{from}er/x"), format!("{from}er/x")),
            ("a=b".to_owned(), "a=b".to_owned()),
            (String::new(), String::new()),
        ] {
            assert_eq!(redirect.word(&word), expected);
        }
        for (program, expected) in [
            ("python".to_owned(), "python".to_owned()),
            ("./run.sh".to_owned(), "./run.sh".to_owned()),
            (".venv/bin/python".to_owned(), format!("{from}/.venv/bin/python")),
            (format!("{from}/.venv/bin/python"), format!("{from}/.venv/bin/python")),
            (format!("{from}/run.sh"), format!("{to}/run.sh")),
            ("/usr/bin/env".to_owned(), "/usr/bin/env".to_owned()),
        ] {
            assert_eq!(redirect.command(&[program]), [OsString::from(expected)]);
        }
    }
}
