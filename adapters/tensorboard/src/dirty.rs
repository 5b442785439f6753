//! What has been written and is not known to be on disk.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use trackside_core::Result;

use crate::error;

/// Files and directories, each with the number of its last change.
#[derive(Debug, Default)]
pub(crate) struct Dirty(Mutex<Changes>);

#[derive(Debug, Default)]
struct Changes {
    n_changes: u64,
    paths: BTreeMap<PathBuf, u64>,
}

impl Dirty {
    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be said before the change is acknowledged.
    pub(crate) fn add(&self, path: &Path) {
        let mut changes = self.changes();
        changes.n_changes += 1;
        let number = changes.n_changes;
        changes.paths.insert(path.to_owned(), number);
    }

    /// Returns once all that was changed before the call is on disk. What fails stays to be done.
    pub(crate) fn sync(&self) -> Result<()> {
        let paths = self.changes().paths.clone();
        for (path, number) in paths {
            match File::open(&path).and_then(|file| file.sync_all()) {
                // Removed by a user: there is nothing to keep.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                synced => synced.map_err(error::at(&path))?,
            }
            let mut changes = self.changes();
            // Changed meanwhile: to be synced again.
            if changes.paths.get(&path) == Some(&number) {
                changes.paths.remove(&path);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_disk_is_forgotten_and_what_is_gone_too() {
        let directory = tempfile::tempdir().unwrap();
        let dirty = Dirty::default();
        dirty.add(directory.path());
        dirty.add(&directory.path().join("gone"));
        dirty.sync().unwrap();
        assert!(dirty.changes().paths.is_empty());
    }
}
