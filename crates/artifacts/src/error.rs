//! Turns errors of `object_store` into those of core.

use std::{error::Error as _, io};

use trackside_core::{ArtifactPath, Error, ErrorKind};

/// Whether there is nothing at a path: no such file, or a file where its directory should be.
pub(crate) fn is_absent(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotFound { .. }) || io_kind(error) == Some(io::ErrorKind::NotADirectory)
}

/// There is nothing at this path.
pub(crate) fn absent(path: &ArtifactPath) -> Error {
    Error::not_found(format!("No such artifact: '{path}'"))
}

/// Names the few cases a caller acts on; the rest is a fault of ours.
pub(crate) fn from_store(path: &ArtifactPath, source: object_store::Error) -> Error {
    let error = match &source {
        object_store::Error::NotFound { .. } => absent(path),
        object_store::Error::InvalidPath { .. } => Error::invalid("Invalid path"),
        other => match io_kind(other) {
            Some(io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory | io::ErrorKind::DirectoryNotEmpty) => {
                Error::conflict(format!("a file and a directory cannot share the path '{path}'"))
            }
            Some(io::ErrorKind::InvalidFilename) => Error::invalid(format!("the artifact path '{path}' is too long")),
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                Error::new(ErrorKind::Unavailable, "the artifact store is full")
            }
            Some(io::ErrorKind::PermissionDenied) => {
                Error::internal(format!("the server may not access the artifact '{path}'"))
            }
            _ => Error::internal(format!("the artifact store failed at '{path}'")),
        },
    };
    error.with_source(source)
}

/// The same for what the disk says.
pub(crate) fn from_disk(path: &ArtifactPath, source: io::Error) -> Error {
    from_store(path, object_store::Error::Generic { store: "local", source: source.into() })
}

/// The kind of the I/O error at the bottom, if there is one.
fn io_kind(error: &object_store::Error) -> Option<io::ErrorKind> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            return Some(cause.kind());
        }
        source = cause.source();
    }
    None
}
