//! Where DVC keeps files: its cache, and remotes that are directories of this machine.
//!
//! Objects are at `files/md5/ab/cdef…` since DVC 3 and at `ab/cdef…` before; a list is named with `.dir` behind it.
//! Settings are read for these places alone: `.dvc/config.local` may hold secrets, so nothing else of it is kept.
//!
//! Source: `dvc/config.py` and `dvc/cachemgr.py` of DVC 3.67.1.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use md5::{Digest as _, Md5};
use trackside_evidence::{Access, DataKind};

use super::{
    listing::ListedFile,
    material::{Material, MaterialFile},
    place,
};

/// A list of some five million files.
const MAX_BYTES: u64 = 512 << 20;

/// A directory of objects.
#[derive(Debug)]
pub(crate) struct ObjectCache {
    directory: PathBuf,
    access: Access,
}

impl ObjectCache {
    /// The cache of the repository with this directory at its top.
    pub(crate) fn of(repository: &Path) -> Self {
        let own = repository.join(".dvc");
        let set = settings(&own).find_map(|setting| {
            ((setting.section.as_str(), setting.key.as_str()) == ("cache", "dir")).then_some(setting.value)
        });
        let directory = place::absolute(Path::new(set.as_deref().unwrap_or("cache")), &own);
        Self { directory, access: Access::Cache }
    }

    /// The remotes of that repository that are directories of this machine, by name.
    pub(crate) fn remotes(repository: &Path) -> Vec<Self> {
        let own = repository.join(".dvc");
        let mut urls: BTreeMap<String, String> = BTreeMap::new();
        for setting in settings(&own).filter(|setting| setting.key == "url") {
            if let Some(name) = setting.section.strip_prefix("remote ") {
                urls.entry(name.trim_matches([' ', '"']).to_owned()).or_insert(setting.value);
            }
        }
        let remote = |(name, url): (String, String)| {
            let path = url.strip_prefix("file://").unwrap_or(&url);
            let directory = place::absolute(Path::new(path), &own);
            let local = !path.contains("://") && directory.is_dir();
            local.then_some(Self { directory, access: Access::Remote { name } })
        };
        urls.into_iter().filter_map(remote).collect()
    }

    /// What has this digest in DVC's spelling, if all of it is here. Nothing is hashed but lists.
    pub(crate) fn material(&self, md5: &str) -> Option<Material> {
        let file = |path: String, md5: &str| Some(MaterialFile { path, source: self.object(md5, "")? });
        let (kind, files) = match md5.strip_suffix(".dir") {
            None => (DataKind::File, vec![file(String::new(), md5)?]),
            Some(list) => {
                let listed = self.listing(list)?.into_iter();
                let mut files: Vec<_> =
                    listed.map(|listed| file(listed.relpath, &listed.md5)).collect::<Option<_>>()?;
                files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
                (DataKind::Directory, files)
            }
        };
        Some(Material { access: self.access.clone(), kind, files })
    }

    /// The list with this MD5; `None` when it is not here, or damaged.
    pub(crate) fn listing(&self, md5: &str) -> Option<Vec<ListedFile>> {
        self.objects(md5, ".dir")?.into_iter().find_map(|path| {
            let bytes = (fs::metadata(&path).ok()?.len() <= MAX_BYTES).then(|| fs::read(path).ok())??;
            let intact = hex::encode(Md5::digest(&bytes)) == md5;
            intact.then(|| serde_json::from_slice(&bytes).ok())?
        })
    }

    fn object(&self, md5: &str, ending: &str) -> Option<PathBuf> {
        self.objects(md5, ending)?.into_iter().find(|path| path.is_file())
    }

    /// Where an object is, if it is.
    fn objects(&self, md5: &str, ending: &str) -> Option<[PathBuf; 2]> {
        let is_digest = md5.len() == 32 && md5.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (first, rest) = md5.split_at_checked(2).filter(|_| is_digest)?;
        let below = Path::new(first).join(format!("{rest}{ending}"));
        Some([self.directory.join("files/md5").join(&below), self.directory.join(below)])
    }
}

/// A line of DVC's settings.
struct Setting {
    /// Without its brackets and outer quotes, e.g. `cache` or `remote "x"`.
    section: String,
    key: String,
    value: String,
}

/// Those of a repository; what goes over others is first.
fn settings(own: &Path) -> impl Iterator<Item = Setting> {
    let texts = ["config.local", "config"].map(|name| fs::read_to_string(own.join(name)).unwrap_or_default());
    texts.into_iter().flat_map(|text| {
        let mut section = String::new();
        let mut found = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                name.trim_matches(['\'', ' ']).clone_into(&mut section);
            } else if let Some((key, value)) = line.split_once('=') {
                let value = value.trim().trim_matches(['\'', '"']).to_owned();
                found.push(Setting { section: section.clone(), key: key.trim().to_owned(), value });
            }
        }
        found
    })
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
    fn remotes_that_are_directories_are_found() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path();
        for made in [".dvc", "store", "other"] {
            fs::create_dir(top.join(made)).unwrap();
        }
        let config = "[core]\n    remote = x\n['remote \"x\"']\n    url = ../gone\n['remote \"cloud\"']\n    url = s3://b/c\n\
                      ['remote \"a b\"']\n    url = ../other\n    jobs = 3\n";
        fs::write(top.join(".dvc/config"), config).unwrap();
        fs::write(top.join(".dvc/config.local"), format!("['remote \"x\"']\nurl = {}/store\n", top.display())).unwrap();
        let remotes = ObjectCache::remotes(top);
        let found: Vec<_> = remotes.iter().map(|remote| (&remote.access, remote.directory.as_path())).collect();
        let [first, second] = ["a b", "x"].map(|name| Access::Remote { name: name.to_owned() });
        assert_eq!(found, [(&first, top.join("other").as_path()), (&second, top.join("store").as_path())]);
    }

    #[test]
    fn a_file_is_had_where_its_object_is_and_a_directory_where_all_are() {
        let directory = tempfile::tempdir().unwrap();
        let put = |layout: &str, bytes: &[u8], ending: &str| {
            let md5 = hex::encode(Md5::digest(bytes));
            let object = directory.path().join(".dvc/cache").join(layout).join(&md5[..2]);
            fs::create_dir_all(&object).unwrap();
            fs::write(object.join(format!("{}{ending}", &md5[2..])), bytes).unwrap();
            md5
        };
        let [new, old] = [put("files/md5", b"a", ""), put("", b"b", "")];
        let list =
            |other: &str| format!(r#"[{{"md5": "{old}", "relpath": "y/z"}}, {{"md5": "{other}", "relpath": "x"}}]"#);
        let whole = put("files/md5", list(&new).as_bytes(), ".dir");
        let lacking = put("files/md5", list(&"0".repeat(32)).as_bytes(), ".dir");
        let cache = ObjectCache::of(directory.path());
        assert_eq!(fs::read(&cache.material(&new).unwrap().files[0].source).unwrap(), b"a");
        let material = cache.material(&format!("{whole}.dir")).unwrap();
        let read = |file: &MaterialFile| (file.path.clone(), fs::read_to_string(&file.source).unwrap());
        let files: Vec<_> = material.files.iter().map(read).collect();
        assert_eq!(files, [("x".to_owned(), "a".to_owned()), ("y/z".to_owned(), "b".to_owned())]);
        for gone in [format!("{lacking}.dir"), "1".repeat(32), "../..".to_owned(), String::new()] {
            assert_eq!(cache.material(&gone), None, "{gone}");
        }
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
