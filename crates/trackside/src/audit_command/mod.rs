//! `trackside audit`: whether runs can be repeated, and why not.

mod args;
mod observation;
mod recorded;
mod subject;

use std::{fs, process::ExitCode, sync::Arc};

use anyhow::{Context, ensure};
use trackside_core::{Clock, SystemClock};
use trackside_evidence::{Code, Dimension, Environment, Gap, Instant, Observed, Record, Report};
use trackside_tracking::{Run, Server};

pub(crate) use self::{
    args::AuditArgs,
    observation::observe,
    subject::{Subject, is_run_id},
};
use crate::{
    output::{Output, count},
    recording::{pairs, record},
};

/// Judges the runs that are named.
pub(crate) fn run(args: &AuditArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = Server::at(&args.server.url(), Arc::new(SystemClock)).context("--url")?;
        let Subject { runs, version } = Subject::find(&server, &args.subject).await?;
        ensure!(
            args.html.is_none() || runs.len() == 1,
            "--html writes the report of one run; {} has {}",
            args.subject,
            runs.len()
        );
        let mut reports = Vec::new();
        for run in &runs {
            reports.push(report(&server, run, args.repository.as_deref()).await?);
        }
        if let (Some(path), [report]) = (&args.html, reports.as_slice()) {
            fs::write(path, report.to_html()).with_context(|| format!("cannot write {}", path.display()))?;
        }
        if args.record {
            recorded::record(args, version.as_ref(), &reports).await?;
        }
        let required = args.required();
        let failing = reports.iter().filter(|report| !report.failing(&required).is_empty()).count();
        let output = Output { json: args.server.json };
        match reports.as_slice() {
            [report] => output.say(report, || report.to_text())?,
            _ => output.say(&reports, || summary(&reports))?,
        }
        Ok(if failing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// What is found of a run.
pub(crate) async fn report(server: &Server, run: &Run, repository: Option<&std::path::Path>) -> anyhow::Result<Report> {
    let (record, now) = match record(server, &run.info).await? {
        Some((record, _)) => {
            let now = observe(server, run, &record, repository).await?;
            (record, now)
        }
        None => (unrecorded(run), Observed::default()),
    };
    Ok(Report::of(&record, &now, Instant(SystemClock.now())))
}

/// A run that nobody watched: what its client has said of itself is no evidence.
fn unrecorded(run: &Run) -> Record {
    let mut record = Record::new("none", Instant(SystemClock.now()), Code::default(), Environment::default());
    record.run_id = Some(run.info.run_id.clone());
    let why = match pairs(&run.data.tags).get("mlflow.source.git.commit") {
        Some(commit) => format!(
            "its client names commit {commit}, and nothing says whether there was uncommitted state; it was not started \
             with `trackside run`"
        ),
        None => "it was not started with `trackside run`".to_owned(),
    };
    record.gaps.push(Gap::new(Dimension::Code, "code", &why));
    record.gaps.push(Gap::new(Dimension::Environment, "environment", "it was not started with `trackside run`"));
    record
}

/// A line for each run.
fn summary(reports: &[Report]) -> String {
    let line = |report: &Report| {
        let run = report.run_id.as_deref().unwrap_or_default();
        format!("{run}  {:<11} {}\n", report.overall.verdict.name(), report.overall.reason)
    };
    let lines: String = reports.iter().map(line).collect();
    let passing = reports.iter().filter(|report| report.overall.verdict.passes()).count();
    format!("{lines}{passing} of {} can be repeated\n", count(reports.len() as u64, "run"))
}
