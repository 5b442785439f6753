//! DVC's cache: the lists of directories that it has on record.
//!
//! Objects are at `files/md5/ab/cdef…` since DVC 3 and at `ab/cdef…` before; a list is named with `.dir` behind it.
//! Settings are read for the place of the cache alone: `.dvc/config.local` may hold secrets, so nothing of it is kept.
//!
//! Source: `dvc/config.py` and `dvc/cachemgr.py` of DVC 3.67.1.

use std::{
    fs,
    path::{Path, PathBuf},
};

use md5::{Digest as _, Md5};

use super::{listing::ListedFile, place};

/// A list of some five million files.
const MAX_BYTES: u64 = 512 << 20;

/// The cache of one repository.
#[derive(Debug)]
pub(crate) struct ObjectCache {
    directory: PathBuf,
}

impl ObjectCache {
    /// That of the repository with this directory at its top.
    pub(crate) fn of(repository: &Path) -> Self {
        let own = repository.join(".dvc");
        let set =
            ["config.local", "config"].iter().find_map(|name| directory(&fs::read_to_string(own.join(name)).ok()?));
        Self { directory: place::absolute(Path::new(set.as_deref().unwrap_or("cache")), &own) }
    }

    /// The list with this MD5; `None` when it is not here, or damaged.
    pub(crate) fn listing(&self, md5: &str) -> Option<Vec<ListedFile>> {
        let (first, rest) = md5.split_at_checked(2)?;
        let places = [self.directory.join("files/md5"), self.directory.clone()];
        places.iter().find_map(|place| {
            let path = place.join(first).join(format!("{rest}.dir"));
            let bytes = (fs::metadata(&path).ok()?.len() <= MAX_BYTES).then(|| fs::read(path).ok())??;
            let intact = hex::encode(Md5::digest(&bytes)) == md5;
            intact.then(|| serde_json::from_slice(&bytes).ok())?
        })
    }
}

/// The value of `dir` in the section `[cache]`.
fn directory(config: &str) -> Option<String> {
    let mut section = "";
    for line in config.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.trim_matches(['\'', '"', ' ']);
        } else if let Some((key, value)) = line.split_once('=')
            && (section, key.trim()) == ("cache", "dir")
        {
            return Some(value.trim().trim_matches(['\'', '"']).to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_the_cache_is_read_from_the_settings() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path();
        fs::create_dir(top.join(".dvc")).unwrap();
        assert_eq!(ObjectCache::of(top).directory, top.join(".dvc/cache"));
        fs::write(
            top.join(".dvc/config"),
            "[core]\n    remote = x\n['remote \"x\"']\n    dir = no\n[cache]\n    dir = ../c\n",
        )
        .unwrap();
        assert_eq!(ObjectCache::of(top).directory, top.join("c"));
        fs::write(top.join(".dvc/config.local"), "[cache]\ndir = '/mnt/shared cache'\n").unwrap();
        assert_eq!(ObjectCache::of(top).directory, Path::new("/mnt/shared cache"));
    }

    #[test]
    fn a_list_is_found_in_both_layouts_and_a_damaged_one_is_not_believed() {
        let json = br#"[{"md5": "0cc175b9c0f1b6a831c399e269772661", "relpath": "a"}]"#;
        let md5 = hex::encode(Md5::digest(json));
        for layout in [".dvc/cache/files/md5", ".dvc/cache"] {
            let directory = tempfile::tempdir().unwrap();
            let place = directory.path().join(layout).join(&md5[..2]);
            let object = place.join(format!("{}.dir", &md5[2..]));
            fs::create_dir_all(&place).unwrap();
            fs::write(&object, json).unwrap();
            let cache = ObjectCache::of(directory.path());
            assert_eq!(cache.listing(&md5).unwrap()[0].relpath, "a");
            fs::write(&object, b"[]").unwrap();
            assert_eq!(cache.listing(&md5), None);
        }
    }
}
