//! Under which address a client reaches this server: addresses that are handed out have to begin with it.

use http::{HeaderMap, Uri, header::HOST};

/// The beginning of addresses, without a slash at its end.
///
/// A proxy says in `X-Forwarded-…` how it was reached. A client that lies there misleads itself alone.
pub(crate) fn base(headers: &HeaderMap, uri: &Uri, route: &str) -> String {
    let text = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?.split(',').next()?.trim();
        (!value.is_empty()).then_some(value)
    };
    let scheme = text("x-forwarded-proto").filter(|scheme| *scheme == "https").unwrap_or("http");
    let host = text("x-forwarded-host").or_else(|| text(HOST.as_str())).or(uri.host()).unwrap_or("127.0.0.1");
    let prefix = text("x-forwarded-prefix").unwrap_or_default().trim_end_matches('/');
    let below = uri.path().strip_suffix(route).unwrap_or_default();
    format!("{scheme}://{host}{prefix}{below}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn based(headers: &[(&'static str, &'static str)], uri: &'static str) -> String {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        base(&headers, &Uri::from_static(uri), "/graphql")
    }

    #[test]
    fn an_address_is_how_the_client_came() {
        assert_eq!(based(&[("host", "h:1")], "/graphql"), "http://h:1");
        assert_eq!(based(&[("host", "h:1")], "/a/wb/graphql"), "http://h:1/a/wb");
        let proxied = [("host", "in"), ("x-forwarded-host", "out"), ("x-forwarded-proto", "https")];
        assert_eq!(based(&proxied, "/graphql"), "https://out");
        assert_eq!(based(&[("host", "h"), ("x-forwarded-prefix", "/p/")], "/graphql"), "http://h/p");
        assert_eq!(based(&[], "/other"), "http://127.0.0.1");
    }
}
