//! What a web UI is taken from.

use std::{
    io::{self, Read},
    path::{Component, Path},
};

use anyhow::ensure;

/// Where the web UI is in the package `mlflow`.
pub(super) const BUILD: &str = "mlflow/server/js/build";

/// Something that holds a web UI.
pub(super) trait Source {
    /// The version of the package.
    fn version(&self) -> &str;

    /// Its files. Paths are relative and stay below where they are unpacked.
    fn files(&self) -> Vec<(String, u64)>;

    /// The content of one of its files, by its place in the list.
    fn open(&mut self, at: usize) -> io::Result<Box<dyn Read + '_>>;
}

/// Refuses a path that leads out of the directory it is relative to, or that some system reads so.
pub(super) fn check_path(path: &str) -> anyhow::Result<()> {
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    let stays =
        Path::new(path).components().all(is_plain) && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    ensure!(stays && !path.contains(['\\', ':', '\0']), "a path leads elsewhere: {path:?}");
    Ok(())
}

/// Refuses a version that cannot be the name of a directory.
pub(super) fn check_version(version: &str) -> anyhow::Result<()> {
    let is_known = |c: char| c.is_ascii_alphanumeric() || ".+-_!".contains(c);
    let starts = version.starts_with(|c: char| c.is_ascii_digit());
    ensure!(starts && version.chars().all(is_known) && version.len() < 100, "{version:?} is no version");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_below_are_taken() {
        for good in ["index.html", "static/js/a.b-c.js", "a b", "..a/b..", "é"] {
            check_path(good).unwrap();
        }
        for bad in ["", "/etc/passwd", "..", "a/../b", "a/..", "./a", "a//b", "a/", "a\\..\\b", "C:x", "a\0b", "//a"] {
            assert!(check_path(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn versions_are_names() {
        for good in ["3.17.2", "2.0.0rc1", "3.1.0.dev0", "1.0+local.1"] {
            check_version(good).unwrap();
        }
        for bad in ["", "..", ".1", "1/2", "v1", "1 2"] {
            assert!(check_version(bad).is_err(), "{bad:?}");
        }
    }
}
