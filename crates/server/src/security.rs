//! What protects a server on loopback or in a private network from the pages its users visit.

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, Method, StatusCode,
    header::{ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderName, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS},
};

use crate::{
    host::AllowedHosts,
    origin::{self, AllowedOrigins},
};

/// Paths that answer any host: probes of load balancers name none.
const OPEN_PATHS: [&str; 2] = ["/health", "/version"];

/// Who may talk to the server through a browser.
#[derive(Debug, Clone)]
pub struct Security {
    hosts: AllowedHosts,
    origins: AllowedOrigins,
    frame_options: Option<HeaderValue>,
    enabled: bool,
}

impl Security {
    /// Answers this machine, private networks and `hosts`; trusts pages of this machine and `origins`; lets pages
    /// embed it as `frame_options` says (`SAMEORIGIN`, `DENY` or `NONE`).
    pub fn new(hosts: Vec<String>, origins: Vec<String>, frame_options: &str) -> Self {
        let frame_options = (!frame_options.eq_ignore_ascii_case("none"))
            .then(|| HeaderValue::from_str(&frame_options.to_ascii_uppercase()).ok())
            .flatten();
        Self { hosts: AllowedHosts::new(hosts), origins: AllowedOrigins::new(origins), frame_options, enabled: true }
    }

    /// Checks nothing and adds nothing, as `--disable-security-middleware` asks.
    pub fn disabled() -> Self {
        Self { enabled: false, ..Self::new(Vec::new(), Vec::new(), "none") }
    }

    /// Refuses what should not come from a browser, and adds the headers that browsers heed.
    pub(crate) async fn guard<F>(&self, request: Request, next: impl FnOnce(Request) -> F) -> Response
    where
        F: Future<Output = Response>,
    {
        if !self.enabled {
            return next(request).await;
        }
        let path = request.uri().path();
        // HTTP/1.1 demands the header; a request in absolute form carries the host in its target.
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).or(request.uri().host());
        if !OPEN_PATHS.iter().any(|open| path.ends_with(open)) && !host.is_some_and(|host| self.hosts.allows(host)) {
            return refuse("Invalid Host header - possible DNS rebinding attack detected");
        }
        let origin = request.headers().get(ORIGIN).cloned();
        let trusted = origin.clone().filter(|origin| origin.to_str().is_ok_and(|text| self.origins.trusts(text)));
        if origin.is_some() && trusted.is_none() && origin::is_guarded(request.method(), path) {
            return refuse("Cross-origin request blocked");
        }
        let preflight =
            request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let mut response = match (&trusted, preflight) {
            (None, true) if origin.is_some() => (StatusCode::BAD_REQUEST, "Disallowed CORS origin").into_response(),
            (Some(_), true) => {
                let mut response = "OK".into_response();
                origin::answer_preflight(response.headers_mut(), request.headers());
                response
            }
            _ => next(request).await,
        };
        let headers = response.headers_mut();
        if let Some(origin) = trusted {
            origin::allow(headers, origin);
        }
        let mut add = |name: HeaderName, value: HeaderValue| headers.insert(name, value);
        add(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        add(VARY, HeaderValue::from_static("Origin"));
        if let Some(value) = &self.frame_options {
            add(X_FRAME_OPTIONS, value.clone());
        }
        response
    }
}

fn refuse(why: &'static str) -> Response {
    tracing::warn!(why, "request refused");
    (StatusCode::FORBIDDEN, why).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, routing::get, routing::post};
    use tower::ServiceExt;

    use super::*;

    async fn answer(request: http::request::Builder) -> Response {
        let routes =
            Router::new().route("/api/x", post(|| async { "done" }).get(|| async { "read" })).route("/boom", get(boom));
        let security = Security::new(Vec::new(), Vec::new(), "SAMEORIGIN");
        crate::Application::new(routes, security).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn boom() -> &'static str {
        panic!("on purpose")
    }

    fn request(method: &str, path: &str) -> http::request::Builder {
        http::Request::builder().method(method).uri(path).header("host", "localhost:5000")
    }

    #[tokio::test]
    async fn a_foreign_host_is_refused_but_may_ask_for_health() {
        let foreign = |path| http::Request::builder().uri(path).header("host", "evil.com");
        assert_eq!(answer(foreign("/api/x")).await.status(), 403);
        assert_eq!(answer(foreign("/health")).await.status(), 200);
        assert_eq!(answer(http::Request::builder().uri("/api/x")).await.status(), 403, "no host at all");
    }

    #[tokio::test]
    async fn a_foreign_page_may_change_nothing() {
        assert_eq!(answer(request("POST", "/api/x").header("origin", "http://evil.com")).await.status(), 403);
        let read = answer(request("GET", "/api/x").header("origin", "http://evil.com")).await;
        assert_eq!(read.status(), 200);
        assert!(!read.headers().contains_key("access-control-allow-origin"));
        let local = answer(request("POST", "/api/x").header("origin", "http://localhost:3000")).await;
        assert_eq!(
            (local.status().as_u16(), &local.headers()["access-control-allow-origin"]),
            (200, &HeaderValue::from_static("http://localhost:3000"))
        );
    }

    #[tokio::test]
    async fn answers_carry_the_protecting_headers() {
        let answered = answer(request("GET", "/api/x")).await;
        assert_eq!(answered.headers()["x-frame-options"], "SAMEORIGIN");
        assert_eq!(answered.headers()["x-content-type-options"], "nosniff");
    }

    #[tokio::test]
    async fn a_panic_is_answered() {
        assert_eq!(answer(request("GET", "/boom")).await.status(), 500);
    }
}
