//! Data that is to be put somewhere: its files, wherever they are.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use trackside_evidence::{Access, DataKind};

use super::{Measured, place};

/// The files of data, wherever they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    /// How they are come by.
    pub access: Access,
    /// A file or a directory.
    pub kind: DataKind,
    /// Sorted by path.
    pub files: Vec<MaterialFile>,
}

/// A file of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaterialFile {
    /// Below the directory, with `/`; empty for a single file.
    pub path: String,
    /// Where its bytes are.
    pub source: PathBuf,
}

impl Material {
    /// What stands at a path.
    pub fn standing(measured: &Measured) -> Self {
        let file = |path: &String| {
            let source = if path.is_empty() { measured.path.clone() } else { measured.path.join(path) };
            MaterialFile { path: path.clone(), source }
        };
        let files = measured.files.iter().map(|found| file(&found.path)).collect();
        Self { access: Access::Path, kind: measured.kind, files }
    }

    /// Copies all of it to a path below `root`, over what is there. Nothing is written outside of `root`, even where a link
    /// leads there. `copied` is told the bytes of each file.
    pub fn put(&self, destination: &Path, root: &Path, mut copied: impl FnMut(u64)) -> io::Result<()> {
        if self.kind == DataKind::Directory {
            create(destination, root)?;
        }
        for file in &self.files {
            let target = if file.path.is_empty() { destination.to_owned() } else { destination.join(&file.path) };
            create(target.parent().unwrap_or(root), root)?;
            match fs::remove_file(&target) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(named(&target, &error)),
                _ => {}
            }
            copied(copy(&file.source, &target).map_err(|error| named(&file.source, &error))?);
        }
        Ok(())
    }
}

/// A copy that the user may write to: objects of caches are read-only.
fn copy(source: &Path, target: &Path) -> io::Result<u64> {
    let bytes = fs::copy(source, target)?;
    let mode = fs::metadata(target)?.permissions().mode();
    if mode & 0o200 == 0 {
        fs::set_permissions(target, fs::Permissions::from_mode(mode | 0o200))?;
    }
    Ok(bytes)
}

/// Makes a directory below `root`, unless a link leads elsewhere.
fn create(directory: &Path, root: &Path) -> io::Result<()> {
    let directory = place::normal(directory);
    let there = directory.ancestors().find(|above| fs::symlink_metadata(above).is_ok()).unwrap_or(root);
    let real = fs::canonicalize(there).map_err(|error| named(there, &error))?;
    if !real.starts_with(fs::canonicalize(root)?) {
        let why = format!("it is a link to {}, where nothing is written", real.display());
        return Err(named(there, &io::Error::other(why)));
    }
    fs::create_dir_all(&directory).map_err(|error| named(&directory, &error))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn material(files: &[(&str, &Path)]) -> Material {
        let file = |(path, source): &(&str, &Path)| MaterialFile { path: (*path).into(), source: (*source).into() };
        Material { access: Access::Cache, kind: DataKind::Directory, files: files.iter().map(file).collect() }
    }

    #[test]
    fn copies_can_be_written_to() {
        let scratch = tempfile::tempdir().unwrap();
        let object = scratch.path().join("object");
        fs::write(&object, "abc").unwrap();
        fs::set_permissions(&object, fs::Permissions::from_mode(0o444)).unwrap();
        let root = scratch.path().join("root");
        fs::create_dir(&root).unwrap();
        let mut bytes = 0;
        let material = material(&[("a", &object), ("deep/er/b", &object)]);
        for _ in 0..2 {
            material.put(&root.join("data"), &root, |copied| bytes += copied).unwrap();
        }
        assert_eq!((fs::read_to_string(root.join("data/deep/er/b")).unwrap().as_str(), bytes), ("abc", 12));
        fs::write(root.join("data/a"), "abd").unwrap();
        assert_eq!(fs::read_to_string(&object).unwrap(), "abc");
    }

    #[test]
    fn nothing_is_written_where_a_link_leads() {
        let scratch = tempfile::tempdir().unwrap();
        let [object, root, outside] = ["object", "root", "outside"].map(|name| scratch.path().join(name));
        fs::write(&object, "abc").unwrap();
        for directory in [&root, &outside] {
            fs::create_dir(directory).unwrap();
        }
        fs::write(outside.join("a"), "theirs").unwrap();
        symlink(&outside, root.join("data")).unwrap();
        let error = material(&[("a", &object)]).put(&root.join("data"), &root, |_| ()).unwrap_err();
        assert!(error.to_string().contains("root/data: it is a link to"), "{error}");
        // A link to a file is replaced.
        fs::create_dir(root.join("other")).unwrap();
        symlink(outside.join("a"), root.join("other/a")).unwrap();
        material(&[("a", &object)]).put(&root.join("other"), &root, |_| ()).unwrap();
        assert_eq!(fs::read_to_string(root.join("other/a")).unwrap(), "abc");
        assert_eq!(fs::read_to_string(outside.join("a")).unwrap(), "theirs");
        assert!(material(&[("../../outside/a", &object)]).put(&root.join("other"), &root, |_| ()).is_err());
        assert_eq!(fs::read_to_string(outside.join("a")).unwrap(), "theirs");
    }
}
