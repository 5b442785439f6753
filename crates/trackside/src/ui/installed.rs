//! Which web UIs are installed: a directory for each version below `<data-dir>/ui`, whole or not there.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use trackside_compat_mlflow::MLFLOW_VERSION;

/// The page of a web UI, without which it is none.
pub(crate) const INDEX: &str = "index.html";

/// The place of installed web UIs.
#[derive(Debug, Clone)]
pub(crate) struct Installed {
    root: PathBuf,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    /// Of the package it came with.
    pub(crate) version: String,
    pub(crate) path: PathBuf,
}

impl Installed {
    /// Those of a data directory.
    pub(crate) fn below(data_dir: &Path) -> Self {
        Self { root: data_dir.join("ui") }
    }

    /// The directory that holds them.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// One that is there.
    pub(crate) fn find(&self, version: &str) -> Option<Interface> {
        let path = self.root.join(version);
        path.join(INDEX).is_file().then(|| Interface { version: version.to_owned(), path })
    }

    /// All that are there, the latest version first.
    pub(crate) fn all(&self) -> io::Result<Vec<Interface>> {
        let entries = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            // A name that begins with a dot is one that is being unpacked.
            let name = entry?.file_name().into_string().unwrap_or_default();
            found.extend(self.find(&name).filter(|_| !name.starts_with('.')));
        }
        found.sort_by_cached_key(|interface| std::cmp::Reverse(numbers(&interface.version)));
        Ok(found)
    }

    /// The one that is served: that of the version whose protocol the server speaks, or else the latest.
    pub(crate) fn shown(&self) -> io::Result<Option<Interface>> {
        if let Some(same) = self.find(MLFLOW_VERSION) {
            return Ok(Some(same));
        }
        Ok(self.all()?.into_iter().next())
    }
}

/// The numbers in a version: of `3.17.2rc1` 3, 17, 2 and 1.
fn numbers(version: &str) -> Vec<u64> {
    let digits = version.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    digits.map(|digits| digits.parse().unwrap_or(u64::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_version_is_shown_or_else_the_latest() {
        let dir = tempfile::tempdir().unwrap();
        let installed = Installed::below(dir.path());
        assert_eq!((installed.shown().unwrap(), installed.all().unwrap()), (None, vec![]));
        let shown = |version: &str| {
            fs::create_dir_all(installed.root().join(version)).unwrap();
            fs::write(installed.root().join(version).join(INDEX), "").unwrap();
            installed.shown().unwrap().unwrap().version
        };
        let order = [("2.9.0", "2.9.0"), ("2.22.1", "2.22.1"), ("2.10.0", "2.22.1"), ("99.0.0", "99.0.0")];
        for (added, expected) in order {
            assert_eq!(shown(added), expected);
        }
        assert_eq!(shown(".staging-x"), "99.0.0");
        assert_eq!(shown(MLFLOW_VERSION), MLFLOW_VERSION);
        fs::create_dir_all(installed.root().join("100.0.0")).unwrap();
        assert_eq!(installed.all().unwrap().len(), 5, "a directory without its page is none");
    }
}
