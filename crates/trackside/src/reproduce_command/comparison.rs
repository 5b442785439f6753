//! Compares a run with its repeat: reads both from the server, judges, and stores what came of it at the new one.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use trackside_core::{Clock, SystemClock};
use trackside_evidence::{FileRole, FileSeen, Instant, Reproduction, Sample, Side, StoredFile, Tolerances};
use trackside_tracking::{Metric, Run, Server, Upload};

use super::pairs::{family, matched};
use crate::{
    recording::{INVOCATION, PROVENANCE_KEY, REPRODUCES, REPRODUCTION, pairs, record},
    run_command::Session,
};

/// The tag that says how a repeat came out.
/// The report, among the artifacts of the repeat.
const REPORT: &str = "trackside/reproduction.json";
/// Histories that are read at a time.
const AT_A_TIME: usize = 4;
/// Earlier repeats from which a spread is told; more tell little more.
const MAX_EARLIER: usize = 50;

type Metrics = BTreeMap<String, Vec<Sample>>;

/// The run with those below it that the same command made.
pub(super) async fn recorded(server: &Server, run: Run) -> anyhow::Result<Vec<Run>> {
    let id = run.info.run_id.clone();
    let Some(invocation) = pairs(&run.data.tags).get(INVOCATION).cloned() else { return Ok(vec![run]) };
    let all = server.runs(&[], &format!("tags.`{INVOCATION}` = '{invocation}'")).await?;
    let ids: Vec<String> = family(&all, &id).iter().map(|run| run.info.run_id.clone()).collect();
    let mut found: Vec<Run> = all.into_iter().filter(|run| ids.contains(&run.info.run_id)).collect();
    found.sort_by_key(|run| ids.iter().position(|id| *id == run.info.run_id));
    Ok(if found.is_empty() { vec![run] } else { found })
}

/// Compares each old run with the new one that stands for it, the one that was asked for first. What has no counterpart
/// is compared with nothing.
pub(super) async fn compare(
    server: &Server,
    old: &[Run],
    session: &Session,
    tolerances: &Tolerances,
) -> anyhow::Result<Vec<Reproduction>> {
    let mut new = Vec::new();
    for id in &session.runs {
        new.push(server.run(id).await?);
    }
    let all: Vec<&Run> = old.iter().collect();
    let mut reports = Vec::new();
    for (old, new) in old.iter().zip(matched(&all, &new)) {
        let then = side(server, old).await?;
        let now = match new {
            Some(new) => side(server, new).await?,
            None => Side { run_id: "nothing".to_owned(), exit_code: Some(session.exit_code), ..Side::default() },
        };
        let without: BTreeSet<&str> = session.runs.iter().map(String::as_str).collect();
        let earlier = earlier(server, old, &without).await?;
        let report = Reproduction::of(&then, &now, &earlier, tolerances, Instant(SystemClock.now()));
        if let Some(new) = new {
            let tags = [(REPRODUCES, old.info.run_id.as_str()), (REPRODUCTION, report.verdict.name())];
            let tags: Vec<(String, String)> = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
            server.tag(&new.info.run_id, &tags).await?;
            server.upload(&new.info, REPORT, Upload::Bytes(report.to_json())).await?;
        }
        reports.push(report);
    }
    Ok(reports)
}

/// What is known of how a run came out.
async fn side(server: &Server, run: &Run) -> anyhow::Result<Side> {
    let mut side = Side { run_id: run.info.run_id.clone(), metrics: metrics(server, run).await?, ..Side::default() };
    let Some((record, _)) = record(server, &run.info).await? else { return Ok(side) };
    side.exit_code = record.execution.and_then(|execution| execution.exit_code);
    let output = |data: trackside_evidence::Data| {
        Some(FileSeen { role: FileRole::Output, path: data.path, sha256: data.digest?.sha256 })
    };
    let artifact = |file: StoredFile| FileSeen { role: FileRole::Artifact, path: file.path, sha256: file.sha256 };
    side.files = record.outputs.into_iter().filter_map(output).collect();
    side.files.extend(record.artifacts.into_iter().map(artifact));
    Ok(side)
}

async fn metrics(server: &Server, run: &Run) -> anyhow::Result<Metrics> {
    let names: BTreeSet<String> =
        run.data.metrics.iter().filter_map(|metric| metric.key.as_ref()).map(ToString::to_string).collect();
    let histories = stream::iter(names).map(|name| async move {
        let points = server.history(&run.info.run_id, &name).await?;
        anyhow::Ok((name, points.iter().filter_map(sample).collect()))
    });
    histories.buffered(AT_A_TIME).try_collect().await
}

fn sample(metric: &Metric) -> Option<Sample> {
    let time = metric.timestamp.map_or(0, |time| time.0);
    Some(Sample { step: metric.step.map_or(0, |step| step.0), time, value: metric.value?.0 })
}

/// Metrics of other runs with the same inputs that succeeded: earlier repeats, what this one repeats itself, and runs with
/// the same provenance key.
async fn earlier(server: &Server, run: &Run, without: &BTreeSet<&str>) -> anyhow::Result<Vec<Metrics>> {
    let tags = pairs(&run.data.tags);
    let own = run.info.run_id.as_str();
    let origin = tags.get(REPRODUCES).map_or(own, String::as_str);
    let mut found: BTreeMap<String, Run> = BTreeMap::new();
    for id in BTreeSet::from([origin, own]) {
        for repeat in server.runs(&[], &format!("tags.`{REPRODUCES}` = '{id}'")).await? {
            found.insert(repeat.info.run_id.clone(), repeat);
        }
    }
    if origin != own
        && let Ok(origin) = server.run(origin).await
    {
        found.insert(origin.info.run_id.clone(), origin);
    }
    if let Some(key) = tags.get(PROVENANCE_KEY) {
        let keyed = server.runs(&[], &format!("tags.`{PROVENANCE_KEY}` = '{key}'")).await?;
        for repeat in alone(keyed, tags.get(INVOCATION)) {
            found.insert(repeat.info.run_id.clone(), repeat);
        }
    }
    found.remove(own);
    let mut earlier = Vec::new();
    let usable = found.into_values().filter(|run| run.info.status == "FINISHED");
    for run in usable.filter(|run| !without.contains(run.info.run_id.as_str())).take(MAX_EARLIER) {
        earlier.push(metrics(server, &run).await?);
    }
    Ok(earlier)
}

/// Runs that are the only one of their command with this key. A command may make several runs with the same inputs that do
/// different things, such as folds; nothing says which of them is which. None at all when that is so of the run itself.
fn alone(keyed: Vec<Run>, own: Option<&String>) -> Vec<Run> {
    let invocation = |run: &Run| pairs(&run.data.tags).get(INVOCATION).cloned();
    let mut counts: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for run in &keyed {
        *counts.entry(invocation(run)).or_default() += 1;
    }
    if own.is_none_or(|own| counts.get(&Some(own.clone())).is_some_and(|count| *count > 1)) {
        return Vec::new();
    }
    keyed.into_iter().filter(|run| invocation(run).is_some() && counts[&invocation(run)] == 1).collect()
}
