//! `trackside models compare`.

use std::sync::Arc;

use anyhow::{Context, ensure};
use serde::Serialize;
use trackside_core::SystemClock;
use trackside_tracking::Server;

use super::{
    args::Compared,
    facts::{self, Facts, Part},
};
use crate::{
    audit_command::Subject,
    columns::{plain, shortened},
    output::{Output, count},
    recording::record,
};

/// A side of the comparison.
struct Side {
    facts: Facts,
    is_recorded: bool,
}

/// A fact that the sides do not share.
#[derive(Debug, Serialize)]
struct Difference {
    part: Part,
    name: String,
    /// `None` where that side has no such fact.
    left: Option<String>,
    right: Option<String>,
}

#[derive(Debug, Serialize)]
struct Comparison<'a> {
    left: &'a str,
    right: &'a str,
    /// Facts that both have alike.
    same: u64,
    differences: Vec<Difference>,
    /// Sides of which nothing was recorded beside what their clients logged.
    unrecorded: Vec<&'a str>,
}

pub(super) async fn run(url: &str, wanted: &Compared, output: Output) -> anyhow::Result<()> {
    let server = Server::at(url, Arc::new(SystemClock)).context("--url")?;
    let (left, right) = (side(&server, &wanted.left).await?, side(&server, &wanted.right).await?);
    let sides = [(wanted.left.as_str(), &left), (wanted.right.as_str(), &right)];
    let unrecorded = sides.iter().filter(|(_, side)| !side.is_recorded).map(|(name, _)| *name).collect();
    let differences = differing(&left.facts, &right.facts);
    let same = left.facts.iter().filter(|(name, value)| right.facts.get(*name) == Some(*value)).count() as u64;
    let comparison = Comparison { left: &wanted.left, right: &wanted.right, same, differences, unrecorded };
    output.say(&comparison, || text(&comparison))
}

async fn side(server: &Server, name: &str) -> anyhow::Result<Side> {
    let subject = Subject::find(server, name).await?;
    ensure!(subject.runs.len() == 1, "{name} has {} runs; a version, an alias or a run has one", subject.runs.len());
    let run = subject.runs.first().context("a subject has a run")?;
    let record = record(server, &run.info).await?.map(|(record, _)| record);
    Ok(Side { facts: facts::of(run, record.as_ref()), is_recorded: record.is_some() })
}

fn differing(left: &Facts, right: &Facts) -> Vec<Difference> {
    let mut names: Vec<_> = left.keys().chain(right.keys().filter(|name| !left.contains_key(*name))).collect();
    names.sort_unstable();
    let differing = names.into_iter().filter(|name| left.get(*name) != right.get(*name));
    let difference = |name: &(Part, String)| Difference {
        part: name.0,
        name: name.1.clone(),
        left: left.get(name).cloned(),
        right: right.get(name).cloned(),
    };
    differing.map(difference).collect()
}

fn text(comparison: &Comparison<'_>) -> String {
    let Comparison { left, right, same, differences, unrecorded } = comparison;
    let mut lines = vec![format!("{} -> {}: {} alike", plain(left), plain(right), count(*same, "fact"))];
    let mut part = None;
    for difference in differences {
        if part != Some(difference.part) {
            part = Some(difference.part);
            lines.push(difference.part.title().to_owned());
        }
        let side = |value: &Option<String>| value.as_deref().map_or_else(|| "-".to_owned(), shortened);
        let (before, after) = (side(&difference.left), side(&difference.right));
        let by = change(difference).map(|change| format!("  ({change:+})")).unwrap_or_default();
        lines.push(format!("  {}: {before} -> {after}{by}", shortened(&difference.name)));
    }
    lines.extend(unrecorded.iter().map(|name| {
        format!("nothing was recorded of {}; `trackside run` records code, data and environment", plain(name))
    }));
    lines.push(String::new());
    lines.join("\n")
}

/// By how much a metric has changed.
fn change(difference: &Difference) -> Option<f64> {
    let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<f64>().ok());
    let by = number(&difference.right)? - number(&difference.left)?;
    (difference.part == Part::Metrics && by.is_finite()).then_some(by)
}
