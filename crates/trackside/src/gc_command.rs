//! `trackside gc`: removes for good what was deleted, beside a running server or without one.

use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value as Json, json};
use trackside_adapter_sqlite::SqliteStore;
use trackside_core::{
    ExperimentId, LoggedModelId, RunId, SystemClock,
    store::{BinEntry, BinItem},
};
use trackside_service::{Gc, GcRequest, Removed};

use crate::{
    age, backend,
    cli::ServeArgs,
    config::{Config, Sources},
    roots,
};

// Every flag of `serve` is taken, so that the same command line finds the same database and artifacts.
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// Only what was deleted so long ago: 30d, 8h, 2d8h5m20s.
    #[arg(long, value_name = "AGE", value_parser = age::parse)]
    older_than: Option<Duration>,

    /// These runs, comma-separated.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    run_ids: Vec<String>,

    /// These experiments, comma-separated, with all their runs and logged models.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    experiment_ids: Vec<String>,

    /// These logged models, comma-separated.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    logged_model_ids: Vec<String>,

    /// Only say what would be removed.
    #[arg(long)]
    dry_run: bool,

    /// Answer in JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    serve: ServeArgs,
}

/// Removes what the flags name, or everything that is in the bin.
pub(crate) fn run(args: &GcArgs, sources: &Sources) -> anyhow::Result<()> {
    let config = sources.resolve()?;
    let request = request(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = open(&config)?;
        let (artifacts, _) = roots::open(&config.serve)?;
        let gc = Gc { store: Arc::new(store.clone()), artifacts, clock: Arc::new(SystemClock) };
        let outcome = remove(&gc, &request, args).await;
        store.close().await;
        outcome
    })
}

fn request(args: &GcArgs) -> anyhow::Result<GcRequest> {
    let experiment = |id: &String| {
        let number = id.parse().ok().filter(|number| *number >= 0);
        number.map(ExperimentId::new).with_context(|| format!("Invalid experiment ID '{id}'."))
    };
    Ok(GcRequest {
        older_than: args.older_than,
        runs: args.run_ids.iter().map(|id| RunId::parse(id)).collect::<Result<_, _>>()?,
        experiments: args.experiment_ids.iter().map(experiment).collect::<Result<_, _>>()?,
        logged_models: args.logged_model_ids.iter().map(|id| LoggedModelId::parse(id)).collect::<Result<_, _>>()?,
    })
}

/// The database must be there: an empty one holds nothing to remove.
fn open(config: &Config) -> anyhow::Result<SqliteStore> {
    let path = backend::database(config.serve.backend_store_uri.as_deref(), &config.serve.data_dir)?;
    ensure!(path.is_file(), "there is no database at {}", path.display());
    SqliteStore::open(&path, config.storage.clone()).with_context(|| format!("cannot use {}", path.display()))
}

async fn remove(gc: &Gc, request: &GcRequest, args: &GcArgs) -> anyhow::Result<()> {
    let planned = gc.plan(request).await?;
    let bar = bar(planned.len(), args);
    let mut removed = Vec::new();
    for entry in &planned {
        let outcome = if args.dry_run {
            None
        } else {
            Some(
                gc.remove(entry)
                    .await
                    .with_context(|| format!("{} was not removed whole; run this again", entry.item))?,
            )
        };
        bar.inc(1);
        if args.json {
            removed.push(record(entry, outcome.as_ref()));
        } else {
            bar.suspend(|| say(&line(entry, outcome.as_ref())))?;
        }
    }
    bar.finish_and_clear();
    if args.json {
        say(&format!("{:#}\n", json!({"dry_run": args.dry_run, "items": removed})))
    } else if planned.is_empty() {
        say("nothing to remove\n")
    } else {
        Ok(())
    }
}

fn bar(count: usize, args: &GcArgs) -> ProgressBar {
    if args.json || args.dry_run {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("[{wide_bar}] {pos}/{len}, {eta} left").expect("the template is well-formed");
    ProgressBar::new(count as u64).with_style(style)
}

/// MLflow's words as far as they go.
fn line(entry: &BinEntry, outcome: Option<&Removed>) -> String {
    let what = match &entry.item {
        BinItem::Run(id) => format!("Run with ID {id}"),
        BinItem::LoggedModel(id) => format!("Logged model with ID {id}"),
        BinItem::Experiment(id) => format!("Experiment with ID {id}"),
    };
    match outcome {
        None => format!("{what} would be permanently deleted.\n"),
        Some(Removed::Whole) => format!("{what} has been permanently deleted.\n"),
        Some(Removed::ArtifactsLeft) => {
            let uri = &entry.artifact_uri;
            format!("{what} has been permanently deleted. Its artifacts are out of reach and were left: {uri}\n")
        }
        Some(Removed::NoMore) => format!("{what} was left: it is in use again, not empty, or gone.\n"),
    }
}

fn record(entry: &BinEntry, outcome: Option<&Removed>) -> Json {
    let (kind, id) = match &entry.item {
        BinItem::Run(id) => ("run", id.to_string()),
        BinItem::LoggedModel(id) => ("logged_model", id.to_string()),
        BinItem::Experiment(id) => ("experiment", id.to_string()),
    };
    let outcome = match outcome {
        None => "planned",
        Some(Removed::Whole) => "removed",
        Some(Removed::ArtifactsLeft) => "removed_without_artifacts",
        Some(Removed::NoMore) => "left",
    };
    json!({
        "kind": kind, "id": id, "deleted_at_ms": entry.deleted_at.millis(), "artifact_uri": entry.artifact_uri,
        "outcome": outcome,
    })
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}
