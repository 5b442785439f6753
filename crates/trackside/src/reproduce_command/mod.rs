//! `trackside reproduce`: runs the command of a run again, from exactly what it was, and compares what comes of it.
//!
//! In order: find the code and check it out beside the working tree, find the data, compare or make the environment, tell
//! the plan; then put the data there, run, compare. The first half is done in a dry run as well, so that what is told is
//! what would happen.

mod args;
mod code;
mod comparison;
mod materials;
mod pairs;
mod plan;
mod redirect;
mod surroundings;
mod workplace;

use std::{ffi::OsString, path::Path, process::ExitCode, sync::Arc};

use anyhow::{Context, ensure};
use serde::Serialize;
use trackside_core::SystemClock;
use trackside_evidence::{HIDDEN, Likeness, Record, Reproduction};
use trackside_tracking::{Run, Server};

pub(crate) use self::args::ReproduceArgs;
use self::{
    args::Surroundings,
    plan::{Compared, Plan},
    workplace::Workplace,
};
use crate::{
    audit_command::Subject,
    output::Output,
    recording::{PROVENANCE_KEY, manifests, pairs as tags_of, record},
    run_command::{Around, Repeat, repeat},
};

/// What is answered as JSON.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    plan: &'a Plan,
    /// Over the run and those below it; `None` when nothing was run.
    verdict: Option<Likeness>,
    reproductions: &'a [Reproduction],
}

/// Tells the plan, or does it.
pub(crate) fn run(args: &ReproduceArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(async {
        let server = Server::at(&args.server.url(), Arc::new(SystemClock)).context("--url")?;
        let mut runs = Subject::find(&server, &args.subject).await?.runs;
        ensure!(runs.len() == 1, "{} is an experiment of {} runs; name one of them", args.subject, runs.len());
        let run = runs.remove(0);
        let mut plan = Plan { run: run.info.run_id.clone(), ..Plan::default() };
        plan.experiment = server.experiment_name(&run.info.experiment_id).await?;
        let Some((record, _)) = record(&server, &run.info).await? else {
            plan.refuse("it was not started with `trackside run`, so nothing is on record of how it came to be");
            return answer(args, &plan, &[]);
        };
        let runs = comparison::recorded(&server, run).await?;
        plan.compared = compared(args, &runs, &record);
        trust(args, &record, &runs[0], &mut plan);
        let workplace = Workplace::prepare(args, &record, &mut plan)?;
        let result = Box::pin(reproduce(args, &server, &record, &runs, plan, workplace.as_ref())).await;
        if let Some(workplace) = workplace {
            workplace.close(args.keep && args.run);
        }
        result
    })
}

async fn reproduce(
    args: &ReproduceArgs,
    server: &Server,
    record: &Record,
    runs: &[Run],
    mut plan: Plan,
    workplace: Option<&Workplace>,
) -> anyhow::Result<ExitCode> {
    let manifests = manifests(server, &runs[0].info, record).await;
    let Some(workplace) = workplace else { return answer(args, &plan, &[]) };
    let needs = materials::find(record, &manifests, &workplace.projects)?;
    plan.data = needs.iter().map(|need| need.plan(args.link, record)).collect();
    plan.refused.extend(needs.iter().filter_map(materials::Need::refusal));
    outside(record, &mut plan);
    let redirect = workplace.redirect();
    let mut variables = surroundings::variables(record, &redirect);
    let mut command = match args.command.as_slice() {
        [] => redirect.command(record.execution.as_ref().map_or(&[], |execution| &execution.command)),
        given => given.to_vec(),
    };
    let mut recipe = None;
    match args.environment {
        Surroundings::Make => {
            match surroundings::Recipe::of(record, &redirect) {
                Ok(made) => {
                    plan.environment.action = made.plan();
                    let unpinned = made.left_out.iter().map(|name| {
                    format!("{name} was installed from sources outside of the project, which nothing pins: it is left out")
                });
                    plan.warnings.extend(unpinned);
                    recipe = Some(made);
                }
                Err(why) => plan.refuse(format!("the recorded environment cannot be made: {why}")),
            }
        }
        Surroundings::Current => surrounded(args, record, workplace, &command, &variables, &mut plan),
    }
    plan.command = command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    if !args.run || !plan.refused.is_empty() {
        return answer(args, &plan, &[]);
    }
    tell(args, &plan);
    materials::put(&needs, record, &workplace.projects, args.link)?;
    if let Some(recipe) = recipe {
        let venv = workplace.venv();
        recipe.make(&venv)?;
        variables.extend(surroundings::activated(&venv)?);
        if let Some(python) = record.environment.python.as_ref().filter(|_| args.command.is_empty()) {
            command = surroundings::within(&venv, command, python);
        }
        plan.command = command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        surrounded(args, record, workplace, &command, &variables, &mut plan);
        if !plan.refused.is_empty() {
            return answer(args, &plan, &[]);
        }
        tell(args, &plan);
    }
    variables.insert("MLFLOW_EXPERIMENT_ID".into(), runs[0].info.experiment_id.clone().into());
    let project = &workplace.projects.new;
    let session = repeat(Repeat {
        url: args.server.url(),
        command,
        data: record.data.iter().map(|data| project.join(&data.path)).collect(),
        no_data: record.reads_no_data,
        output: record.outputs.iter().map(|output| project.join(&output.path)).collect(),
        experiment: plan.experiment.clone(),
        env: record.environment.variables.keys().cloned().collect(),
        around: Around { variables, aside: args.server.json },
    });
    let session = Box::pin(workplace.inside(session)).await?;
    let reports = comparison::compare(server, runs, &session, &args.tolerances()).await?;
    answer(args, &plan, &reports)
}

/// Whether the record can be believed and tells enough.
fn trust(args: &ReproduceArgs, record: &Record, run: &Run, plan: &mut Plan) {
    let tags = tags_of(&run.data.tags);
    if record.contradiction(tags.get(PROVENANCE_KEY).map(String::as_str)).is_some() {
        plan.refuse("its record was changed since: it does not fit its key, so nothing of it can be believed");
    }
    let hidden = |words: &[String]| words.iter().any(|word| word.contains(HIDDEN));
    match &record.execution {
        _ if !args.command.is_empty() => {
            let given: Vec<_> = args.command.iter().map(|word| word.to_string_lossy()).collect();
            let hidden = trackside_evidence::hide_in_command(&given);
            if record.execution.as_ref().is_none_or(|execution| execution.command != hidden) {
                plan.warnings.push("the command that is given is not the recorded one".to_owned());
            }
        }
        None => plan.refuse("its command is not on record; give it behind `--`"),
        Some(execution) if hidden(&execution.command) => plan.refuse(format!(
            "its command held what looks like a secret, which was not recorded; give it whole: -- {}",
            execution.command.join(" ")
        )),
        Some(_) => {}
    }
    if record.data.is_empty() && !record.reads_no_data {
        let why = "no data is on record: whatever the command reads is not put there, nor checked";
        plan.warnings.push(why.to_owned());
    }
    let ended = record.execution.as_ref().and_then(|execution| execution.exit_code);
    match ended {
        None => plan.warnings.push("nobody saw the run end, so its metrics may not be whole".to_owned()),
        Some(0) => {}
        Some(code) => plan.warnings.push(format!("the run did not succeed: exit code {code}")),
    }
}

/// What the command is known to write where the checkout is not.
fn outside(record: &Record, plan: &mut Plan) {
    for output in record.outputs.iter().filter(|output| Path::new(&output.path).is_absolute()) {
        plan.warnings.push(format!("{} lies outside of the project: the command writes over it", output.path));
    }
}

/// Notes what differs between the recorded environment and the one that the command would run in.
fn surrounded(
    args: &ReproduceArgs,
    record: &Record,
    workplace: &Workplace,
    command: &[OsString],
    variables: &std::collections::BTreeMap<OsString, OsString>,
    plan: &mut Plan,
) {
    let (differences, matters) = surroundings::differences(record, &workplace.directory, command, variables);
    if args.environment == Surroundings::Current {
        let action = match (differences.is_empty(), matters) {
            (true, _) => "the one that is here, which is the recorded one",
            (false, true) => "the one that is here, which is not the recorded one:",
            (false, false) => "the one that is here; it differs in what should not matter:",
        };
        action.clone_into(&mut plan.environment.action);
    }
    if matters && args.strict_environment {
        plan.refuse("the environment is not the recorded one (--strict-environment)");
    } else if matters {
        plan.warnings.push("results may differ, because the environment does".to_owned());
    }
    plan.environment.differences = differences;
}

fn compared(args: &ReproduceArgs, runs: &[Run], record: &Record) -> Compared {
    let tolerance = match args.tolerance {
        Some(tolerance) => format!("{tolerance:e} of each value is tolerated"),
        None => "tolerated: the spread of earlier repeats where there are two, else 1e-3 of each value".to_owned(),
    };
    Compared {
        runs: runs.len(),
        metrics: runs.iter().map(|run| run.data.metrics.len()).sum(),
        files: record.outputs.len() + record.artifacts.len(),
        tolerance,
    }
}

/// The plan, before it is done. With `--json` it is part of the answer.
fn tell(args: &ReproduceArgs, plan: &Plan) {
    #[expect(clippy::print_stderr, reason = "standard output is the command's")]
    if !args.server.json {
        eprintln!("{}", plan.to_text());
    }
}

/// Exit code 0 when it can be done, or came out as it did.
fn answer(args: &ReproduceArgs, plan: &Plan, reproductions: &[Reproduction]) -> anyhow::Result<ExitCode> {
    let verdict = reproductions.iter().map(|report| report.verdict).max();
    let text = || match reproductions {
        [] if plan.refused.is_empty() => format!("{}\nNothing was run; --run does it.\n", plan.to_text()),
        [] => plan.to_text(),
        [one] => format!("\n{}", one.to_text()),
        all => {
            let texts: Vec<String> = all.iter().map(Reproduction::to_text).collect();
            let overall = verdict.map_or("", Likeness::name);
            format!("\n{}\n{overall}, over {} runs\n", texts.join("\n"), all.len())
        }
    };
    Output { json: args.server.json }.say(&Answer { plan, verdict, reproductions }, text)?;
    let fine = plan.refused.is_empty() && verdict != Some(Likeness::Different);
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
