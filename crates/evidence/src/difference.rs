//! What differs between two lists of files.
//!
//! A file is the same when its digest is. One that is gone from a path and stands at another with the same digest was
//! moved; where several could be meant, one that kept its name is preferred.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Manifest;

/// What differs, each list sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Only in the second.
    pub added: Vec<String>,
    /// Only in the first.
    pub removed: Vec<String>,
    /// In both, with other contents.
    pub changed: Vec<String>,
    /// The same contents at another path.
    pub moved: Vec<Moved>,
}

/// A file that stands elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moved {
    /// Where it was.
    pub from: String,
    /// Where it is.
    pub to: String,
}

impl Difference {
    /// Between lists of path and digest, in whatever order. The digests are of one algorithm.
    pub fn between<'a>(
        old: impl IntoIterator<Item = (&'a str, &'a str)>,
        new: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let old: BTreeMap<&str, &str> = old.into_iter().collect();
        let new: BTreeMap<&str, &str> = new.into_iter().collect();
        let changed = new.iter().filter(|(path, digest)| old.get(*path).is_some_and(|was| was != *digest));
        let changed = changed.map(|(path, _)| (*path).to_owned()).collect();
        let mut removed: BTreeMap<&str, &str> =
            old.iter().filter(|(path, _)| !new.contains_key(*path)).map(|(path, digest)| (*path, *digest)).collect();
        let mut added: BTreeMap<&str, &str> =
            new.iter().filter(|(path, _)| !old.contains_key(*path)).map(|(path, digest)| (*path, *digest)).collect();
        let moved = pairs(&mut removed, &mut added);
        let paths = |files: BTreeMap<&str, &str>| files.into_keys().map(str::to_owned).collect();
        Self { added: paths(added), removed: paths(removed), changed, moved }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// What differs, in words; what was moved as `from -> to`.
    pub fn kinds(&self) -> [(&'static str, Vec<String>); 4] {
        let moved = self.moved.iter().map(|moved| format!("{} -> {}", moved.from, moved.to)).collect();
        [
            ("changed", self.changed.clone()),
            ("added", self.added.clone()),
            ("removed", self.removed.clone()),
            ("moved", moved),
        ]
    }

    /// How many files differ; one that was moved counts once.
    pub fn count(&self) -> usize {
        self.added.len() + self.removed.len() + self.changed.len() + self.moved.len()
    }
}

/// What differs between two directories, by SHA-256.
pub fn difference(old: &Manifest, new: &Manifest) -> Difference {
    fn files(manifest: &Manifest) -> impl Iterator<Item = (&str, &str)> {
        manifest.files.iter().map(|file| (file.path.as_str(), file.sha256.as_str()))
    }
    Difference::between(files(old), files(new))
}

/// Takes out of both what was moved from the one to the other: first what kept its name, then the rest.
fn pairs(removed: &mut BTreeMap<&str, &str>, added: &mut BTreeMap<&str, &str>) -> Vec<Moved> {
    let mut moved = Vec::new();
    for named in [true, false] {
        let key =
            |path: &'_ str| if named { path.rsplit('/').next().unwrap_or_default().to_owned() } else { String::new() };
        let mut places: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for (path, digest) in removed.iter() {
            places.entry(((*digest).to_owned(), key(path))).or_default().insert((*path).to_owned());
        }
        added.retain(|to, digest| {
            let place = places.get_mut(&((*digest).to_owned(), key(to)));
            let Some(from) = place.and_then(BTreeSet::pop_first) else { return true };
            removed.remove(from.as_str());
            moved.push(Moved { from, to: (*to).to_owned() });
            false
        });
    }
    moved.sort_unstable();
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(from: &str, to: &str) -> Moved {
        Moved { from: from.to_owned(), to: to.to_owned() }
    }

    #[test]
    fn nothing_differs_between_a_list_and_itself() {
        let files = [("a", "1"), ("b", "2")];
        assert!(Difference::between(files, files).is_empty());
    }

    #[test]
    fn each_file_is_told_once() {
        let old = [("same", "1"), ("gone", "2"), ("changed", "3"), ("raw/x", "4")];
        let new = [("same", "1"), ("fresh", "5"), ("changed", "6"), ("train/x", "4")];
        let difference = Difference::between(old, new);
        let expected = Difference {
            added: vec!["fresh".to_owned()],
            removed: vec!["gone".to_owned()],
            changed: vec!["changed".to_owned()],
            moved: vec![moved("raw/x", "train/x")],
        };
        assert_eq!(difference, expected);
        assert_eq!(difference.count(), 4);
    }

    #[test]
    fn a_move_keeps_the_name_where_it_can() {
        let old = [("a/1", "same"), ("a/2", "same"), ("a/3", "same")];
        let new = [("b/2", "same"), ("b/1", "same"), ("b/9", "same"), ("b/8", "same")];
        let difference = Difference::between(old, new);
        assert_eq!(difference.moved, [moved("a/1", "b/1"), moved("a/2", "b/2"), moved("a/3", "b/8")]);
        assert_eq!(difference.added, ["b/9"]);
    }

    #[test]
    fn a_file_that_stays_was_not_moved() {
        let difference = Difference::between([("a", "1")], [("a", "1"), ("copy", "1")]);
        assert_eq!((difference.added.len(), difference.moved.len()), (1, 0));
    }
}
