//! A server of this process: store, artifacts, service, sinks, doors and listeners, composed.

use std::{
    fs, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use axum::Router;
use tokio::{net::TcpListener, time::Instant};
use trackside_adapter_sqlite::SqliteStore;
use trackside_admin::Admin;
use trackside_artifacts::Artifacts;
use trackside_compat_mlflow::Door;
use trackside_core::{RandomIds, Store, SystemClock};
use trackside_fanout::{self as fanout, Fanout};
use trackside_server::{Application, Bodies, Connections, Protocol, Security, Shutdown};
use trackside_service::{Gc, NewsSender, Parts, RunArtifacts, Service};
use trackside_tracking::Server;
use trackside_webhooks::Deliverer;

use crate::{
    backend,
    cli::{Capture, ServeArgs},
    config::{Config, Sources},
    duties::Duties,
    gc_command, invocation,
    lazy_capture::{self, LazyCapture},
    prefix, retention, roots,
    sinks::{Builder, Running},
    stale,
    ui::{self, Installed},
    webhooks,
};

/// How many bodies of the largest size MLflow's clients may have in memory at once.
const LARGEST_AT_ONCE: usize = 8;
/// Kept of the time for the end, so that sinks that have not caught up are stopped before everything is cut.
const STOP_MARGIN: Duration = Duration::from_millis(500);

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub(crate) struct Serving {
    args: ServeArgs,
    store: SqliteStore,
    duties: Duties,
    sinks: Arc<Running>,
    gc: Gc,
    retention: Option<Duration>,
    deliverer: Deliverer,
    wandb: trackside_compat_wandb::Door,
    routes: Router,
    listener: TcpListener,
    address: SocketAddr,
    capture: Option<LazyCapture>,
    /// The live view for TensorBoard.
    boards: Option<(TcpListener, Router)>,
}

impl Serving {
    /// Opens everything that the configuration names. Must not be given up halfway.
    pub(crate) async fn open(sources: Sources, config: Config) -> anyhow::Result<Self> {
        let args = config.serve.clone();
        if let Some(file) = &config.file {
            tracing::info!(file = %file.display(), "configuration read");
        }
        let database = backend::database(args.backend_store_uri.as_deref(), &args.data_dir)?;
        let store = open_store(&database, config.storage.clone())?;
        let (artifacts, artifact_root) = roots::open(&args)?;
        // Before sinks begin: whoever finds the port taken may have started a second server on the same database.
        let listener = TcpListener::bind((args.host.as_str(), args.port)).await.with_context(|| {
            format!("cannot listen on {}:{}; is another server there? --port takes another", args.host, args.port)
        })?;
        let retention = config.retention;
        let governance = config.governance.clone();
        let gc = gc_command::gc(&store, artifacts.clone())?;
        let duties = Duties::of(&database)?;
        let delivers = duties.try_take();
        if !delivers {
            tracing::info!("another server on this database delivers to sinks and webhooks");
        }
        let sinks = Arc::new(mirror(&store, &artifacts, sources, config, delivers).await?);
        let (hooks, deliverer) = webhooks::open(&args.webhooks, &store);
        let address = listener.local_addr()?;
        let (news, capture) = lazy_capture(&args, address)?;
        let parts = Parts {
            store: Arc::new(store.clone()),
            log: Some(Arc::new(store.clone())),
            artifacts,
            hooks,
            artifact_root,
            news,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
        };
        let service = Service::start(parts).await?.governed_by(governance);
        let live_view = trackside_compat_tensorboard::router(service.clone());
        let wandb =
            trackside_compat_wandb::Door::open(service.clone(), args.max_body_bytes, address.ip().is_loopback())
                .await?;
        let door = Door {
            service: service.clone(),
            bodies: Bodies::of_at_most(args.max_body_bytes, LARGEST_AT_ONCE),
            serve_artifacts: !args.no_serve_artifacts,
            rules: args.rules.rules()?,
        };
        let admin = trackside_admin::router(Admin {
            fanout: sinks.fanout().clone(),
            deliveries: Arc::new(store.clone()),
            store: Arc::new(store.clone()),
            service: service.clone(),
            reload: sinks.clone(),
        });
        let installed = Installed::below(&args.data_dir);
        let graphql = trackside_compat_wandb::graphql(wandb.clone(), trackside_compat_mlflow::graphql(&door));
        let routes = trackside_compat_mlflow::router_with(door, graphql)
            .merge(trackside_compat_wandb::router(wandb.clone()))
            .merge(admin)
            .merge(ui::file_routes(installed.clone()));
        let routes = prefix::below(args.static_prefix.as_deref(), invocation::mounted(routes), ui::home(installed))?;
        let boards = match args.tensorboard_port {
            Some(port) => Some((listen_for_boards(&args.host, port).await?, live_view)),
            None => None,
        };
        Ok(Self {
            args,
            store,
            duties,
            sinks,
            gc,
            retention,
            deliverer,
            wandb,
            routes,
            listener,
            address,
            capture,
            boards,
        })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The sinks it mirrors to.
    pub(crate) fn sinks(&self) -> Arc<Running> {
        Arc::clone(&self.sinks)
    }

    /// Answers until `shutdown`, and does `beside` meanwhile; requests that run then have this long to finish.
    pub(crate) async fn until(self, shutdown: &Shutdown, deadline: Duration, beside: impl Future<Output = ()>) {
        let connections = Connections::new(self.listener, Protocol::Http1, shutdown.clone());
        let application = Application::new(self.routes, security(&self.args));
        let boards = async {
            if let Some((listener, live_view)) = self.boards {
                Connections::new(listener, Protocol::Http2, shutdown.clone()).serve(live_view).await;
            }
        };
        let ending = async {
            let (began, (), ()) = tokio::join!(
                async {
                    shutdown.soft.cancelled().await;
                    Instant::now()
                },
                connections.serve(application),
                boards
            );
            tokio::select! {
                () = self.sinks.close(deadline.saturating_sub(began.elapsed() + STOP_MARGIN)) => {}
                () = shutdown.hard.cancelled() => {}
            }
        };
        let duties = async {
            let delivering = async {
                self.duties.take().await;
                self.sinks.begin().await;
                let retention = retention::run(self.gc, self.retention);
                let stale = stale::run(Arc::new(self.store.clone()), Arc::new(SystemClock), self.args.stale_after);
                let reported = self.sinks.report_unreachable();
                tokio::join!(reported, self.deliverer.run(), retention, stale, self.wandb.watch());
            };
            let capturing = async {
                if let Some(capture) = self.capture {
                    Box::pin(capture.run()).await;
                }
            };
            tokio::join!(delivering, capturing, beside);
        };
        tokio::select! {
            () = ending => {}
            // Only when all of them have nothing to do: then there is still the listener.
            () = async { duties.await; std::future::pending().await } => {}
        }
        self.store.close().await;
    }
}

/// What looks at the clients of this machine, and where it hears of their runs.
fn lazy_capture(args: &ServeArgs, address: SocketAddr) -> anyhow::Result<(Option<NewsSender>, Option<LazyCapture>)> {
    if args.capture == Capture::None {
        return Ok((None, None));
    }
    let prefix = args.static_prefix.as_deref().unwrap_or_default();
    let server = Server::at(&format!("http://{}{prefix}", reachable(address)), Arc::new(SystemClock))?;
    let (sender, news) = NewsSender::channel(lazy_capture::QUEUE);
    Ok((Some(sender), Some(LazyCapture::new(news, server, address.port()))))
}

/// Where this machine reaches what listens there.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    address
}

/// Begins to deliver to the configured sinks.
async fn mirror(
    store: &SqliteStore,
    artifacts: &Artifacts,
    sources: Sources,
    config: Config,
    delivers: bool,
) -> anyhow::Result<Running> {
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let source = Arc::new(RunArtifacts::new(Arc::clone(&shared), artifacts.clone()));
    let fanout = Fanout::start(fanout::Parts {
        log: Arc::new(store.clone()),
        store: Some(Arc::clone(&shared)),
        artifacts: Some(source.clone()),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        limits: config.limits,
    });
    let public_url = config.serve.public_url.clone();
    let builder = Builder { artifacts: source, store: Arc::clone(&shared), clock: Arc::new(SystemClock), public_url };
    if !delivers {
        return Ok(Running::idle(fanout, builder, sources, config));
    }
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

fn open_store(path: &Path, storage: trackside_adapter_sqlite::Config) -> anyhow::Result<SqliteStore> {
    if let Some(parent) = path.parent().filter(|parent| *parent != Path::new("")) {
        create(parent).with_context(|| format!("cannot create the directory {}", parent.display()))?;
    }
    let store = SqliteStore::open(path, storage).with_context(|| format!("cannot use {}", path.display()))?;
    tracing::info!(path = %path.display(), "database open");
    Ok(store)
}

/// Makes a directory of ours, which is of no repository it may lie in. One that is there stays as it is.
fn create(directory: &Path) -> io::Result<()> {
    if directory.exists() {
        return Ok(());
    }
    fs::create_dir_all(directory)?;
    fs::write(directory.join(".gitignore"), "*\n")
}

fn security(args: &ServeArgs) -> Security {
    if args.disable_security_middleware {
        return Security::disabled();
    }
    Security::new(args.allowed_hosts.clone(), args.cors_allowed_origins.clone(), &args.x_frame_options)
}
