//! Lock files of a project: which there are, their digests, and how much they pin.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use trackside_evidence::{Dimension, Gap, LockFile};

use super::lock::{self, Kind};

/// A lock file of ten thousand packages takes a fifth of it.
const LARGEST: u64 = 64 << 20;

/// The top of the repository that a directory lies in, else the directory.
pub(super) fn project(directory: &Path) -> PathBuf {
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let found = directory.ancestors().find(|ancestor| ancestor.join(".git").exists()).map(Path::to_owned);
    found.unwrap_or(directory)
}

/// Lock files of the directory and those above it up to the project, sorted by path.
pub(super) fn find(directory: &Path, project: &Path, gaps: &mut Vec<Gap>) -> Vec<LockFile> {
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let mut files = Vec::new();
    for directory in directory.ancestors().take_while(|ancestor| ancestor.starts_with(project)) {
        files.extend(named(directory, Kind::of));
        let requirements = |name: &str| name.strip_suffix(".txt").map(|_| Kind::Requirements);
        files.extend(named(&directory.join("requirements"), requirements));
    }
    files.sort();
    let mut locks = Vec::with_capacity(files.len());
    for (path, kind) in files {
        let name = path.strip_prefix(project).unwrap_or(&path).display().to_string();
        let gap = |why: String| {
            let remedy = format!("write {name} anew with the tool that made it");
            Gap::new(Dimension::Environment, &name, why).closed_by(remedy)
        };
        match read(&path) {
            Err(why) => gaps.push(gap(why)),
            Ok(content) => {
                let counted = lock::count(kind, &content);
                let (packages, loose) = match counted {
                    Ok(count) => (Some(count.packages), count.loose),
                    Err(why) => {
                        gaps.push(gap(format!("it cannot be read: {why}")));
                        (None, 0)
                    }
                };
                let sha256 = hex::encode(Sha256::digest(&content));
                locks.push(LockFile { path: name.clone(), kind: kind.name().to_owned(), sha256, packages, loose });
            }
        }
    }
    locks
}

fn named(directory: &Path, kind: impl Fn(&str) -> Option<Kind>) -> Vec<(PathBuf, Kind)> {
    // A directory that cannot be listed is told by whoever reads the code in it.
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let known = entries.filter_map(|entry| Some((entry.path(), kind(entry.file_name().to_str()?)?)));
    known.filter(|(path, _)| path.is_file()).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(LARGEST + 1).read_to_end(&mut content).map_err(|error| error.to_string())?;
    if content.len() as u64 > LARGEST {
        return Err("it is larger than 64 MiB".to_owned());
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_up_to_the_top_of_the_repository() {
        let scratch = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(scratch.path()).unwrap();
        fs::create_dir_all(root.join("repo/.git")).unwrap();
        fs::create_dir_all(root.join("repo/a/b/requirements")).unwrap();
        for (path, content) in [
            ("poetry.lock", "outside"),
            ("repo/uv.lock", "version = 1\n[[package]]\nname = \"a\"\n"),
            ("repo/a/requirements-dev.txt", "a==1\nb\n"),
            ("repo/a/b/requirements/base.txt", "a==1\n"),
            ("repo/a/b/requirements/notes.md", "no"),
            ("repo/a/b/poetry.lock", "= broken"),
            ("repo/a/b/environment.yml", "dependencies: []\n"),
        ] {
            fs::write(root.join(path), content).unwrap();
        }
        let mut gaps = Vec::new();
        let directory = root.join("repo/a/b");
        let locks = find(&directory, &project(&directory), &mut gaps);
        let told: Vec<_> = locks.iter().map(|l| (l.path.as_str(), l.kind.as_str(), l.packages, l.loose)).collect();
        assert_eq!(
            told,
            [
                ("a/b/environment.yml", "conda", Some(0), 0),
                ("a/b/poetry.lock", "poetry", None, 0),
                ("a/b/requirements/base.txt", "requirements", Some(1), 0),
                ("a/requirements-dev.txt", "requirements", Some(2), 1),
                ("uv.lock", "uv", Some(1), 0),
            ]
        );
        assert_eq!(locks[2].sha256, hex::encode(Sha256::digest("a==1\n")));
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].what, "a/b/poetry.lock");
        assert!(gaps[0].why.starts_with("it cannot be read: "), "{}", gaps[0].why);
    }
}
