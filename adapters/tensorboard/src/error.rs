//! The one place that reads errors of the file system.

use std::{io, path::Path};

use trackside_core::{Error, ErrorKind};

/// A failure at a path. Most pass: a full disk is made room on, a mount comes back.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |error| {
        let (kind, what) = match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                (ErrorKind::Denied, "may not be written to")
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (ErrorKind::Unavailable, "has no room left"),
            io::ErrorKind::InvalidFilename => (ErrorKind::Invalid, "has a name that the file system refuses"),
            io::ErrorKind::NotADirectory => (ErrorKind::Unavailable, "lies below a file, not a directory"),
            _ => (ErrorKind::Unavailable, "cannot be written"),
        };
        Error::new(kind, format!("{} {what}: {error}", path.display())).with_source(error)
    }
}
