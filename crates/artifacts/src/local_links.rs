//! Names of local files: hard links, put in place whole and synced by directory.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use crate::local_upload::{create_directories, sync_directory};

/// Gives each file its name, in place of what has it. Where the two lie on different file systems the bytes are copied.
pub(crate) fn link_all(names: &[(PathBuf, PathBuf)]) -> io::Result<()> {
    let mut changed = BTreeSet::new();
    for (file, name) in names {
        let directory = name.parent();
        if let Some(directory) = directory.filter(|directory| !changed.contains(*directory)) {
            create_directories(Some(directory))?;
            changed.insert(directory);
        }
        link(file, name)?;
    }
    changed.into_iter().try_for_each(|directory| sync_directory(Some(directory)))
}

fn link(file: &Path, name: &Path) -> io::Result<()> {
    // Beside the name, so that what has it is replaced at once. Called as an upload on its way, so neither is listed.
    let mut staged = name.as_os_str().to_owned();
    staged.push("#0");
    let staged = PathBuf::from(staged);
    match fs::remove_file(&staged) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    match fs::hard_link(file, &staged) {
        // Another file system, one without links, or too many links already.
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            fs::copy(file, &staged)?;
            fs::File::open(&staged)?.sync_all()?;
        }
        linked => linked?,
    }
    let renamed = fs::rename(&staged, name);
    // A rename between two names of one file does nothing and leaves both.
    fs::remove_file(&staged)
        .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    renamed
}
