//! Whether the data that was read can still be had.

use super::{DataNow, Evidence, Finding, Observed, Verdict, finding::listed};
use crate::{Access, Data, Difference, Dimension, Record};

const DATA: Dimension = Dimension::Data;

/// Each path of the record, as it is now.
pub(super) fn data(record: &Record, now: &Observed) -> Finding {
    let gaps = record.gaps.iter().filter(|gap| gap.dimension == DATA);
    let unknown: Vec<Evidence> =
        gaps.map(|gap| Evidence::new(&gap.what, Some(&gap.why), None, Verdict::Missing)).collect();
    if record.data.iter().all(Data::is_yet_to_be_made) && record.datasets.is_empty() && unknown.is_empty() {
        if record.reads_no_data {
            return Finding::new(DATA, Verdict::Identical, "it was said to read no data");
        }
        return Finding::new(DATA, Verdict::Missing, "no data is on record").advise(
            "name what it reads with `trackside run --data PATH`, or say that it reads nothing with --no-data",
        );
    }
    let mut finding = Finding::of(DATA, unknown, |_| String::new());
    let mut evidence = std::mem::take(&mut finding.evidence);
    evidence.extend(
        record.data.iter().filter(|data| data.digest.is_some()).map(|data| compared(data, now.data.get(&data.path))),
    );
    evidence.extend(record.datasets.iter().filter_map(|dataset| {
        let warning = dataset.warning.as_deref()?;
        Some(Evidence::new(
            format!("dataset {}", dataset.name),
            Some(&dataset.digest),
            Some(warning),
            Verdict::Equivalent,
        ))
    }));
    let all = evidence.len();
    let of = |verdict: Verdict, evidence: &[Evidence]| {
        listed(evidence.iter().filter(|one| one.verdict == verdict).map(|one| one.what.as_str()))
    };
    let copy = evidence.clone();
    let finding = Finding::of(DATA, evidence, |worst| match worst {
        Verdict::Identical => format!("all {all} paths have the digests of the record"),
        Verdict::Equivalent => format!("to be had, but not as it was: {}", of(worst, &copy)),
        Verdict::Drifted => format!("changed since: {}", of(worst, &copy)),
        Verdict::Missing => format!("not to be had: {}", of(worst, &copy)),
    });
    match finding.verdict {
        Verdict::Drifted => finding.advise("restore the recorded version, e.g. with `dvc checkout` or `dvc pull`"),
        Verdict::Missing => {
            finding.advise("fetch it, e.g. with `dvc pull`, and keep it in DVC so that it can be found by its digest")
        }
        Verdict::Equivalent if copy.iter().any(|one| one.what.starts_with("dataset ")) => {
            finding.advise("name the files behind the datasets with --data, so that every row counts")
        }
        _ => finding,
    }
}

fn compared(data: &Data, now: Option<&DataNow>) -> Evidence {
    let recorded = data.digest.as_ref();
    let shown = recorded.map(|digest| digest.md5.as_str());
    let now = now.cloned().unwrap_or_default();
    let same = now.digest.as_ref().zip(recorded).is_some_and(|(now, then)| now.sha256 == then.sha256);
    if same {
        return Evidence::new(&data.path, shown, shown, Verdict::Identical);
    }
    if let Some(place) = now.elsewhere.first() {
        let place = match place {
            Access::Path => "at another path".to_owned(),
            Access::Cache => "in the cache of DVC".to_owned(),
            Access::Remote { name } => format!("in the remote {name} of DVC"),
        };
        return Evidence::new(&data.path, shown, Some(&place), Verdict::Equivalent);
    }
    if let Some(error) = &now.error {
        return Evidence::new(&data.path, shown, Some(error), Verdict::Missing);
    }
    match &now.digest {
        None => Evidence::new(&data.path, shown, None, Verdict::Missing),
        Some(digest) => {
            let files = now.difference.as_ref().map(differing);
            let found = files.map_or_else(|| digest.md5.clone(), |files| format!("{}: {files}", digest.md5));
            Evidence::new(&data.path, shown, Some(&found), Verdict::Drifted)
        }
    }
}

/// The files that differ, by name.
fn differing(difference: &Difference) -> String {
    let told = difference.kinds().into_iter().filter(|(_, paths)| !paths.is_empty());
    let told = told.map(|(kind, paths)| format!("{kind} {}", listed(paths.iter().map(String::as_str))));
    told.collect::<Vec<_>>().join("; ")
}
