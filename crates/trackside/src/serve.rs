//! `trackside serve`: composes store, artifacts, service, door and server, and runs them to their end.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use axum::Router;
use tokio::net::TcpListener;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_compat_mlflow::{Bodies, Door};
use trackside_core::{RandomIds, SystemClock};
use trackside_server::{Connections, Security, Shutdown, application};
use trackside_service::{Parts, Service};

use crate::{backend, cli::ServeArgs, lifecycle::Signals, logging, roots, welcome};

/// Serves until the signals say otherwise.
pub(crate) fn run(args: ServeArgs) -> anyhow::Result<()> {
    logging::start(args.log_format, &args.log)?;
    args.mlflow.check(args.backend_store_uri.as_deref())?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(serve(args))
}

async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    let store = open_store(&args)?;
    let (artifacts, artifact_root) = roots::open(&args)?;
    let parts = Parts {
        store: Arc::new(store.clone()),
        artifacts,
        artifact_root,
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
    };
    let door = Door {
        service: Service::start(parts).await?,
        bodies: Bodies::of_at_most(args.max_body_bytes),
        serve_artifacts: !args.no_serve_artifacts,
    };
    let routes = below(args.static_prefix.as_deref(), welcome::routes().merge(trackside_compat_mlflow::router(door)))?;
    let listener = TcpListener::bind((args.host.as_str(), args.port)).await.with_context(|| {
        format!("cannot listen on {}:{}; is another server there? --port takes another", args.host, args.port)
    })?;
    let address = listener.local_addr()?;
    tracing::info!(url = format!("http://{address}"), "serving; MLFLOW_TRACKING_URI is this url");

    let shutdown = Shutdown::default();
    let connections = Connections::new(listener, shutdown.clone());
    tokio::select! {
        () = connections.serve(application(routes, security(&args))) => {}
        () = signals.drive(&shutdown, Duration::from_secs(args.shutdown_timeout_secs)) => {}
    }
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn open_store(args: &ServeArgs) -> anyhow::Result<SqliteStore> {
    let path = backend::database(args.backend_store_uri.as_deref(), &args.data_dir)?;
    if let Some(parent) = path.parent().filter(|parent| *parent != Path::new("")) {
        fs::create_dir_all(parent).with_context(|| format!("cannot create the directory {}", parent.display()))?;
    }
    let store =
        SqliteStore::open(&path, Config::default()).with_context(|| format!("cannot use {}", path.display()))?;
    tracing::info!(path = %path.display(), "database open");
    Ok(store)
}

fn security(args: &ServeArgs) -> Security {
    if args.disable_security_middleware {
        return Security::disabled();
    }
    Security::new(args.allowed_hosts.clone(), args.cors_allowed_origins.clone(), &args.x_frame_options)
}

/// All routes below a prefix, as `--static-prefix` asks.
fn below(prefix: Option<&str>, routes: Router) -> anyhow::Result<Router> {
    let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) else { return Ok(routes) };
    ensure!(
        prefix.starts_with('/') && !prefix.ends_with('/') && !prefix.contains(['{', '}', '*', '?', '#']),
        "--static-prefix {prefix}: must start with / and not end with it, e.g. /tracking"
    );
    Ok(Router::new().nest(prefix, routes))
}
