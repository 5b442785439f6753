//! The whole application: the protocols' routes with health, and what every request passes first.
//!
//! It is one service with one future rather than layers of the router: those box a future and copy the route at each
//! layer, which takes longer than logging a metric.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    response::Response,
    routing::get,
};
use http::Request;
use tower::{BoxError, Service};

use crate::{Security, access};

/// What [`crate::Connections`] serve. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Application {
    routes: Router,
    security: Arc<Security>,
}

impl Application {
    /// These routes and `GET /health`.
    pub fn new(routes: Router, security: Security) -> Self {
        Self { routes: routes.route("/health", get(|| async { "OK" })), security: Arc::new(security) }
    }
}

impl<B> Service<Request<B>> for Application
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self { mut routes, security } = self.clone();
        let routed = move |request: Request<Body>| async move {
            routes.call(request).await.unwrap_or_else(|never| match never {})
        };
        Box::pin(
            async move { Ok(security.guard(request.map(Body::new), |request| access::log(request, routed)).await) },
        )
    }
}
