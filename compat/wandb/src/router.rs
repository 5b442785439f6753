//! Which paths exist.

use axum::{
    Router,
    routing::{MethodRouter, any, get, post},
};
use http::StatusCode;

use crate::{Door, contents, file_stream, files, graphql, pages};

/// Below it is nothing of anybody else. `WANDB_BASE_URL` may end in it.
const PREFIX: &str = "/wb";

/// All routes of the protocol but `/graphql`.
pub fn router(door: Door) -> Router {
    let routes: [(&str, MethodRouter<Door>); 6] = [
        ("/files/{entity}/{project}/{run}/file_stream", post(file_stream::answer)),
        (contents::ROUTE, get(contents::get).put(contents::put)),
        (contents::MANIFEST_ROUTE, get(contents::get_manifest)),
        (contents::FALLBACK_ROUTE, get(contents::fallback)),
        (files::ROUTE, get(files::get).put(files::put).options(files::options)),
        // Clients measure themselves and would send it here. This status, and no other, makes them stop.
        ("/sdk/otel/v1/{*rest}", any(|| async { StatusCode::NOT_FOUND })),
    ];
    let mut router = Router::new().route(&format!("{PREFIX}/graphql"), graphql::own());
    // Whatever else is asked for there is not there, as it is everywhere.
    let page = || get(pages::show).fallback(async || StatusCode::NOT_FOUND);
    for (path, methods) in routes.into_iter().chain(pages::ROUTES.map(|path| (path, page()))) {
        router = router.route(path, methods.clone()).route(&format!("{PREFIX}{path}"), methods);
    }
    router.with_state(door)
}
