//! `trackside import`: runs that other tools have written to files, into a running server.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use trackside_adapter_wandb::{Replayed, Replayer};
use trackside_core::SystemClock;
use trackside_http_client::Secret;

use crate::{
    output::{Output, count},
    remote::ServerArgs,
};

/// What W&B's door takes for a key where none is set up; real ones have as many characters.
pub(crate) const NO_KEY: &str = "0000000000000000000000000000000000000000";
/// Directories deep, below the one that is named.
const MAX_DEPTH: usize = 4;

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    #[command(subcommand)]
    source: Source,
}

#[derive(Debug, Subcommand)]
enum Source {
    /// Runs of W&B's client: .wandb files, run directories, or a directory with such in it.
    ///
    /// Runs that are still being written are sent as far as they go. A run that is imported again becomes what its file says.
    Wandb(WandbArgs),
}

#[derive(Debug, Args)]
struct WandbArgs {
    /// A .wandb file, or a directory in which such files are looked for.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    server: ServerArgs,

    /// The project, whatever the runs say.
    #[arg(long)]
    project: Option<String>,

    /// The entity, whatever the runs say.
    #[arg(long)]
    entity: Option<String>,

    /// The API key, where the server wants one.
    #[arg(long, env = "WANDB_API_KEY", value_name = "KEY", hide_env_values = true)]
    api_key: Option<String>,
}

/// Imports what is named. Exit code 1 when some of it could not be.
pub(crate) fn run(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let Source::Wandb(args) = &args.source;
    let files = files(&args.paths)?;
    let key = Secret::new(args.api_key.clone().unwrap_or_else(|| NO_KEY.to_owned()));
    let url = format!("{}/wb", args.server.url().trim_end_matches('/'));
    let replayer = Replayer::new(&url, key, args.entity.clone(), args.project.clone(), Arc::new(SystemClock))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bytes: u64 = files.iter().filter_map(|file| fs::metadata(file).ok()).map(|metadata| metadata.len()).sum();
    let style = ProgressStyle::with_template("importing [{wide_bar}] {bytes}/{total_bytes}, {eta} left {msg}")?;
    let bar = if args.server.json { ProgressBar::hidden() } else { ProgressBar::new(bytes).with_style(style) };
    let (mut answers, mut told, mut failed) = (Vec::new(), String::new(), false);
    for file in &files {
        bar.set_message(file.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let outcome = runtime.block_on(replayer.replay(file, |read| bar.inc(read)));
        answers.push(match outcome {
            Ok(replayed) => {
                told += &line(&replayed);
                answer(file, &replayed)
            }
            Err(error) => {
                failed = true;
                bar.suspend(|| warn(&error));
                json!({"file": file, "error": error.message()})
            }
        });
    }
    bar.finish_and_clear();
    Output { json: args.server.json }.say(&answers, || told + &format!("{}\n", count(files.len() as u64, "file")))?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn answer(file: &Path, replayed: &Replayed) -> Value {
    json!({
        "file": file, "entity": replayed.entity, "project": replayed.project, "run": replayed.run,
        "rows": replayed.rows, "files": replayed.files, "missing_files": replayed.missing,
        "artifacts_left_out": replayed.artifacts, "exit_code": replayed.exit_code,
    })
}

fn line(replayed: &Replayed) -> String {
    let state = match replayed.exit_code {
        Some(code) => format!("ended with exit code {code}"),
        None => "has not ended".to_owned(),
    };
    let mut line = vec![format!(
        "{}/{}/{}  {}, {}, {state}\n",
        replayed.entity,
        replayed.project,
        replayed.run,
        count(replayed.rows, "row"),
        count(replayed.files, "file")
    )];
    line.extend(replayed.missing.iter().map(|missing| format!("    not there: {missing}\n")));
    if replayed.artifacts > 0 {
        let left_out = count(replayed.artifacts, "artifact");
        line.push(format!("    left out: {left_out}; `wandb sync` sends them\n"));
    }
    line.concat()
}

/// The files that are named, and those in directories that are, each once.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        find(path, MAX_DEPTH, &mut files).with_context(|| path.display().to_string())?;
        if files.len() == before {
            bail!("{}: there is no .wandb file in it", path.display());
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn find(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.metadata()?.is_dir() {
        files.push(path.canonicalize()?);
        return Ok(());
    }
    for entry in path.read_dir()? {
        let entry = entry?.path();
        // W&B's client keeps a link to its latest run beside the runs.
        if entry.is_symlink() {
            continue;
        }
        if entry.is_dir() && depth > 0 {
            find(&entry, depth - 1, files)?;
        } else if entry.extension().is_some_and(|end| end == "wandb") {
            files.push(entry.canonicalize()?);
        }
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "standard output is the answer's")]
fn warn(error: &trackside_core::Error) {
    eprintln!("trackside: {}", error.message());
}
