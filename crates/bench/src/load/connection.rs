//! One keep-alive connection.

use std::{convert::Infallible, net::SocketAddr, pin::Pin};

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Body, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An answer, read in full.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// An HTTP/1.1 connection. The task that sends a request also drives the socket: no second task, no wake-up between.
pub(crate) struct Connection<B: Body + 'static = Full<Bytes>> {
    sender: http1::SendRequest<B>,
    driver: Pin<Box<http1::Connection<TokioIo<TcpStream>, B>>>,
}

impl<B> Connection<B>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self { sender, driver: Box::pin(driver) })
    }

    /// Sends one request. After an error the connection is of no further use, and whether the request had an effect is
    /// not known.
    pub(crate) async fn send(&mut self, request: Request<B>) -> anyhow::Result<Answer> {
        self.exchange(request, async |response: Response<Incoming>| {
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            Ok(Answer { status, body })
        })
        .await
    }

    /// The same with an answer that is read while it arrives.
    pub(crate) async fn exchange<T>(
        &mut self,
        request: Request<B>,
        read: impl AsyncFnOnce(Response<Incoming>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let sender = &mut self.sender;
        let exchange = async {
            sender.ready().await?;
            read(sender.send_request(request).await?).await
        };
        tokio::select! {
            biased;
            answer = exchange => answer,
            end = self.driver.as_mut() => {
                end.context("the connection failed")?;
                Err(anyhow!("the server closed the connection"))
            }
        }
    }
}
