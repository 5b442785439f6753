//! `trackside data diff`.

use std::path::PathBuf;

use anyhow::bail;
use serde_json::json;
use trackside_evidence::{DataKind, difference};
use trackside_provenance::data::Survey;

use super::{
    args::DiffArgs,
    differing,
    side::{self, Side},
    told,
};
use crate::{
    output::{Output, count},
    recording::Bar,
};

/// Prints which files differ; with `--exit-code` that is an error.
pub(super) fn run(survey: &Survey, args: &DiffArgs, bar: &Bar, output: Output) -> anyhow::Result<()> {
    let [old, new] = sides(survey, [&args.old, &args.new])?;
    bar.clear();
    side::comparable(&old, &new)?;
    let mut difference = difference(&old.manifest, &new.manifest);
    if old.kind == DataKind::File {
        difference.changed.iter_mut().for_each(|path| *path = args.new.to_string_lossy().into_owned());
    }
    let gaps: Vec<_> = old.gaps.into_iter().chain(new.gaps).collect();
    let n = difference.count();
    output.say(&json!({"difference": difference, "gaps": gaps}), || {
        let verdict =
            if n == 0 { "nothing differs\n".to_owned() } else { format!("{} differ\n", count(n as u64, "file")) };
        differing(&difference, "") + &told(&gaps) + &verdict
    })?;
    if args.exit_code && n > 0 {
        bail!("{} differ", count(n as u64, "file"));
    }
    Ok(())
}

/// Both at once, so that all processors have work.
fn sides(survey: &Survey, paths: [&PathBuf; 2]) -> anyhow::Result<[Side; 2]> {
    let stored = [side::stored(paths[0])?, side::stored(paths[1])?];
    let fresh: Vec<PathBuf> =
        paths.iter().zip(&stored).filter(|(_, stored)| stored.is_none()).map(|(path, _)| (*path).clone()).collect();
    let mut measured = survey.measure(&fresh, false).into_iter();
    let mut side = |path: &PathBuf, stored: Option<Side>| match stored {
        Some(side) => Ok(side),
        None => side::measured(path, measured.next().expect("each path that is no list was looked at")),
    };
    let [old, new] = stored;
    Ok([side(paths[0], old)?, side(paths[1], new)?])
}
