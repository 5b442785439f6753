//! `trackside gc`: removes for good what was deleted, beside a running server or without one.

mod report;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use trackside_adapter_sqlite::SqliteStore;
use trackside_artifacts::Artifacts;
use trackside_core::{ExperimentId, Key, LoggedModelId, RunId, SystemClock};
use trackside_service::{Gc, GcRequest};

use self::report::Report;
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
        let outcome = remove(&gc(&store, artifacts)?, &request, args).await;
        store.close().await;
        outcome
    })
}

/// What removes things of this store.
pub(crate) fn gc(store: &SqliteStore, artifacts: Artifacts) -> anyhow::Result<Gc> {
    Ok(Gc {
        store: Arc::new(store.clone()),
        log: Some(Arc::new(store.clone())),
        artifacts,
        link_tag: Some(Key::new(trackside_compat_wandb::ARTIFACT_TAG)?),
        clock: Arc::new(SystemClock),
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

/// Of what nobody needs, but only when nothing is named: bundles whose time is over, and contents.
async fn remove(gc: &Gc, request: &GcRequest, args: &GcArgs) -> anyhow::Result<()> {
    let planned = gc.plan(request).await?;
    let bar = bar(planned.len(), args);
    let mut report = Report::new(args.dry_run, args.json);
    for entry in &planned {
        let mut outcome = None;
        if !args.dry_run {
            outcome = Some(gc.remove(entry).await.with_context(|| unfinished(&entry.item))?);
        }
        bar.inc(1);
        bar.suspend(|| report.entry(entry, outcome.as_ref()))?;
    }
    bar.finish_and_clear();
    if request.names_nothing() {
        for expired in gc.expired_bundles(request).await? {
            let mut outcome = None;
            if !args.dry_run {
                outcome = Some(gc.remove_bundle(&expired, request).await.with_context(|| unfinished(&expired))?);
            }
            report.bundle(&expired, outcome.as_ref())?;
        }
        for first in 0..=u8::MAX {
            let mut contents = gc.unneeded_contents(first, request).await?;
            if !args.dry_run {
                contents = gc.remove_contents(&contents).await?;
            }
            for content in &contents {
                report.content(content)?;
            }
        }
    }
    report.end()
}

fn unfinished(what: &dyn std::fmt::Display) -> String {
    format!("{what} was not removed whole; run this again")
}

fn bar(count: usize, args: &GcArgs) -> ProgressBar {
    if args.json || args.dry_run {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("[{wide_bar}] {pos}/{len}, {eta} left").expect("the template is well-formed");
    ProgressBar::new(count as u64).with_style(style)
}
