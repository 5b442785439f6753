//! What is read of a repository before anything of it is kept.

use std::{collections::BTreeMap, ffi::OsStr, os::unix::ffi::OsStrExt, path::PathBuf};

use trackside_evidence::{Gap, Remote, Repository};

/// Most paths of a kind that a record lists.
pub(super) const LISTED: usize = 1000;

/// A repository as an engine sees it.
#[derive(Debug)]
pub(super) struct Reading {
    /// What goes into the record; changes, submodules and snapshot are filled in from the rest.
    pub(super) repository: Repository,
    /// The top of the working tree; `None` for a bare repository.
    pub(super) root: Option<PathBuf>,
    /// Where the working tree differs from the commit.
    pub(super) pending: BTreeMap<Vec<u8>, Pending>,
    /// Submodules and repositories within: path and commit in the index.
    pub(super) links: BTreeMap<Vec<u8>, String>,
    /// Files that git was told not to look at, though they are there.
    pub(super) unwatched: Vec<Vec<u8>>,
    pub(super) gaps: Vec<Gap>,
}

/// A path whose working state differs from the commit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pending {
    /// How it differs, when it is tracked.
    pub(super) changed: Option<&'static str>,
    /// It is neither tracked nor ignored.
    pub(super) untracked: bool,
    /// It is not in the tree of the working state: deleted, or taken out of the index.
    pub(super) gone: bool,
}

pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

pub(super) fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads `remote.*.url` and `branch.*.remote` of a configuration: the branch's own remote first, then `origin`.
pub(super) fn remotes<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>, branch: Option<&str>) -> Vec<Remote> {
    let mut urls = BTreeMap::new();
    let mut own = None;
    for (key, value) in entries {
        if let Some(name) = key.strip_prefix("remote.").and_then(|key| key.strip_suffix(".url")) {
            // The first URL is the one that is fetched from.
            urls.entry(name.to_owned()).or_insert_with(|| trackside_evidence::without_credentials(value));
        } else if let Some(of) = key.strip_prefix("branch.").and_then(|key| key.strip_suffix(".remote"))
            && Some(of) == branch
        {
            own = Some(value.to_owned());
        }
    }
    let mut remotes: Vec<_> = urls.into_iter().map(|(name, url)| Remote { name, url }).collect();
    remotes.sort_by_key(|remote| (Some(&remote.name) != own.as_ref(), remote.name != "origin"));
    remotes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_branchs_own_remote_comes_first_and_credentials_nowhere() {
        let entries = [
            ("remote.a.url", "https://u:p@h/a"),
            ("remote.origin.url", "git@h:o.git"),
            ("remote.z.url", "/srv/z"),
            ("remote.z.url", "/srv/second"),
            ("branch.main.remote", "z"),
            ("branch.other.remote", "a"),
        ];
        let named = |branch| -> Vec<_> {
            remotes(entries.into_iter(), branch).into_iter().map(|remote| (remote.name, remote.url)).collect()
        };
        let text = |pairs: [(&str, &str); 3]| pairs.map(|(name, url)| (name.to_owned(), url.to_owned())).to_vec();
        assert_eq!(named(Some("main")), text([("z", "/srv/z"), ("origin", "h:o.git"), ("a", "https://h/a")]));
        assert_eq!(named(None), text([("origin", "h:o.git"), ("a", "https://h/a"), ("z", "/srv/z")]));
    }
}
