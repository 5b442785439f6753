//! The data of a run: where each path is to be had as it was, put into the checkout and checked there.

use std::{
    collections::BTreeMap,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use trackside_evidence::{Access, Data, DataKind, DataSource, Difference, Manifest, Record, difference};
use trackside_provenance::data::{Material, Measured, Survey};

use super::plan::DataPlan;
use crate::recording::survey;

/// Where the data of a run was, and where it is to be.
#[derive(Debug, Clone)]
pub(super) struct Projects {
    /// Its old project, as it is now.
    pub(super) old: PathBuf,
    /// The same in the checkout.
    pub(super) new: PathBuf,
}

/// A path of the record.
#[derive(Debug)]
pub(super) struct Need {
    data: Data,
    source: Source,
}

/// How it comes to where the command looks for it.
#[derive(Debug)]
enum Source {
    /// It comes with the code.
    Code,
    /// It lies outside of the project and stands there still.
    Outside,
    /// It is put there.
    Put(Material),
    /// There was nothing.
    Nothing,
    /// The command writes it, and an older version is not to be had.
    Written,
    /// It cannot be had, and why.
    Lost(String),
}

/// Looks where everything that the run read is to be had. Blocks.
pub(super) fn find(
    record: &Record,
    manifests: &BTreeMap<String, Manifest>,
    projects: &Projects,
) -> anyhow::Result<Vec<Need>> {
    let (old, new) = (survey(&projects.old)?, survey(&projects.new)?);
    let there = |project: &Path| -> Vec<PathBuf> { record.data.iter().map(|data| project.join(&data.path)).collect() };
    let standing = old.measure(&there(&projects.old), false);
    let checked_out = new.measure(&there(&projects.new), false);
    let needs = record.data.iter().zip(standing).zip(checked_out).map(|((data, standing), checked_out)| {
        let source = source(data, record, &old, &standing, &checked_out)
            .unwrap_or_else(|| Source::Lost(lost(data, &standing, manifests.get(&data.path))));
        Need { data: data.clone(), source }
    });
    Ok(needs.collect())
}

fn source(data: &Data, record: &Record, old: &Survey, standing: &Measured, checked_out: &Measured) -> Option<Source> {
    let Some(digest) = &data.digest else {
        return (data.kind == DataKind::Absent).then_some(Source::Nothing);
    };
    let fits = |found: &Measured| found.digest.as_ref().is_some_and(|found| found.sha256 == digest.sha256);
    if Path::new(&data.path).is_absolute() {
        return fits(standing).then_some(Source::Outside);
    }
    if fits(checked_out) {
        return Some(Source::Code);
    }
    if fits(standing) {
        return Some(Source::Put(Material::standing(standing)));
    }
    // What DVC 2 recorded is kept by that digest.
    let recorded = data.recorded.as_ref().and_then(|recorded| recorded.md5.as_deref());
    for md5 in std::iter::once(digest.md5.as_str()).chain(recorded) {
        let whole = |material: &Material| old.digest(material).is_some_and(|found| found.sha256 == digest.sha256);
        if let Some(material) = old.held(md5).into_iter().find(whole) {
            return Some(Source::Put(material));
        }
    }
    let is_output = matches!(data.source, DataSource::Dvc { output: true, .. });
    (is_output && is_written(record, &data.path)).then_some(Source::Written)
}

/// Whether the command is known to write to a path.
fn is_written(record: &Record, path: &str) -> bool {
    let (path, mut outputs) = (Path::new(path), record.outputs.iter().map(|output| Path::new(&output.path)));
    outputs.any(|output| output.starts_with(path) || path.starts_with(output))
}

/// Why a path cannot be had as it was, with the names of its files.
fn lost(data: &Data, standing: &Measured, then: Option<&Manifest>) -> String {
    let path = standing.path.display();
    if data.digest.is_none() {
        return "its digest was never known, so nothing can say whether it is the same".to_owned();
    }
    let elsewhere = "the recorded version is not in the cache of DVC, nor in a remote that is a directory here";
    match (standing.kind, &standing.digest) {
        (DataKind::Absent, _) => format!("there is nothing at {path}, and {elsewhere}; put it back, or `dvc fetch`"),
        (_, None) => {
            let why = standing.gaps.first().map_or("some of it cannot be read", |gap| gap.why.as_str());
            format!("{path} cannot be compared: {why}")
        }
        (_, Some(_)) => {
            let files = then.zip(standing.manifest()).map(|(then, now)| named(&difference(then, &now)));
            let files = files.map(|files| format!(" ({files})")).unwrap_or_default();
            format!("{path} was changed since{files}, and {elsewhere}")
        }
    }
}

/// The first files that differ.
fn named(difference: &Difference) -> String {
    const SHOWN: usize = 3;
    let kinds = difference.kinds().into_iter();
    let all: Vec<String> =
        kinds.flat_map(|(kind, paths)| paths.into_iter().map(move |path| format!("{kind}: {path}"))).collect();
    let more = all.len().saturating_sub(SHOWN);
    let shown = all.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

impl Need {
    /// As the plan tells it.
    pub(super) fn plan(&self, link: bool, record: &Record) -> DataPlan {
        let from = match &self.source {
            Source::Code => "comes with the code".to_owned(),
            Source::Outside => "stands outside of the project, as it was".to_owned(),
            Source::Nothing => "there was nothing".to_owned(),
            Source::Written => "the command writes it; the older version is not to be had".to_owned(),
            Source::Lost(why) => why.clone(),
            Source::Put(material) => {
                let how = if link && self.can_be_linked(material, record) { "linked" } else { "copied" };
                match &material.access {
                    Access::Path => format!("{how} from where it stands, as it was"),
                    Access::Cache => format!("{how} from the cache of DVC"),
                    Access::Remote { name } => format!("{how} from the remote {name} of DVC"),
                }
            }
        };
        DataPlan { path: self.data.path.clone(), from, fits: self.is_known() }
    }

    /// Why it cannot be had.
    pub(super) fn refusal(&self) -> Option<String> {
        match &self.source {
            Source::Lost(why) => Some(format!("{}: {why}", self.data.path)),
            _ => None,
        }
    }

    /// Whether it will be as it was.
    fn is_known(&self) -> bool {
        !matches!(self.source, Source::Lost(_) | Source::Written)
    }

    fn can_be_linked(&self, material: &Material, record: &Record) -> bool {
        material.access == Access::Path && !is_written(record, &self.data.path)
    }
}

/// Puts everything into the checkout, then checks all of it. Blocks.
pub(super) fn put(needs: &[Need], record: &Record, projects: &Projects, link: bool) -> anyhow::Result<()> {
    let style = ProgressStyle::with_template("copying data {bytes}, {bytes_per_sec}").expect("it is well-formed");
    let bar = ProgressBar::new_spinner().with_style(style);
    for need in needs {
        let Source::Put(material) = &need.source else { continue };
        let target = projects.new.join(&need.data.path);
        let below = || target.ancestors().skip(1).take_while(|above| above.starts_with(&projects.new));
        let is_free = std::fs::symlink_metadata(&target).is_err() && !below().any(Path::is_symlink);
        if link && is_free && need.can_be_linked(material, record) {
            std::fs::create_dir_all(target.parent().unwrap_or(&projects.new))?;
            symlink(projects.old.join(&need.data.path), &target).with_context(|| need.data.path.clone())?;
        } else {
            let put = material.put(&target, &projects.new, |bytes| bar.inc(bytes));
            put.with_context(|| format!("{} cannot be put into the checkout", need.data.path))?;
        }
    }
    bar.finish_and_clear();
    let known: Vec<&Need> = needs.iter().filter(|need| need.data.digest.is_some() && need.is_known()).collect();
    let paths: Vec<PathBuf> = known.iter().map(|need| projects.new.join(&need.data.path)).collect();
    for (need, found) in known.iter().zip(survey(&projects.new)?.measure(&paths, false)) {
        let sha256 = |digest: &Option<trackside_evidence::Digest>| digest.as_ref().map(|digest| digest.sha256.clone());
        if sha256(&found.digest) != sha256(&need.data.digest) {
            bail!("refused: {} is not what the run read: it was changed while it was copied", need.data.path);
        }
    }
    Ok(())
}
