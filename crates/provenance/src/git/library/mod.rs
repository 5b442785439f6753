//! libgit2, in this process.
//!
//! It runs no filter, hook or program and knows no transport here. It refuses a repository of another owner, and what
//! it would read wrongly is refused in `reading.rs`, so that the program is asked.

mod find;
mod reading;
mod snapshot;

use std::path::Path;

use git2::{Repository, RepositoryOpenFlags};
use trackside_core::Timestamp;
use trackside_evidence::Engine as Name;

use super::{capture::Engine, fault::Fault, reading::Reading, selection::Selection};

pub(super) use find::find;

/// The library as an engine of a capture.
#[derive(Debug)]
pub(super) struct Library<'a> {
    pub(super) directory: &'a Path,
}

impl Engine for Library<'_> {
    fn name(&self) -> Name {
        Name::Git2
    }

    fn read(&self) -> Result<Reading, Fault> {
        reading::read(&open(self.directory)?, self.directory)
    }

    fn write(&self, reading: &Reading, selection: &Selection, at: Timestamp) -> Result<(String, String), Fault> {
        snapshot::write(&open(self.directory)?, reading, selection, at)
    }
}

/// Opens the repository of a directory: its own, or that of the nearest directory above that has one.
pub(super) fn open(directory: &Path) -> Result<Repository, Fault> {
    // A missing directory would look like a missing repository.
    std::fs::metadata(directory).map_err(|error| Fault::io(directory, error))?;
    let none: [&str; 0] = [];
    Repository::open_ext(directory, RepositoryOpenFlags::empty(), none).map_err(|error| {
        let missing = error.code() == git2::ErrorCode::NotFound && error.class() == git2::ErrorClass::Repository;
        if missing { Fault::NoRepository } else { error.into() }
    })
}

/// Whether the repository of a directory ignores a file, which is absolute.
pub(super) fn is_ignored(directory: &Path, file: &Path) -> Result<bool, Fault> {
    let repository = open(directory)?;
    let Some(path) = repository.workdir().and_then(|root| file.strip_prefix(root).ok()) else { return Ok(false) };
    Ok(repository.is_path_ignored(path)? && repository.index()?.get_path(path, 0).is_none())
}
