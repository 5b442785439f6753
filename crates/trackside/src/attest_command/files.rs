//! Whether files are as they were attested.

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    path::{Component, Path},
    sync::Arc,
};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use trackside_core::SystemClock;
use trackside_evidence::Subject;
use trackside_provenance::data::Survey;

use trackside_evidence::Record;

/// How a file stands to what was attested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// As attested.
    Same,
    /// Something else.
    Differs,
    /// Not there.
    Missing,
    /// It cannot be told.
    Unknown,
}

/// A subject with what was found of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) standing: Standing,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
}

/// What the command wrote, not an artifact.
pub(super) fn is_output(subject: &Subject) -> bool {
    subject.uri.as_deref().is_some_and(|uri| uri.starts_with("output:"))
}

/// Looks for each subject below a directory.
pub(super) fn check<'a>(subjects: impl Iterator<Item = &'a Subject>, directory: &Path) -> Vec<Checked> {
    subjects.map(|subject| one(subject, directory)).collect()
}

/// Files below a directory that no subject is about, without those below `trackside/`. Sorted.
pub(super) fn others(subjects: &[Subject], directory: &Path) -> io::Result<Vec<String>> {
    let attested: BTreeSet<&str> = subjects.iter().map(|subject| subject.name.as_str()).collect();
    let (mut others, mut waiting) = (Vec::new(), vec![directory.to_path_buf()]);
    while let Some(directory_now) = waiting.pop() {
        for entry in directory_now.read_dir()? {
            let path = entry?.path();
            let name = path.strip_prefix(directory).unwrap_or(&path).to_string_lossy().into_owned();
            if path.is_dir() && !path.is_symlink() {
                if name != Record::DIRECTORY {
                    waiting.push(path);
                }
            } else if !attested.contains(name.as_str()) {
                others.push(name);
            }
        }
    }
    others.sort_unstable();
    Ok(others)
}

fn one(subject: &Subject, directory: &Path) -> Checked {
    let (standing, why) = stands(subject, directory);
    Checked { name: subject.name.clone(), standing, why: why.map(str::to_owned) }
}

fn stands(subject: &Subject, directory: &Path) -> (Standing, Option<&'static str>) {
    let below = Path::new(&subject.name);
    // What is signed may still be hostile: nothing outside is looked at.
    if subject.name.is_empty() || !below.components().all(|part| matches!(part, Component::Normal(_))) {
        return (Standing::Unknown, Some("its name is no path below a directory"));
    }
    let path = directory.join(below);
    let Some(attested) = subject.digest.get("sha256") else {
        return (Standing::Unknown, Some("it was attested without a SHA-256"));
    };
    let found = if path.is_dir() {
        of_directory(&path)
    } else {
        match of_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return (Standing::Missing, None),
            found => found.ok(),
        }
    };
    match found {
        Some(found) if found.eq_ignore_ascii_case(attested) => (Standing::Same, None),
        Some(_) => (Standing::Differs, None),
        None => (Standing::Unknown, Some("it cannot be read")),
    }
}

fn of_file(path: &Path) -> io::Result<String> {
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    let mut chunk = vec![0; 1 << 20];
    loop {
        match io::Read::read(&mut file, &mut chunk)? {
            0 => return Ok(hex::encode(hash.finalize())),
            length => hash.update(&chunk[..length]),
        }
    }
}

/// Of the list of its files, as records have it.
fn of_directory(path: &Path) -> Option<String> {
    let survey = Survey::new(path, Arc::new(SystemClock)).ok()?;
    Some(survey.measure(&[path.to_path_buf()], false).pop()?.digest?.sha256)
}
