//! Accepting connections and ending them in order.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use axum::response::Response;
use http::Request;
use hyper::{
    body::Incoming,
    rt::Executor,
    server::conn::{http1, http2},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::{Service, ServiceExt};

use crate::Peer;

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

/// What the clients of a listener speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS and without negotiation, as gRPC clients speak it.
    Http2,
}

/// What answers requests.
pub trait Answering:
    Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Answering for S where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// The open connections of one listener.
#[derive(Debug)]
pub struct Connections {
    listener: TcpListener,
    protocol: Protocol,
    shutdown: Shutdown,
    tasks: TaskTracker,
    slots: Arc<Semaphore>,
}

impl Connections {
    /// On a bound listener, until `shutdown`.
    pub fn new(listener: TcpListener, protocol: Protocol, shutdown: Shutdown) -> Self {
        Self {
            listener,
            protocol,
            shutdown,
            tasks: TaskTracker::new(),
            slots: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
        }
    }

    /// Serves until `soft`, then returns once the last request is answered, or at `hard`.
    pub async fn serve(self, application: impl Answering) {
        let accepting = async {
            loop {
                // Never closed, so never an error.
                let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return };
                match self.listener.accept().await {
                    Ok((stream, from)) => {
                        let peer = Peer(from.ip().to_canonical());
                        let application = application.clone().map_request(move |mut request: Request<Incoming>| {
                            request.extensions_mut().insert(peer);
                            request
                        });
                        self.start(stream, slot, application);
                    }
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

    fn start(&self, stream: TcpStream, slot: OwnedSemaphorePermit, application: impl Answering) {
        let (shutdown, protocol, streams) = (self.shutdown.clone(), self.protocol, Streams(self.tasks.clone()));
        self.tasks.spawn(async move {
            // Answers are written whole; waiting to fill a packet would only delay them.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "cannot set TCP_NODELAY");
            }
            let conversation = async {
                match protocol {
                    Protocol::Http1 => converse(stream, application, &shutdown.soft).await,
                    Protocol::Http2 => converse_in_streams(stream, application, streams, &shutdown.soft).await,
                }
            };
            tokio::select! {
                () = shutdown.hard.cancelled() => {}
                () = conversation => {}
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
async fn converse(stream: TcpStream, application: impl Answering, soft: &CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(application));
    until_done(connection, soft).await;
}

/// Runs the requests of an HTTP/2 connection among the tasks of the listener.
#[derive(Debug, Clone)]
struct Streams(TaskTracker);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, request: F) {
        self.0.spawn(request);
    }
}

/// The same over HTTP/2.
async fn converse_in_streams(
    stream: TcpStream,
    application: impl Answering,
    streams: Streams,
    soft: &CancellationToken,
) {
    let mut http = http2::Builder::new(streams);
    http.timer(TokioTimer::new());
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(application));
    until_done(connection, soft).await;
}

/// Drives a connection to its end, which comes after the running requests once `soft` is cancelled.
async fn until_done<C>(connection: C, soft: &CancellationToken)
where
    C: GracefulConnection<Error = hyper::Error>,
{
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
