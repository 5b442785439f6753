use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use trackside_core::Result;

use crate::error;

/// What a probe writes and removes; on a full disk there is no room for it.
const SIZE: usize = 1024 * 1024;

/// Proves that the log directory, or where it is to be created, takes files, and leaves nothing there.
pub(crate) fn probe(directory: &Path) -> Result<()> {
    let mut there: PathBuf = directory.to_owned();
    while !there.exists() && there.pop() {}
    if there.as_os_str().is_empty() {
        there.push(".");
    }
    let path = there.join(".trackside-probe");
    let written =
        File::create(&path).and_then(|mut file| file.write_all(&vec![0; SIZE]).and_then(|()| file.sync_data()));
    let removed = fs::remove_file(&path);
    written.and(removed).map_err(error::at(&path))
}
