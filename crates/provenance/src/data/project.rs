//! The files of DVC's in a project.
//!
//! What git or DVC ignores is not looked at: DVC itself refuses a `.dvc` file that git ignores.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use trackside_evidence::{Dimension, Gap};

use super::{
    dvc_file::{self, Entry, Malformed},
    ignore_rules::{IgnoreRules, Syntax},
    place,
};

/// Files and directories looked at; a project with more than that keeps data where neither git nor DVC ignores them.
const MAX_LOOKED_AT: usize = 1_000_000;

/// All that DVC has on record below a directory.
#[derive(Debug, Default)]
pub(crate) struct OnRecord {
    pub(crate) entries: Vec<Entry>,
    pub(crate) gaps: Vec<Gap>,
}

/// Reads every `.dvc` and `dvc.lock` file below `root`.
pub(crate) fn on_record(root: &Path) -> OnRecord {
    let mut found = OnRecord::default();
    let files = files(root, &mut found.gaps);
    let mut faults = Vec::new();
    for file in files {
        found.entries.extend(dvc_file::read(&file, &mut faults));
    }
    found.gaps.extend(faults.iter().map(|fault| gap(fault, root)));
    found
}

fn gap(fault: &Malformed, root: &Path) -> Gap {
    let line = fault.line.map(|line| format!(":{line}")).unwrap_or_default();
    let what = format!("{}{line}", place::name(&fault.file, root));
    Gap::new(Dimension::Data, what, format!("what DVC has on record there is not known: {}", fault.why))
        .closed_by("correct the file, or let DVC write it anew")
}

fn files(root: &Path, gaps: &mut Vec<Gap>) -> Vec<PathBuf> {
    let mut walk = Walk { root, found: Vec::new(), gaps, looked_at: 0 };
    let top = place::repository(root).unwrap_or_else(|| root.to_owned());
    let above = root.parent().unwrap_or(root);
    let rules = [Syntax::Dvc, Syntax::Git].map(|syntax| IgnoreRules::between(syntax, &top, above, &mut |_, _| ()));
    let mut directories = vec![(root.to_owned(), rules)];
    while let Some((directory, rules)) = directories.pop() {
        if walk.looked_at > MAX_LOOKED_AT {
            let why =
                "there are more than a million files that neither git nor DVC ignores; the rest was not looked at";
            let gap = Gap::new(Dimension::Data, "files of DVC's", why);
            walk.gaps.push(gap.closed_by("ignore directories of data in .gitignore or .dvcignore"));
            break;
        }
        if let Err(error) = walk.directory(&directory, &rules, &mut directories) {
            let gap = Gap::new(Dimension::Data, place::name(&directory, root), format!("it cannot be read: {error}"));
            walk.gaps.push(gap.closed_by("make it readable"));
        }
    }
    walk.found.sort_unstable();
    walk.found
}

struct Walk<'a> {
    root: &'a Path,
    found: Vec<PathBuf>,
    gaps: &'a mut Vec<Gap>,
    looked_at: usize,
}

impl Walk<'_> {
    fn directory(
        &mut self,
        directory: &Path,
        above: &[IgnoreRules; 2],
        directories: &mut Vec<(PathBuf, [IgnoreRules; 2])>,
    ) -> io::Result<()> {
        let entries: Vec<_> = fs::read_dir(directory)?.collect::<Result<_, _>>()?;
        self.looked_at += entries.len();
        // A virtual environment of Python's, which not everybody ignores.
        if directory != self.root && entries.iter().any(|entry| entry.file_name() == "pyvenv.cfg") {
            return Ok(());
        }
        let rules = above.each_ref().map(|rules| rules.within(directory, &mut |_, _| ()));
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            let kind = entry.file_type()?;
            let is_directory = kind.is_dir();
            let is_dvc = name == "dvc.lock" || path.extension().is_some_and(|extension| extension == "dvc");
            let wanted = is_directory || is_dvc && path.is_file();
            if !wanted || rules.iter().any(|rules| rules.ignores(&path, is_directory)) {
                continue;
            }
            if is_directory {
                directories.push((path, rules.clone()));
            } else {
                self.found.push(path);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_where_nobody_ignores_them() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for path in [
            "a.dvc",
            "deep/er/b.dvc",
            "deep/dvc.lock",
            "venv/c.dvc",
            "ignored/d.dvc",
            "out/e.dvc",
            ".dvc/tmp/f.dvc",
            "g.dvc/x",
        ] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), "").unwrap();
        }
        fs::write(root.join("venv/pyvenv.cfg"), "").unwrap();
        fs::write(root.join(".gitignore"), "/ignored\n").unwrap();
        fs::write(root.join(".dvcignore"), "out/\n").unwrap();
        let mut gaps = Vec::new();
        let found = files(root, &mut gaps);
        let found: Vec<_> = found.iter().map(|path| path.strip_prefix(root).unwrap().to_str().unwrap()).collect();
        assert_eq!(found, ["a.dvc", "deep/dvc.lock", "deep/er/b.dvc"]);
        assert!(gaps.is_empty());
    }

    #[test]
    fn a_malformed_file_is_a_gap_with_its_line_and_the_others_are_read() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("data")).unwrap();
        fs::write(directory.path().join("data/bad.dvc"), "outs:\n- path: x\n  md5: 3\n").unwrap();
        fs::write(directory.path().join("data/good.dvc"), "outs:\n- path: y\n").unwrap();
        let found = on_record(directory.path());
        assert_eq!(found.entries.len(), 1);
        assert_eq!(found.gaps[0].what, "data/bad.dvc:3");
        assert!(found.gaps[0].why.ends_with("\"3\" is not an MD5"), "{}", found.gaps[0].why);
    }
}
