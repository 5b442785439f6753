//! Hashes a file that must not change meanwhile.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    os::unix::fs::FileTypeExt as _,
    path::Path,
};

use super::{
    file_hash::{FileHash, FileKey},
    stream,
};

/// Why a file has no hash. The text is the reason given in a gap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unhashed {
    /// As the operating system says it.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("it changed while it was hashed, twice")]
    Changing,
    /// Reading a pipe could wait for ever.
    #[error("it is {0}, not a file")]
    Special(&'static str),
}

impl Unhashed {
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "make it readable",
            Self::Changing => "run this again when nothing writes to it",
            Self::Special(_) => "name a file, or leave it out with .dvcignore",
        }
    }
}

impl From<io::Error> for Unhashed {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// What the metadata are of, if not of a file.
pub(crate) fn special(metadata: &Metadata) -> Option<Unhashed> {
    let kind = metadata.file_type();
    let name = if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_file() || kind.is_dir() {
        return None;
    } else {
        "a device"
    };
    Some(Unhashed::Special(name))
}

/// Hashes it; tried once more when it changed. The key is as it was while its bytes were read.
pub(crate) fn hash(
    path: &Path,
    legacy: bool,
    in_parallel: bool,
    tick: &dyn Fn(u64),
) -> Result<(FileKey, FileHash), Unhashed> {
    for _ in 0..2 {
        if let Some(hashed) = once(path, legacy, in_parallel, tick)? {
            return Ok(hashed);
        }
    }
    Err(Unhashed::Changing)
}

/// `None` when it changed, or another file has taken its place.
fn once(
    path: &Path,
    legacy: bool,
    in_parallel: bool,
    tick: &dyn Fn(u64),
) -> Result<Option<(FileKey, FileHash)>, Unhashed> {
    if let Some(special) = special(&fs::metadata(path)?) {
        return Err(special);
    }
    let file = File::open(path)?;
    let before = FileKey::of(&file.metadata()?);
    // A file that grows as fast as it is read has no end.
    let mut file = file.take(before.size);
    let (hash, size) = if in_parallel {
        stream::hash_in_parallel(&mut file, legacy, tick)?
    } else {
        stream::hash(&mut file, legacy, tick)?
    };
    let after = FileKey::of(&fs::metadata(path)?);
    Ok((before == after && size == before.size).then_some((before, hash)))
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, io::Write as _};

    use super::*;

    fn append(path: &Path) {
        fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap();
    }

    #[test]
    fn a_file_that_changes_once_is_hashed_as_it_is_then() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        fs::write(&path, "abc").unwrap();
        let ticks = Cell::new(0);
        let tick = |_| {
            ticks.set(ticks.get() + 1);
            if ticks.get() == 1 {
                append(&path);
            }
        };
        let (key, found) = hash(&path, false, false, &tick).unwrap();
        assert_eq!((key.size, ticks.get()), (7, 2));
        assert_eq!(found.md5, stream::hash(&mut &b"abcmore"[..], false, |_| ()).unwrap().0.md5);
    }

    #[test]
    fn a_file_that_keeps_changing_has_no_hash() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        fs::write(&path, "abc").unwrap();
        assert_eq!(hash(&path, false, true, &|_| append(&path)), Err(Unhashed::Changing));
    }

    #[test]
    fn a_file_that_another_took_the_place_of_is_hashed_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        fs::write(&path, "old").unwrap();
        let replaced = Cell::new(false);
        let tick = |_| {
            if !replaced.replace(true) {
                fs::write(directory.path().join("new"), "new").unwrap();
                fs::rename(directory.path().join("new"), &path).unwrap();
            }
        };
        let (_, found) = hash(&path, false, false, &tick).unwrap();
        assert_eq!(found, stream::hash(&mut &b"new"[..], false, |_| ()).unwrap().0);
    }

    #[test]
    fn what_cannot_be_read_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let error = hash(&directory.path().join("absent"), false, false, &|_| ()).unwrap_err();
        assert!(error.to_string().starts_with("it cannot be read: No such file"), "{error}");
        let device = hash(Path::new("/dev/null"), false, false, &|_| ()).unwrap_err();
        assert_eq!(device.to_string(), "it is a device, not a file");
    }
}
