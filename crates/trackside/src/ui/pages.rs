//! What a browser sees at `/`, and the files that the page there names.

use std::{convert::Infallible, io};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{MethodRouter, get},
};
use tower::service_fn;
use tower_http::services::ServeDir;
use trackside_compat_mlflow::MLFLOW_VERSION;

use crate::ui::{INDEX, Installed, Interface};

/// Names of files hold digests of their content, so that browsers may keep them: as long as MLflow 3.17.2 says.
const KEEP: HeaderValue = HeaderValue::from_static("max-age=2419200");

/// The page names the files of one version: browsers ask each time whether it is still the same.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// Without a web UI.
const WELCOME: &str = include_str!("welcome.html");

/// The page. What is installed is looked up each time, so that nobody has to restart the server to see it.
pub(crate) fn home(installed: Installed) -> MethodRouter {
    get(move || async move {
        let page = match shown(installed).await {
            Ok(Some(interface)) => tokio::fs::read(interface.path.join(INDEX)).await.map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let page = match page {
            Ok(Some(page)) => page,
            Ok(None) => welcome().into_bytes(),
            Err(error) => return failed(&error),
        };
        ([(header::CACHE_CONTROL, REVALIDATE)], Html(page)).into_response()
    })
}

/// The files below `/static-files`.
pub(crate) fn file_routes(installed: Installed) -> Router {
    let files = service_fn(move |request: Request| {
        let installed = installed.clone();
        async move { Ok::<_, Infallible>(file(installed, request).await) }
    });
    Router::new().nest_service("/static-files", files)
}

async fn file(installed: Installed, request: Request) -> Response {
    let interface = match shown(installed).await {
        Ok(Some(interface)) => interface,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return failed(&error),
    };
    let mut files = ServeDir::new(interface.path).append_index_html_on_directories(false);
    match files.try_call(request).await {
        Ok(mut answer) => {
            if answer.status().is_success() || answer.status() == StatusCode::NOT_MODIFIED {
                answer.headers_mut().insert(header::CACHE_CONTROL, KEEP);
            }
            answer.map(Body::new)
        }
        Err(error) => failed(&error),
    }
}

async fn shown(installed: Installed) -> io::Result<Option<Interface>> {
    tokio::task::spawn_blocking(move || installed.shown()).await?
}

fn failed(error: &io::Error) -> Response {
    tracing::error!(%error, "the web UI cannot be read");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn welcome() -> String {
    WELCOME.replace("{version}", env!("CARGO_PKG_VERSION")).replace("{mlflow}", MLFLOW_VERSION)
}
