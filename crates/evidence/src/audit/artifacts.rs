//! Whether the artifacts are still those that the run stored.

use super::{ArtifactNow, Evidence, Finding, Observed, Verdict, finding::listed};
use crate::{Dimension, Record};

const ARTIFACTS: Dimension = Dimension::Artifacts;

/// Artifacts then and now, and the record itself.
pub(super) fn artifacts(record: &Record, now: &Observed) -> Finding {
    if let Some(finding) = forged(record, now) {
        return finding;
    }
    if record.execution.as_ref().is_none_or(|execution| execution.ended_at.is_none()) {
        return Finding::new(ARTIFACTS, Verdict::Missing, "nobody saw the run end, so its artifacts are not on record");
    }
    let Some(found) = &now.artifacts else {
        return Finding::new(ARTIFACTS, Verdict::Missing, "the artifacts cannot be listed");
    };
    let mut evidence: Vec<Evidence> = record
        .artifacts
        .iter()
        .map(|stored| {
            let (found, verdict) = match found.get(&stored.path) {
                None => (None, Verdict::Missing),
                Some(ArtifactNow { sha256: Ok(hash), .. }) if *hash == stored.sha256 => {
                    (Some(hash.clone()), Verdict::Identical)
                }
                Some(ArtifactNow { sha256: Ok(hash), .. }) => (Some(hash.clone()), Verdict::Drifted),
                Some(ArtifactNow { sha256: Err(why), .. }) => (Some(why.clone()), Verdict::Missing),
            };
            Evidence::new(&stored.path, Some(&stored.sha256), found.as_deref(), verdict)
        })
        .collect();
    let is_new = |path: &&String| record.artifacts.iter().all(|stored| stored.path != **path);
    evidence.extend(found.keys().filter(is_new).map(|path| {
        let hash = found[path].sha256.as_deref().unwrap_or("unreadable");
        Evidence::new(path, None, Some(hash), Verdict::Equivalent)
    }));
    let worst = evidence.iter().map(|one| one.verdict).max();
    let names = listed(evidence.iter().filter(|one| Some(one.verdict) == worst).map(|one| one.what.as_str()));
    let count = evidence.len();
    let finding = Finding::of(ARTIFACTS, evidence, |worst| match worst {
        Verdict::Identical if count == 0 => "the run stored none".to_owned(),
        Verdict::Identical => format!("all {count} have the digests of the end of the run"),
        Verdict::Equivalent => format!("stored since the run ended: {names}"),
        Verdict::Drifted => format!("changed since the run ended: {names}"),
        Verdict::Missing => format!("not to be had: {names}"),
    });
    if finding.verdict == Verdict::Drifted {
        return finding.advise("do not trust what was changed; make it anew with `trackside reproduce`");
    }
    finding
}

/// The record is not what was recorded: its own key, or the one the server has beside it, says otherwise.
fn forged(record: &Record, now: &Observed) -> Option<Finding> {
    let (stated, other) = record.contradiction(now.provenance_key.as_deref())?;
    let finding = Finding::new(ARTIFACTS, Verdict::Drifted, "the record itself was changed: it does not fit its key")
        .with(Evidence::new("provenance key", Some(&stated), Some(&other), Verdict::Drifted));
    Some(finding.advise("believe nothing of this record; make the run anew"))
}
