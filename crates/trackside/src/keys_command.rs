//! `trackside keys`: API keys, on the database itself, beside a running server or without one.

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::json;
use trackside_adapter_sqlite::SqliteStore;
use trackside_core::{ApiKey, Clock, IdSource, Key, RandomIds, SystemClock, store::ApiKeys};
use trackside_service::digest;

use crate::{backend, cli::ServeArgs, columns::plain, config::Sources, output::Output};

// Every flag of `serve` is taken, so that the same command line finds the same database.
#[derive(Debug, Args)]
#[command(after_help = "\
Until the first key is made, W&B's door lets in whoever is on this machine, and nobody else. From then on each client needs
one: WANDB_API_KEY=<key>. MLflow's clients need none; with MLFLOW_TRACKING_TOKEN=<key> the history of the model registry
knows who they are.")]
pub(crate) struct KeysArgs {
    /// Make a key of this name, and print it: it cannot be told again.
    #[arg(long, value_name = "NAME", conflicts_with = "revoke")]
    create: Option<String>,

    /// Remove the key of this name; clients that have it are refused at once.
    #[arg(long, value_name = "NAME")]
    revoke: Option<String>,

    /// Answer in JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    serve: ServeArgs,
}

/// Lists the keys, or makes or removes one.
pub(crate) fn run(args: &KeysArgs, sources: &Sources) -> anyhow::Result<()> {
    let config = sources.resolve()?;
    let path = backend::database(config.serve.backend_store_uri.as_deref(), &config.serve.data_dir)?;
    ensure!(path.is_file(), "there is no database at {}; `trackside serve` makes it", path.display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = SqliteStore::open(&path, config.storage.clone())
            .with_context(|| format!("cannot use {}", path.display()))?;
        let outcome = answer(&store, args).await;
        store.close().await;
        outcome
    })
}

async fn answer(store: &SqliteStore, args: &KeysArgs) -> anyhow::Result<()> {
    let output = Output { json: args.json };
    if let Some(name) = &args.create {
        let key = made_up()?;
        let new = ApiKey { name: Key::new(name.as_str())?, created_at: SystemClock.now() };
        store.create_api_key(new, digest(&key)).await?;
        return output.say(&json!({"name": name, "key": key}), || format!("{key}\n"));
    }
    if let Some(name) = &args.revoke {
        store.revoke_api_key(&Key::new(name.as_str())?).await?;
        return output.say(&json!({"revoked": name}), || format!("revoked {}\n", plain(name)));
    }
    let keys = store.api_keys().await?;
    let listed: Vec<_> =
        keys.iter().map(|key| json!({"name": key.name.as_str(), "created_at": key.created_at.rfc3339()})).collect();
    output.say(&listed, || {
        let line = |key: &ApiKey| format!("{}  {}\n", key.created_at.rfc3339(), plain(key.name.as_str()));
        if keys.is_empty() { "no keys\n".to_owned() } else { keys.iter().map(line).collect() }
    })
}

/// 256 bits behind `local-`, which W&B's client takes for a key of a server of one's own.
fn made_up() -> anyhow::Result<String> {
    Ok(format!("local-{:032x}{:032x}", RandomIds.fresh()?, RandomIds.fresh()?))
}
