//! One side of a comparison.

use std::{fs, path::Path};

use anyhow::{Context, bail, ensure};
use trackside_evidence::{DataKind, Gap, Manifest, ManifestEntry};
use trackside_provenance::data::Measured;

/// A list of some two million files.
const MAX_BYTES: u64 = 512 << 20;

/// The files of one side, and what is not known of them.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) manifest: Manifest,
    pub(super) kind: DataKind,
    pub(super) gaps: Vec<Gap>,
}

/// A list of files that a run has among its artifacts; `None` when it is something else.
pub(super) fn stored(path: &Path) -> anyhow::Result<Option<Side>> {
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let size = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !is_json || !size.is_file() || size.len() > MAX_BYTES {
        return Ok(None);
    }
    let json = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    // Other JSON is data like any other.
    let Ok(manifest) = Manifest::read(&json) else { return Ok(None) };
    Ok(Some(Side { manifest, kind: DataKind::Directory, gaps: Vec::new() }))
}

/// What stands at a path. What a digest needs must be known, or a file would be told as removed that cannot be read.
pub(super) fn measured(path: &Path, measured: Measured) -> anyhow::Result<Side> {
    if measured.digest.is_none() {
        let why = measured.gaps.first().map(|gap| format!("{}: {}", gap.what, gap.why));
        bail!("cannot compare {}: {}", path.display(), why.unwrap_or_default());
    }
    let manifest = measured.manifest().unwrap_or_else(|| {
        let file = |file: &trackside_provenance::data::MeasuredFile| ManifestEntry {
            path: String::new(),
            md5: String::new(),
            sha256: measured.digest.as_ref().map(|digest| digest.sha256.clone()).unwrap_or_default(),
            size: file.size,
        };
        Manifest::new(measured.files.iter().map(file).collect())
    });
    Ok(Side { manifest, kind: measured.kind, gaps: measured.gaps })
}

/// A file is compared with a file, a directory with a directory or a list.
pub(super) fn comparable(old: &Side, new: &Side) -> anyhow::Result<()> {
    ensure!(old.kind == new.kind, "a file and a directory cannot be compared: name two files or two directories");
    Ok(())
}
