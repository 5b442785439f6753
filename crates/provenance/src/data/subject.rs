//! A path to look at, and what DVC has on record of it.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use trackside_evidence::{DataSource, Difference, Recorded, Workspace};

use super::{
    dvc_file::{Entry, LEGACY},
    listing::{self, ListedFile},
    measured::{Measured, Target},
    object_cache::ObjectCache,
    place,
};

/// A path, named by somebody or by a file of DVC's.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) path: PathBuf,
    pub(crate) source: DataSource,
    pub(crate) recorded: Option<Recorded>,
    /// The files on record, where a file of DVC's lists them itself.
    listing: Option<Vec<ListedFile>>,
}

impl Subject {
    /// What an entry is about.
    pub(crate) fn of(entry: &Entry, root: &Path) -> Self {
        let source =
            DataSource::Dvc { file: place::name(&entry.file, root), stage: entry.stage.clone(), output: entry.output };
        let mut recorded = entry.recorded.clone();
        if let (None, Some(files)) = (&recorded.md5, &entry.listing) {
            recorded.md5 = listed_digest(files);
        }
        Self { path: entry.path.clone(), source, recorded: Some(recorded), listing: entry.listing.clone() }
    }

    /// What is named. DVC's record of it is that of the path, or its part of that of a directory around it.
    pub(crate) fn named(path: &Path, entries: &[Entry], root: &Path, caches: &mut Caches) -> Self {
        let exact = entries.iter().filter(|entry| entry.path == path);
        if let Some(entry) = exact.min_by_key(|entry| rank(entry)) {
            return Self::of(entry, root);
        }
        let mut around = entries.iter().filter(|entry| entry.output && path.starts_with(&entry.path));
        let part = around.find_map(|entry| Self::part(entry, path, root, caches));
        part.unwrap_or_else(|| Self {
            path: path.to_owned(),
            source: DataSource::Argument,
            recorded: None,
            listing: None,
        })
    }

    /// The part of a directory's record that is about this path.
    fn part(entry: &Entry, path: &Path, root: &Path, caches: &mut Caches) -> Option<Self> {
        let whole = Self::of(entry, root);
        let files = whole.listed(caches)?;
        let below = place::name(path, &entry.path);
        if let Some(file) = files.iter().find(|file| file.relpath == below) {
            let recorded = whole.recorded.map(|recorded| Recorded { md5: Some(file.md5.clone()), ..recorded });
            return Some(Self { path: path.to_owned(), source: whole.source, recorded, listing: None });
        }
        let inside = |file: ListedFile| {
            let relpath = file.relpath.strip_prefix(&below)?.strip_prefix('/')?.to_owned();
            Some(ListedFile { relpath, md5: file.md5 })
        };
        let files: Vec<_> = files.into_iter().filter_map(inside).collect();
        // Nothing on record is below this path: it is not known, and nothing is made up.
        let md5 = if files.is_empty() { None } else { listed_digest(&files) };
        let recorded = whole.recorded.map(|recorded| Recorded { md5: md5.clone(), ..recorded });
        md5.map(|_| Self { path: path.to_owned(), source: whole.source, recorded, listing: Some(files) })
    }

    fn is_legacy(&self) -> bool {
        self.recorded.as_ref().is_some_and(|recorded| recorded.algorithm == LEGACY && recorded.md5.is_some())
    }

    fn md5(&self) -> Option<&str> {
        self.recorded.as_ref()?.md5.as_deref()
    }

    /// The files of a directory on record, where they are known.
    fn listed(&self, caches: &mut Caches) -> Option<Vec<ListedFile>> {
        let digest = self.md5()?;
        match &self.listing {
            Some(files) => Some(files.clone()),
            None => caches.of(&self.path)?.listing(digest.strip_suffix(".dir")?),
        }
    }

    /// Whether what stands there is what is on record.
    pub(crate) fn workspace(&self, measured: &Measured) -> Workspace {
        let is = if self.is_legacy() {
            measured.legacy.as_deref()
        } else {
            measured.digest.as_ref().map(|digest| digest.md5.as_str())
        };
        match self.md5() {
            _ if measured.kind == trackside_evidence::DataKind::Absent => Workspace::Missing,
            None => Workspace::Untracked,
            Some(was) if Some(was) == is => Workspace::Match,
            Some(_) => Workspace::Modified,
        }
    }

    /// Which files differ from those on record; `None` where those are not known.
    pub(crate) fn difference(&self, measured: &Measured, caches: &mut Caches) -> Option<Difference> {
        let old = self.listed(caches)?;
        let legacy = self.is_legacy();
        let digest = |file: &super::MeasuredFile| {
            hex::encode(if legacy { file.hash.legacy.unwrap_or_default() } else { file.hash.md5 })
        };
        let new: Vec<_> = measured.files.iter().map(|file| (file.path.as_str(), digest(file))).collect();
        let old = old.iter().map(|file| (file.relpath.as_str(), file.md5.as_str()));
        Some(Difference::between(old, new.iter().map(|(path, md5)| (*path, md5.as_str()))))
    }
}

/// The paths of these, each once, and whether anybody wants DVC 2's hash of it.
pub(crate) fn targets(subjects: &[Subject]) -> Vec<Target> {
    let mut places: HashMap<&Path, usize> = HashMap::new();
    let mut targets: Vec<Target> = Vec::new();
    for subject in subjects {
        let place = *places.entry(&subject.path).or_insert_with(|| {
            targets.push(Target { path: subject.path.clone(), legacy: false });
            targets.len() - 1
        });
        targets[place].legacy |= subject.is_legacy();
    }
    targets
}

/// Which of several entries for a path tells most: an output over a dependency, a digest over none.
pub(crate) fn rank(entry: &Entry) -> (bool, bool) {
    (!entry.output, entry.recorded.md5.is_none())
}

fn listed_digest(files: &[ListedFile]) -> Option<String> {
    let mut files: Vec<&ListedFile> = files.iter().collect();
    files.sort_unstable_by(|a, b| a.relpath.cmp(&b.relpath));
    let mut hashes = Vec::with_capacity(files.len());
    for file in files {
        let mut md5 = [0; 16];
        hex::decode_to_slice(&file.md5, &mut md5).ok()?;
        hashes.push((file.relpath.as_str(), md5));
    }
    Some(listing::digest(hashes))
}

/// The caches of the repositories that were met.
#[derive(Debug, Default)]
pub(crate) struct Caches(HashMap<PathBuf, ObjectCache>);

impl Caches {
    /// That of the repository around a path.
    fn of(&mut self, path: &Path) -> Option<&ObjectCache> {
        let repository = place::repository(path.parent()?)?;
        Some(self.0.entry(repository).or_insert_with_key(|repository| ObjectCache::of(repository)))
    }
}
