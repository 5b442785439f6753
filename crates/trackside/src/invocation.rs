//! The addresses of invocations: everything that is served, once more below `/trackside/invocations/<id>`.
//!
//! A command that `trackside run` started finds the server there, so every run it makes is known to be its own, whatever
//! client makes it. Below that path the door learns the id; nothing else differs.

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Extensions, Uri, uri::PathAndQuery},
    response::{Redirect, Response},
    routing::{any, get},
};
use tower::Service;
use trackside_server::Peer;
use trackside_service::Invocation;

/// The path below which invocations are.
pub(crate) const PATH: &str = "/trackside/invocations";

/// These routes, and the same below the path of each invocation.
pub(crate) fn mounted(routes: Router) -> Router {
    let inner = routes.clone();
    // Clients print the address of the page; what a browser asks for below `#` goes along.
    let page = get(|| async { Redirect::temporary("../../../") });
    let routes = routes.route(&format!("{PATH}/{{id}}/"), page);
    routes.route(&format!("{PATH}/{{id}}/{{*rest}}"), any(move |request: Request| answer(inner, request)))
}

async fn answer(mut routes: Router, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    // What the outer routes have found out is not so for the inner ones.
    let peer = parts.extensions.get::<Peer>().copied();
    parts.extensions = Extensions::new();
    if let Some(peer) = peer {
        parts.extensions.insert(peer);
    }
    if let Some((id, path)) = split(&parts.uri) {
        parts.uri = path;
        parts.extensions.insert(id);
    }
    let request = Request::from_parts(parts, Body::new(body));
    routes.call(request).await.unwrap_or_else(|never| match never {})
}

/// The invocation, and the path below it with the query.
fn split(uri: &Uri) -> Option<(Invocation, Uri)> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(PATH)?.strip_prefix('/')?;
    let (id, _) = rest.split_once('/')?;
    let mut inner = uri.clone().into_parts();
    inner.path_and_query = Some(PathAndQuery::try_from(&rest[id.len()..]).ok()?);
    Some((Invocation::parse(id)?, Uri::from_parts(inner).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_id_is_the_path() {
        let id = "0123456789abcdef0123456789abcdef";
        let uri: Uri = format!("{PATH}/{id}/api/2.0/x%2Fy?a=b%20c").parse().unwrap();
        let (invocation, inner) = split(&uri).unwrap();
        assert_eq!(invocation.as_str(), id);
        assert_eq!(inner, "/api/2.0/x%2Fy?a=b%20c");
    }

    #[test]
    fn other_ids_are_none() {
        for path in ["/x/api", "/0123456789ABCDEF0123456789ABCDEF/api", "/0123456789abcdef0123456789abcdef"] {
            assert!(split(&format!("{PATH}{path}").parse().unwrap()).is_none(), "{path}");
        }
    }
}
