//! Accepting connections and ending them in order.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Most connections at once; further ones wait in the kernel's queue. At about 20 KB each this bounds them to
/// 200 MB, far beyond any team's clients.
const MAX_CONNECTIONS: usize = 10_000;
/// A client that has not sent its head by then is not served.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after a failed accept: the cause, too many open files, needs time to pass.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How the end comes: `soft` lets requests finish, `hard` cuts them.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// No new connection and no further request on the open ones.
    pub soft: CancellationToken,
    /// Everything ends now.
    pub hard: CancellationToken,
}

/// The open connections of one listener.
#[derive(Debug)]
pub struct Connections {
    listener: TcpListener,
    shutdown: Shutdown,
    tasks: TaskTracker,
    slots: Arc<Semaphore>,
}

impl Connections {
    /// On a bound listener, until `shutdown`.
    pub fn new(listener: TcpListener, shutdown: Shutdown) -> Self {
        Self { listener, shutdown, tasks: TaskTracker::new(), slots: Arc::new(Semaphore::new(MAX_CONNECTIONS)) }
    }

    /// Serves until `soft`, then returns once the last request is answered, or at `hard`.
    pub async fn serve(self, application: Router) {
        let accepting = async {
            loop {
                // Never closed, so never an error.
                let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return };
                match self.listener.accept().await {
                    Ok((stream, _)) => self.start(stream, slot, application.clone()),
                    Err(error) => self.pause_after(&error).await,
                }
            }
        };
        tokio::select! {
            () = self.shutdown.soft.cancelled() => {}
            () = accepting => {}
        }
        drop(self.listener);
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn start(&self, stream: TcpStream, slot: OwnedSemaphorePermit, application: Router) {
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = shutdown.hard.cancelled() => {}
                () = converse(stream, application, &shutdown.soft) => {}
            }
            drop(slot);
        });
    }

    async fn pause_after(&self, error: &io::Error) {
        // A client that hung up before it was accepted is no reason to wait.
        if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
            return;
        }
        tracing::warn!(%error, "cannot accept connections");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// Answers the requests of one connection.
async fn converse(stream: TcpStream, application: Router, soft: &CancellationToken) {
    // Answers are written whole; waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(application));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = soft.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}
