//! `trackside data`: digests of files and directories as DVC has them, and what differs. No server is asked.

mod args;
mod diff;
mod hash;
mod side;
mod status;

use std::{env, sync::Arc};

use anyhow::Context;
use trackside_evidence::{Difference, Gap};
use trackside_provenance::data::Survey;

use self::args::Action;
pub(crate) use self::args::DataArgs;
use crate::{
    columns::plain,
    output::{Output, count},
    recording::{Bar, survey_with},
};

/// Runs one command.
pub(crate) fn run(args: &DataArgs) -> anyhow::Result<()> {
    let bar = Arc::new(Bar::new(args.json));
    let survey = survey(args.no_cache, &bar)?;
    let output = Output { json: args.json };
    match &args.action {
        Action::Hash(wanted) => hash::run(&survey, wanted, &bar, output),
        Action::Status(wanted) => status::run(&survey, wanted, &bar, output),
        Action::Diff(wanted) => diff::run(&survey, wanted, &bar, output),
    }
}

/// Of the project around the working directory.
fn survey(no_cache: bool, bar: &Arc<Bar>) -> anyhow::Result<Survey> {
    let here = env::current_dir().context("the working directory is gone")?;
    survey_with(&Survey::project(&here), !no_cache, bar)
}

/// A line for each file that differs.
fn differing(difference: &Difference, indent: &str) -> String {
    let lines =
        difference.kinds().into_iter().flat_map(|(word, paths)| paths.into_iter().map(move |path| (word, path)));
    let lines: Vec<_> = lines
        .map(|(word, path)| {
            format!(
                "{indent}{word:<8} {}
",
                plain(&path)
            )
        })
        .collect();
    lines.concat()
}

/// What is not known, for people.
fn told(gaps: &[Gap]) -> String {
    let tell = |gap: &Gap| {
        let remedy = if gap.remedy.is_empty() { String::new() } else { format!("\n    {}", plain(&gap.remedy)) };
        format!("not known: {}: {}{remedy}\n", plain(&gap.what), plain(&gap.why))
    };
    gaps.iter().map(tell).collect()
}

/// `1,234 bytes` would need a language; `1234 bytes` needs none.
fn extent(files: u64, size: u64) -> String {
    format!("{}, {}", count(files, "file"), count(size, "byte"))
}
