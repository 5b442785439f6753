//! What stands at a path, hashed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use trackside_evidence::{DataKind, Digest, Dimension, Gap, Manifest, ManifestEntry};

use super::{
    file_hash::{FileHash, FileKey},
    hashing::{Hashing, Job},
    ignore_rules::{IgnoreRules, Syntax},
    listing, place,
    walk::{self, Fault, Found},
};

/// Gaps told of one path; a directory of a million odd names needs no million of them.
const MAX_GAPS: usize = 20;

/// What stands at a path.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Absolute.
    pub path: PathBuf,
    /// A file, a directory or nothing.
    pub kind: DataKind,
    /// `None` when there is nothing, or when a part of it could not be read.
    pub digest: Option<Digest>,
    /// What DVC 2 would have recorded, where it was asked for.
    pub legacy: Option<String>,
    /// Its files, sorted by path; the path of a single file is empty.
    pub files: Vec<MeasuredFile>,
    /// What is not known of it.
    pub gaps: Vec<Gap>,
}

/// A file that was hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasuredFile {
    /// Below the directory, with `/`.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// Its hashes.
    pub hash: FileHash,
}

impl Measured {
    /// The list of a directory's files.
    pub fn manifest(&self) -> Option<Manifest> {
        let entry = |file: &MeasuredFile| ManifestEntry {
            path: file.path.clone(),
            md5: hex::encode(file.hash.md5),
            sha256: hex::encode(file.hash.sha256),
            size: file.size,
        };
        (self.kind == DataKind::Directory).then(|| Manifest::new(self.files.iter().map(entry).collect()))
    }
}

/// A path to look at.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Absolute.
    pub(crate) path: PathBuf,
    /// Whether DVC 2's hash is wanted too.
    pub(crate) legacy: bool,
}

/// A target before its files are hashed.
struct Plan {
    kind: DataKind,
    files: Vec<Found>,
    faults: Vec<Fault>,
}

/// Looks at all of them at once, so that all processors have work. Names in gaps are told by `name`.
pub(crate) fn measure(
    targets: &[Target],
    root: &Path,
    hashing: &mut Hashing,
    name: impl Fn(&Path) -> String,
) -> Vec<Measured> {
    let mut plans: Vec<Plan> = targets.iter().map(|target| plan(&target.path, root)).collect();
    let mut jobs = Vec::new();
    for (target, plan) in targets.iter().zip(&mut plans) {
        let job = |file: &mut Found| Job { path: std::mem::take(&mut file.path), key: file.key, legacy: target.legacy };
        jobs.extend(plan.files.iter_mut().map(job));
    }
    let outcomes = hashing.run(&jobs);
    let mut done = jobs.into_iter().zip(outcomes);
    let mut measured = Vec::with_capacity(targets.len());
    for (target, plan) in targets.iter().zip(plans) {
        let (mut files, mut faults) = (Vec::with_capacity(plan.files.len()), plan.faults);
        for (found, (job, outcome)) in plan.files.into_iter().zip(&mut done) {
            match outcome {
                Ok((size, hash)) => files.push(MeasuredFile { path: found.relative, size, hash }),
                Err(error) => faults.push(Fault::new(&job.path, error.to_string(), error.remedy(), true)),
            }
        }
        measured.push(together(target, plan.kind, files, &faults, &name));
    }
    measured
}

fn together(
    target: &Target,
    kind: DataKind,
    files: Vec<MeasuredFile>,
    faults: &[Fault],
    name: impl Fn(&Path) -> String,
) -> Measured {
    let whole = kind != DataKind::Absent && !faults.iter().any(|fault| fault.fatal);
    let mut measured = Measured {
        path: target.path.clone(),
        kind,
        digest: None,
        legacy: None,
        files,
        gaps: gaps(faults, target, name),
    };
    if whole {
        measured.digest = digest(&measured);
        measured.legacy = legacy(&measured).filter(|_| target.legacy);
    }
    measured
}

fn digest(measured: &Measured) -> Option<Digest> {
    let size = measured.files.iter().map(|file| file.size).sum();
    let files = measured.files.len() as u64;
    if let Some(manifest) = measured.manifest() {
        let md5 = listing::digest(measured.files.iter().map(|file| (file.path.as_str(), file.hash.md5)));
        return Some(Digest { md5, sha256: manifest.sha256(), size, files });
    }
    let hash = measured.files.first()?.hash;
    Some(Digest { md5: hex::encode(hash.md5), sha256: hex::encode(hash.sha256), size, files })
}

fn legacy(measured: &Measured) -> Option<String> {
    if measured.kind == DataKind::File {
        return measured.files.first()?.hash.legacy.map(hex::encode);
    }
    let files: Option<Vec<_>> =
        measured.files.iter().map(|file| Some((file.path.as_str(), file.hash.legacy?))).collect();
    Some(listing::digest(files?))
}

/// Finds the files of a target.
fn plan(path: &Path, root: &Path) -> Plan {
    let nothing = |fault| Plan { kind: DataKind::Absent, files: Vec::new(), faults: vec![fault] };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return nothing(Fault::new(path, "there is nothing at this path", "correct the path, or restore it", true));
        }
        Err(error) => {
            return nothing(Fault::new(path, format!("it cannot be read: {error}"), "make it readable", true));
        }
    };
    if !metadata.is_dir() {
        let file = Found { path: path.to_owned(), relative: String::new(), key: FileKey::of(&metadata) };
        return Plan { kind: DataKind::File, files: vec![file], faults: Vec::new() };
    }
    let mut faults = Vec::new();
    let above = path.parent().unwrap_or(path);
    let repository = place::repository(above);
    if repository.is_some() && path.join(".dvc").is_dir() {
        let why = "it is a repository of DVC's own: DVC records it as empty; here its files are counted";
        faults.push(Fault::new(path, why, "track it in that repository", false));
    }
    let top = repository.or_else(|| path.starts_with(root).then(|| root.to_owned()));
    let rules = top.map_or_else(
        || IgnoreRules::first(Syntax::Dvc, path),
        |top| {
            IgnoreRules::between(Syntax::Dvc, &top, above, &mut |path, why| {
                faults.push(Fault::new(path, format!("it cannot be read: {why}"), "make it UTF-8 text", true));
            })
        },
    );
    let mut walked = walk::walk(path, &rules);
    faults.append(&mut walked.faults);
    Plan { kind: DataKind::Directory, files: walked.files, faults }
}

/// One for each of the first faults, the gravest first, and one for all others.
fn gaps(faults: &[Fault], target: &Target, name: impl Fn(&Path) -> String) -> Vec<Gap> {
    let mut sorted: Vec<&Fault> = faults.iter().collect();
    sorted.sort_by_key(|fault| !fault.fatal);
    let gap = |fault: &&Fault| Gap::new(Dimension::Data, name(&fault.path), &fault.why).closed_by(&fault.remedy);
    let mut gaps: Vec<Gap> = sorted.iter().take(MAX_GAPS).map(gap).collect();
    if let Some(more) = sorted.len().checked_sub(MAX_GAPS + 1) {
        let why = format!("{} more of its files are like the ones named", more + 1);
        gaps.push(Gap::new(Dimension::Data, name(&target.path), why));
    }
    gaps
}
