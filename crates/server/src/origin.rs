//! Cross-origin requests of browsers: who may send what, and the headers that say so.
//!
//! As `mlflow server` 3.17.2: pages of this machine may do everything, others only what `--cors-allowed-origins`
//! names; a changing request from anywhere else is refused before it is read.

use http::{
    HeaderMap, HeaderValue, Method,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    },
};

use crate::host::{is_near, matches, without_port};

/// Origins that are trusted besides this machine's.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllowedOrigins(Vec<String>);

impl AllowedOrigins {
    /// Patterns with `*` for any text.
    pub(crate) fn new(patterns: Vec<String>) -> Self {
        Self(patterns.into_iter().map(|pattern| pattern.trim().to_ascii_lowercase()).collect())
    }

    /// Whether a page of this origin may do everything.
    pub(crate) fn trusts(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        let host = origin.split_once("://").map(|(_, host)| without_port(host));
        let local = host
            .is_some_and(|host| host == "localhost" || host.starts_with("127.") && is_near(host) || host == "[::1]");
        local || self.0.iter().any(|pattern| matches(pattern, &origin))
    }
}

/// Whether a request may be refused for its origin: it changes something, and goes to an API.
pub(crate) fn is_guarded(method: &Method, path: &str) -> bool {
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let guarded = ["/api/", "/ajax-api/", "/files/"].iter().any(|api| path.contains(api)) || path.ends_with("/graphql");
    changes && guarded
}

/// Adds the headers that let a trusted page read the answer.
pub(crate) fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
}

/// Adds the headers that answer a browser's question whether it may send a request.
pub(crate) fn answer_preflight(headers: &mut HeaderMap, request: &HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS, PATCH"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    if let Some(asked) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_this_machine_and_named_ones_are_trusted() {
        let named = AllowedOrigins::new(vec!["https://*.example.com".into()]);
        for trusted in ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080", "https://ui.example.com"] {
            assert!(named.trusts(trusted), "{trusted}");
        }
        for other in
            ["http://evil.com", "null", "http://localhost.evil.com", "http://ui.example.com", "http://10.0.0.1"]
        {
            assert!(!named.trusts(other), "{other}");
        }
    }

    #[test]
    fn only_changes_of_an_api_are_guarded() {
        assert!(is_guarded(&Method::POST, "/api/2.0/mlflow/runs/create"));
        assert!(is_guarded(&Method::DELETE, "/p/ajax-api/2.0/x"));
        assert!(is_guarded(&Method::POST, "/api/trackside/v1/config/reload"));
        assert!(is_guarded(&Method::DELETE, "/p/api/trackside/v1/sinks/a"));
        assert!(!is_guarded(&Method::GET, "/api/2.0/mlflow/runs/get"));
        assert!(is_guarded(&Method::POST, "/wb/graphql"));
        assert!(is_guarded(&Method::POST, "/files/e/p/r/file_stream"));
        assert!(!is_guarded(&Method::POST, "/health"));
    }
}
