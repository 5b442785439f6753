//! `trackside run`: runs a command and records how its runs came to be.
//!
//! In order: find or open a server, look at code, data and environment, start the command, tell each run it makes of its
//! inputs, wait, tell them how it went. Whatever goes wrong with recording, the command runs and its exit code is ours.

mod args;
mod attachment;
mod capture;
mod command;
mod ending;
mod kept;
mod kept_output;
mod repeat;
mod reuse;
mod send;
mod sidecar;
mod signals;

use std::{collections::BTreeMap, ffi::OsString, process::ExitCode, time::Duration};

use anyhow::Context;
use tokio::task::spawn_blocking;
use trackside_core::{IdSource, RandomIds};
use trackside_server::Shutdown;

pub(crate) use self::{
    args::RunArgs,
    repeat::{Around, Repeat, repeat},
    send::{SendArgs, send},
};
use self::{
    attachment::Attachment, capture::Captured, command::Running, ending::Ending, kept::Kept, reuse::Earlier,
    sidecar::Sidecar, signals::Receiver,
};
use crate::{import_command::NO_KEY, recording::INVOCATION};

/// How soon a new run is noticed at first, and how late at most.
const SOON: Duration = Duration::from_millis(250);
const LATE: Duration = Duration::from_secs(10);
/// How long a server of our own may take to finish: its sinks get what they can meanwhile, the rest when one runs again.
const GRACE: Duration = Duration::from_secs(30);

/// Runs the command.
pub(crate) fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(async {
        let mut sidecar = Sidecar::find(args.url.as_deref(), args.data_dir.as_deref()).await?;
        let Some(serving) = sidecar.own.take() else { return Ok(session(args, &sidecar).await?.code()) };
        let shutdown = Shutdown::default();
        let serving = serving.until(&shutdown, GRACE, std::future::pending());
        let session = async {
            let code = session(args, &sidecar).await;
            shutdown.soft.cancel();
            code
        };
        Ok(tokio::join!(session, serving).0?.code())
    })
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Session {
    /// The exit code of the command.
    pub(crate) exit_code: i32,
    /// The ids of its runs.
    pub(crate) runs: Vec<String>,
}

impl Session {
    fn code(&self) -> ExitCode {
        ExitCode::from(u8::try_from(self.exit_code).unwrap_or(1))
    }
}

async fn session(args: RunArgs, sidecar: &Sidecar) -> anyhow::Result<Session> {
    let receiver = Receiver::listen()?;
    let invocation = format!("{:032x}", RandomIds.fresh()?);
    let (captured, args) = spawn_blocking(move || (Captured::of(&args), args)).await?;
    let mut captured = captured?;
    for gap in &captured.record.gaps {
        warn(&format!("{} ({}): {}", gap.what, gap.dimension, gap.why));
    }
    if args.reuse {
        let earlier = reuse::restore(&sidecar.server, &captured, &args).await;
        match earlier.unwrap_or_else(|error| Earlier::None(format!("{error:#}"))) {
            Earlier::Restored(run) => {
                say(&format!("reused run {run}: its inputs are the same, its outputs are in place"));
                return Ok(Session { exit_code: 0, runs: vec![run] });
            }
            Earlier::None(why) if args.explain => say(&format!("not reused: {why}")),
            Earlier::None(_) => {}
        }
    }
    let variables = variables(&args, sidecar, &invocation);
    let running = Running::start(&args.command, &variables, !args.no_capture_output, args.around.aside, receiver)?;
    let mut attachment = Attachment::new(sidecar.server.clone(), invocation);
    let outcome = tokio::select! {
        outcome = spawn_blocking(|| running.wait()) => outcome??,
        () = watch(&mut attachment, &captured) => unreachable!("it watches until it is dropped"),
    };
    let ending = Ending::of(&outcome);
    if outcome.status.success() {
        let outputs = args.output.clone();
        captured = spawn_blocking(move || {
            captured.look_at_outputs(&outputs);
            captured
        })
        .await?;
    }
    let kept =
        Kept { experiment: args.experiment.clone(), name: args.name.clone(), reuse: args.reuse, captured, ending };
    if let Err(error) = kept.tell_patiently(&mut attachment).await {
        warn(&format!("what is known of this run could not be recorded: {error:#}"));
        match kept.keep(&attachment) {
            Ok(directory) => say(&format!("it is kept in {}; `trackside send` records it later", directory.display())),
            Err(error) => warn(&format!("nor could it be kept: {error:#}")),
        }
    }
    for run in attachment.runs() {
        say(&format!("recorded run {} at {}", run.run_id, sidecar.server.url()));
    }
    let runs = attachment.runs().map(|run| run.run_id.clone()).collect();
    Ok(Session { exit_code: kept.ending.code, runs })
}

/// Tells new runs of their inputs, until it is dropped.
async fn watch(attachment: &mut Attachment, captured: &Captured) {
    let mut pause = SOON;
    loop {
        tokio::time::sleep(pause).await;
        if let Err(error) = attachment.look(captured).await {
            tracing::debug!(%error, "runs cannot be told of their inputs now");
        }
        pause = (pause * 2).min(LATE);
    }
}

/// What clients need to find the server, and us.
fn variables(args: &RunArgs, sidecar: &Sidecar, invocation: &str) -> BTreeMap<OsString, OsString> {
    let mut variables = args.around.variables.clone();
    let mut set = |name: &str, value: &str| variables.insert(name.into(), value.into());
    set("MLFLOW_TRACKING_URI", &sidecar.address_of(invocation));
    if sidecar.is_trackside {
        set("WANDB_BASE_URL", &format!("{}/wb", sidecar.address_of(invocation)));
        if std::env::var_os("WANDB_API_KEY").is_none() {
            // The client wants one that looks right.
            set("WANDB_API_KEY", NO_KEY);
        }
    }
    set("TRACKSIDE_URL", sidecar.server.url());
    set("TRACKSIDE_INVOCATION", invocation);
    if let Some(experiment) = &args.experiment {
        set("MLFLOW_EXPERIMENT_NAME", experiment);
    }
    let context = context(args, sidecar, invocation);
    if !context.is_empty() {
        set("MLFLOW_RUN_CONTEXT", &serde_json::json!(context).to_string());
    }
    variables
}

/// Tags that MLflow's clients put on what they make by the fluent functions; a name given there goes over ours.
fn context(args: &RunArgs, sidecar: &Sidecar, invocation: &str) -> BTreeMap<String, String> {
    let given = std::env::var("MLFLOW_RUN_CONTEXT").ok();
    let given = given.and_then(|json| serde_json::from_str::<BTreeMap<String, String>>(&json).ok());
    let mut context = given.unwrap_or_default();
    if let Some(name) = &args.name {
        context.insert("mlflow.runName".to_owned(), name.clone());
    }
    if !sidecar.is_trackside {
        context.insert(INVOCATION.to_owned(), invocation.to_owned());
    }
    context
}

#[expect(clippy::print_stderr, reason = "standard output is the command's")]
fn say(message: &str) {
    eprintln!("trackside: {message}");
}

fn warn(message: &str) {
    say(&format!("warning: {message}"));
}
