//! `trackside serve`: composes store, artifacts, service, sinks, doors and server, and runs them to their end.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{net::TcpListener, time::Instant};
use trackside_adapter_sqlite::SqliteStore;
use trackside_admin::Admin;
use trackside_artifacts::Artifacts;
use trackside_compat_mlflow::{Bodies, Door};
use trackside_core::{RandomIds, Store, SystemClock};
use trackside_fanout::{self as fanout, Fanout};
use trackside_server::{Application, Connections, Protocol, Security, Shutdown};
use trackside_service::{Gc, Parts, RunArtifacts, Service};

use crate::{
    backend,
    cli::ServeArgs,
    config::{Config, Sources},
    lifecycle::Signals,
    logging, prefix, retention, roots,
    sinks::{Builder, Running, hangups},
    ui::{self, Installed},
    webhooks,
};

/// Kept of the time for the end, so that sinks that have not caught up are stopped before everything is cut.
const STOP_MARGIN: Duration = Duration::from_millis(500);

/// Serves until the signals say otherwise.
pub(crate) fn run(sources: Sources) -> anyhow::Result<()> {
    let config = sources.resolve()?;
    logging::start(config.serve.log_format, &config.serve.log)?;
    config.serve.mlflow.check(config.serve.backend_store_uri.as_deref())?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(serve(sources, config))
}

async fn serve(sources: Sources, config: Config) -> anyhow::Result<()> {
    let (signals, hangups) = (Signals::listen()?, hangups()?);
    let args = config.serve.clone();
    if let Some(file) = &config.file {
        tracing::info!(file = %file.display(), "configuration read");
    }
    let store = open_store(&args, config.storage.clone())?;
    let (artifacts, artifact_root) = roots::open(&args)?;
    // Before sinks begin: whoever finds the port taken may have started a second server on the same database.
    let listener = TcpListener::bind((args.host.as_str(), args.port)).await.with_context(|| {
        format!("cannot listen on {}:{}; is another server there? --port takes another", args.host, args.port)
    })?;
    let gc = Gc { store: Arc::new(store.clone()), artifacts: artifacts.clone(), clock: Arc::new(SystemClock) };
    let retention = retention::run(gc, config.retention);
    let sinks = Arc::new(mirror(&store, &artifacts, sources, config).await?);
    let (hooks, deliverer) = webhooks::open(&args.webhooks, &store);
    let parts = Parts {
        store: Arc::new(store.clone()),
        log: Some(Arc::new(store.clone())),
        artifacts,
        hooks,
        artifact_root,
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
    };
    let service = Service::start(parts).await?;
    let live_view = trackside_compat_tensorboard::router(service.clone());
    let door = Door {
        service,
        bodies: Bodies::of_at_most(args.max_body_bytes),
        serve_artifacts: !args.no_serve_artifacts,
        rules: args.rules.rules()?,
    };
    let admin = trackside_admin::router(Admin {
        fanout: sinks.fanout().clone(),
        deliveries: Arc::new(store.clone()),
        reload: sinks.clone(),
    });
    let installed = Installed::below(&args.data_dir);
    let routes = trackside_compat_mlflow::router(door).merge(admin).merge(ui::file_routes(installed.clone()));
    let routes = prefix::below(args.static_prefix.as_deref(), routes, ui::home(installed))?;
    let address = listener.local_addr()?;
    tracing::info!(url = format!("http://{address}"), "serving; MLFLOW_TRACKING_URI is this url");

    let shutdown = Shutdown::default();
    let deadline = Duration::from_secs(args.shutdown_timeout_secs);
    let connections = Connections::new(listener, Protocol::Http1, shutdown.clone());
    let boards = match args.tensorboard_port {
        Some(port) => {
            Some(Connections::new(listen_for_boards(&args.host, port).await?, Protocol::Http2, shutdown.clone()))
        }
        None => None,
    };
    let boards = async {
        if let Some(boards) = boards {
            boards.serve(live_view).await;
        }
    };
    let ending = async {
        let (began, (), ()) = tokio::join!(
            async {
                shutdown.soft.cancelled().await;
                Instant::now()
            },
            connections.serve(Application::new(routes, security(&args))),
            boards
        );
        tokio::select! {
            () = sinks.close(deadline.saturating_sub(began.elapsed() + STOP_MARGIN)) => {}
            () = shutdown.hard.cancelled() => {}
        }
    };
    tokio::select! {
        () = ending => {}
        () = signals.drive(&shutdown, deadline) => {}
        () = async { tokio::join!(sinks.report_unreachable(), sinks.obey(hangups), deliverer.run(), retention).0 } => {}
    }
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Begins to deliver to the configured sinks.
async fn mirror(
    store: &SqliteStore,
    artifacts: &Artifacts,
    sources: Sources,
    config: Config,
) -> anyhow::Result<Running> {
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let source = Arc::new(RunArtifacts::new(Arc::clone(&shared), artifacts.clone()));
    let fanout = Fanout::start(fanout::Parts {
        log: Arc::new(store.clone()),
        store: Some(shared),
        artifacts: Some(source.clone()),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        limits: config.limits,
    });
    let builder = Builder { artifacts: source, clock: Arc::new(SystemClock) };
    Running::start(fanout, builder, sources, config).await
}

async fn listen_for_boards(host: &str, port: u16) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind((host, port))
        .await
        .with_context(|| format!("cannot listen on {host}:{port} for TensorBoard; --tensorboard-port takes another"))?;
    let address = listener.local_addr()?;
    tracing::info!("live view: tensorboard --grpc_data_provider={address}");
    Ok(listener)
}

fn open_store(args: &ServeArgs, storage: trackside_adapter_sqlite::Config) -> anyhow::Result<SqliteStore> {
    let path = backend::database(args.backend_store_uri.as_deref(), &args.data_dir)?;
    if let Some(parent) = path.parent().filter(|parent| *parent != Path::new("")) {
        fs::create_dir_all(parent).with_context(|| format!("cannot create the directory {}", parent.display()))?;
    }
    let store = SqliteStore::open(&path, storage).with_context(|| format!("cannot use {}", path.display()))?;
    tracing::info!(path = %path.display(), "database open");
    Ok(store)
}

fn security(args: &ServeArgs) -> Security {
    if args.disable_security_middleware {
        return Security::disabled();
    }
    Security::new(args.allowed_hosts.clone(), args.cors_allowed_origins.clone(), &args.x_frame_options)
}
