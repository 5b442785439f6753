//! Whether git leaves a file alone.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::{library, program::Git};

/// Whether the repository around a file ignores it. What is tracked is not ignored; where nothing can be read, nothing is.
pub fn is_ignored(file: &Path, timeout: Duration) -> bool {
    let Some(directory) = file.parent() else { return false };
    library::is_ignored(directory, file).unwrap_or_else(|_| {
        let git = Git::new(directory, Instant::now() + timeout);
        git.output(&["check-ignore".as_ref(), "--quiet".as_ref(), "--".as_ref(), file.as_os_str()]).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::*;

    #[test]
    fn what_is_tracked_is_not_ignored() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let git = |arguments: &[&str]| {
            assert!(Command::new("git").current_dir(&root).args(arguments).status().unwrap().success());
        };
        git(&["init", "-q"]);
        fs::create_dir(root.join("venv")).unwrap();
        for file in ["train.py", "venv/pytest.py", "venv/kept.py"] {
            fs::write(root.join(file), "").unwrap();
        }
        fs::write(root.join(".gitignore"), "venv/\n").unwrap();
        git(&["add", "-f", "venv/kept.py"]);
        let ignored = |file: &str| is_ignored(&root.join(file), Duration::from_secs(10));
        assert_eq!([ignored("train.py"), ignored("venv/pytest.py"), ignored("venv/kept.py")], [false, true, false]);
        assert!(!is_ignored(Path::new("/nowhere/at/all.py"), Duration::from_secs(10)));
    }
}
