//! `trackside data status`.

use anyhow::bail;
use serde_json::{Value as Json, json};
use trackside_evidence::{DataKind, DataSource, Gap, Workspace};
use trackside_provenance::data::{Standing, Standings, Survey};

use super::{args::StatusArgs, differing, extent, told};
use crate::{columns::plain, output::Output, recording::Bar};

/// Prints what differs; with `--exit-code` that is an error.
pub(super) fn run(survey: &Survey, args: &StatusArgs, bar: &Bar, output: Output) -> anyhow::Result<()> {
    let found = survey.standings(&args.paths);
    bar.clear();
    let differing = found.standings.iter().filter(|standing| differs(standing)).count();
    let answer = json!({
        "data": found.standings.iter().map(record).collect::<Vec<_>>(),
        "gaps": found.gaps,
        "differing": differing,
    });
    output.say(&answer, || text(&found, differing))?;
    if args.exit_code && differing > 0 {
        bail!("{differing} of {} differ from what is on record", found.standings.len());
    }
    if args.exit_code && found.incomplete {
        bail!("not everything could be looked at");
    }
    Ok(())
}

fn differs(standing: &Standing) -> bool {
    matches!(standing.data.workspace, Workspace::Modified | Workspace::Missing)
}

fn record(standing: &Standing) -> Json {
    json!({"data": standing.data, "difference": standing.difference})
}

fn text(found: &Standings, differing: usize) -> String {
    let mut text: String = found.standings.iter().map(line).collect();
    // That something is missing was said.
    let said = |gap: &&Gap| {
        !found.standings.iter().any(|standing| {
            standing.data.digest.is_none() && standing.data.kind == DataKind::Absent && standing.data.path == gap.what
        })
    };
    text += &told(&found.gaps.iter().filter(said).cloned().collect::<Vec<_>>());
    if found.standings.is_empty() && found.gaps.is_empty() {
        return "DVC has nothing on record here\n".to_owned();
    }
    text + &format!("{differing} of {} differ\n", found.standings.len())
}

fn line(standing: &Standing) -> String {
    let data = &standing.data;
    let word = match data.workspace {
        Workspace::Untracked => "untracked",
        Workspace::Match => "match",
        Workspace::Modified => "modified",
        Workspace::Missing => "missing",
    };
    let source = match &data.source {
        DataSource::Argument => String::new(),
        DataSource::Dvc { file, stage: Some(stage), .. } => format!("  {file}, stage {stage}"),
        DataSource::Dvc { file, .. } => format!("  {file}"),
    };
    let extent = data.digest.as_ref().map(|digest| format!("  ({})", extent(digest.files, digest.size)));
    let head = format!("{word:<9}  {}{}{}\n", plain(&data.path), plain(&source), extent.unwrap_or_default());
    let files = match &standing.difference {
        Some(difference) => differing(difference, "    "),
        None if differs(standing) && data.kind == DataKind::Directory => {
            "    DVC's list of its files is not in the cache, so they cannot be told apart\n".to_owned()
        }
        None => String::new(),
    };
    head + &files
}
