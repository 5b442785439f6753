//! The files below a directory, as DVC sees them.
//!
//! Left out without a word: what `.dvcignore` names, `.git`, `.hg/`, `.dvc/`, empty directories. DVC also leaves out
//! linked directories and repositories of its own; so do we, to have its digest, but each is told, because whoever reads
//! the directory sees their files. Links to files are followed.
//!
//! Source: `dvc/ignore.py` of DVC 3.67.1 and `dvc_data/hashfile/build.py` of dvc-data 3.18.3.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use super::{
    file_hash::FileKey,
    ignore_rules::{IgnoreRules, Syntax},
    steady,
};

/// What is below a directory.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Sorted by their path below the directory.
    pub(crate) files: Vec<Found>,
    /// What is not known, and whether the digest suffers.
    pub(crate) faults: Vec<Fault>,
}

/// A file.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Below the directory, with `/`; what is not UTF-8 as `\xff`.
    pub(crate) relative: String,
    pub(crate) key: FileKey,
}

/// Something that stands in the way.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) path: PathBuf,
    pub(crate) why: String,
    pub(crate) remedy: String,
    /// There is no digest because of it.
    pub(crate) fatal: bool,
}

impl Fault {
    pub(crate) fn new(path: &Path, why: impl Into<String>, remedy: impl Into<String>, fatal: bool) -> Self {
        Self { path: path.to_owned(), why: why.into(), remedy: remedy.into(), fatal }
    }

    fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::new(path, format!("it cannot be read: {error}"), "make it readable", true)
    }
}

/// Everything below `top`; `rules` are those that hold in the directory that it lies in.
pub(crate) fn walk(top: &Path, rules: &IgnoreRules) -> Walked {
    let mut walked = Walked::default();
    let mut directories = vec![(top.to_owned(), String::new(), rules.clone())];
    while let Some((directory, prefix, above)) = directories.pop() {
        let entries = match entries(&directory) {
            Ok(entries) => entries,
            Err(error) => {
                walked.faults.push(Fault::unreadable(&directory, &error));
                continue;
            }
        };
        if !prefix.is_empty() && entries.iter().any(|path| name(path) == ".dvc") {
            let why = "it is a repository of DVC's own, which DVC leaves out of the directory around it";
            walked.faults.push(Fault::new(&directory, why, "name it as data of its own", false));
            continue;
        }
        let rules = above.within(&directory, &mut |path, why| {
            walked.faults.push(Fault::new(path, format!("it cannot be read: {why}"), "make it UTF-8 text", true));
        });
        for path in entries {
            if let Some(relative) = entry(&path, &prefix, &rules, &mut walked) {
                directories.push((path, format!("{relative}/"), rules.clone()));
            }
        }
    }
    walked.files.sort_unstable_by(|a, b| a.relative.cmp(&b.relative));
    walked.faults.sort_by(|a, b| a.path.cmp(&b.path));
    walked
}

/// Notes a file; the answer is a directory to go into.
fn entry(path: &Path, prefix: &str, rules: &IgnoreRules, walked: &mut Walked) -> Option<String> {
    let link = match fs::symlink_metadata(path) {
        Ok(link) => link,
        // It was there a moment ago.
        Err(error) => {
            walked.faults.push(Fault::unreadable(path, &error));
            return None;
        }
    };
    let metadata = if link.is_symlink() { fs::metadata(path) } else { Ok(link.clone()) };
    let is_directory = metadata.as_ref().is_ok_and(fs::Metadata::is_dir);
    if rules.ignores(path, is_directory) {
        return None;
    }
    let metadata = match metadata {
        Ok(metadata) => metadata,
        Err(error) => {
            let why = format!("it is a link that leads nowhere: {error}");
            walked.faults.push(Fault::new(path, why, "remove the link, or restore what it leads to", true));
            return None;
        }
    };
    let (own, odd) = spelling(name(path));
    if odd {
        let why = "its name is not UTF-8, which is not representable in DVC";
        walked.faults.push(Fault::new(path, why, "rename it", false));
    }
    if is_directory && link.is_symlink() {
        let why = "it is a link to a directory, which DVC leaves out";
        walked.faults.push(Fault::new(path, why, "name what it leads to as data of its own", false));
        return None;
    }
    if is_directory {
        if own.contains('\n') {
            let why = "its name has a line feed, and below it DVC does not follow its own rules";
            walked.faults.push(Fault::new(path, why, "rename it", false));
        }
        return Some(format!("{prefix}{own}"));
    }
    if let Some(special) = steady::special(&metadata) {
        walked.faults.push(Fault::new(path, special.to_string(), special.remedy(), true));
        return None;
    }
    if own == Syntax::Dvc.file() {
        let why = "DVC refuses a directory with such a file in it; its rules were followed";
        walked.faults.push(Fault::new(path, why, "move its rules to the directory above", false));
    }
    walked.files.push(Found { path: path.to_owned(), relative: format!("{prefix}{own}"), key: FileKey::of(&metadata) });
    None
}

fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
}

fn name(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

/// A name as text, and whether it had to be bent for that.
fn spelling(name: &OsStr) -> (String, bool) {
    use std::fmt::Write as _;

    if let Some(name) = name.to_str() {
        return (name.to_owned(), false);
    }
    let mut text = String::new();
    for chunk in name.as_bytes().utf8_chunks() {
        text += chunk.valid();
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("a text takes everything");
        }
    }
    (text, true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::{ffi::OsStrExt as _, fs::symlink};

    use super::*;

    fn files(walked: &Walked) -> Vec<&str> {
        walked.files.iter().map(|file| file.relative.as_str()).collect()
    }

    fn write(top: &Path, path: &str) {
        fs::create_dir_all(top.join(path).parent().unwrap()).unwrap();
        fs::write(top.join(path), path).unwrap();
    }

    #[test]
    fn files_are_sorted_as_texts_and_some_are_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path();
        for path in ["a/b", "a-b", "a.b", "z", "a/.git/x", ".git/x", ".dvc/x", "b/.hg/x", ".hg2", "c/.git"] {
            write(top, path);
        }
        fs::create_dir_all(top.join("empty/empty")).unwrap();
        let walked = walk(top, &IgnoreRules::first(Syntax::Dvc, top));
        assert_eq!(files(&walked), [".hg2", "a-b", "a.b", "a/b", "z"]);
        assert!(walked.faults.is_empty(), "{:?}", walked.faults);
    }

    #[test]
    fn what_dvc_leaves_out_in_silence_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path();
        write(top, "real/x");
        write(top, "nested/.dvc/config");
        write(top, "nested/y");
        symlink(top.join("real"), top.join("linked")).unwrap();
        symlink(top.join("real/x"), top.join("file")).unwrap();
        symlink(top.join("nowhere"), top.join("broken")).unwrap();
        fs::write(top.join(OsStr::from_bytes(b"odd\xff")), "").unwrap();
        let walked = walk(top, &IgnoreRules::first(Syntax::Dvc, top));
        assert_eq!(files(&walked), ["file", "odd\\xff", "real/x"]);
        let told: Vec<_> = walked.faults.iter().map(|fault| (name(&fault.path).as_bytes(), fault.fatal)).collect();
        let expected: [(&[u8], bool); 4] =
            [(b"broken", true), (b"linked", false), (b"nested", false), (b"odd\xff", false)];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let walked = walk(Path::new("/dev"), &IgnoreRules::first(Syntax::Dvc, Path::new("/dev")));
        assert!(walked.faults.iter().any(|fault| fault.path.ends_with("null") && fault.why.contains("a device")));
    }
}
