//! Where things are: paths made whole, and the repository of DVC that a path is in.

use std::{
    fmt::Write as _,
    path::{Component, Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

/// Without `.` and `..`, as text: no link is followed, so that a path stays what its user calls it.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// Absolute and normal; what is relative is below `base`.
pub(crate) fn absolute(path: &Path, base: &Path) -> PathBuf {
    normal(&base.join(path))
}

/// The nearest directory upwards, itself among them, in which DVC was set up.
pub(crate) fn repository(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().find(|above| above.join(".dvc").is_dir()).map(Path::to_owned)
}

/// As a record names it: below the root with `/`, absolute when it lies elsewhere.
pub(crate) fn name(path: &Path, root: &Path) -> String {
    match path.strip_prefix(root) {
        Ok(below) if below.as_os_str().is_empty() => ".".to_owned(),
        Ok(below) => below.to_string_lossy().into_owned(),
        Err(_) => path.to_string_lossy().into_owned(),
    }
}

/// The artifact that lists the files of the directory that a record names so. `/` is `__`; what could be taken for it, or
/// is no plain character, is percent-encoded, so that two names never meet.
pub(crate) fn artifact(name: &str) -> String {
    // A name of a file has 255 bytes on most file systems.
    const LONGEST: usize = 200;
    let mut text = String::new();
    let bytes = name.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let beside_a_line =
            |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_none_or(|b| matches!(b, b'_' | b'/'));
        match byte {
            b'/' => text += "__",
            b'_' if !beside_a_line(at.checked_sub(1)) && !beside_a_line(Some(at + 1)) => text.push('_'),
            b'.' if at > 0 => text.push('.'),
            b'-' => text.push('-'),
            byte if byte.is_ascii_alphanumeric() => text.push(char::from(*byte)),
            byte => write!(text, "%{byte:02X}").expect("a text takes everything"),
        }
    }
    if text.len() > LONGEST {
        let digest = hex::encode(&Sha256::digest(name)[..16]);
        text.truncate(LONGEST - digest.len() - 1);
        text = format!("{text}-{digest}");
    }
    format!("trackside/data/{text}.json")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn paths_are_named_below_the_root_or_whole() {
        let root = Path::new("/home/ada/project");
        for (path, expected) in
            [("data/./x/../y", "data/y"), ("../other", "/home/ada/other"), (".", "."), ("/mnt/data/", "/mnt/data")]
        {
            assert_eq!(name(&absolute(Path::new(path), root), root), expected);
        }
    }

    #[test]
    fn no_two_names_have_one_artifact() {
        let names = ["a/b", "a__b", "a_b", "a_/b", "a/_b", "_a", "a_", "/a/b", "a%2Fb", "é", ".", ".a", "a b", "a_/_b"];
        let artifacts: BTreeSet<String> = names.iter().map(|name| artifact(name)).collect();
        assert_eq!(artifacts.len(), names.len(), "{artifacts:?}");
        assert_eq!(artifact("data/raw_1/train.d"), "trackside/data/data__raw_1__train.d.json");
        assert_eq!(artifact("/mnt/é"), "trackside/data/__mnt__%C3%A9.json");
    }

    #[test]
    fn a_long_name_is_cut_and_stays_its_own() {
        let (one, other) = (artifact(&"x/".repeat(300)), artifact(&format!("{}y", "x/".repeat(300))));
        assert!(one != other && one.len() < 230 && other.len() < 230);
    }
}
