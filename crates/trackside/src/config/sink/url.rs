//! Addresses of servers.

use axum::http::Uri;

use crate::config::{scalar, section::Report, value::Value};

/// Whether a text is an http or https address, of any form.
pub(crate) fn is_address(text: &str) -> bool {
    let uri: Option<Uri> = text.parse().ok();
    uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

/// An http or https address without credentials, query or fragment; without a slash at the end.
pub(crate) fn address(value: &Value, report: &Report) -> Result<String, String> {
    let text = scalar::text(value, report)?;
    let uri: Uri = text.parse().map_err(|_| value.found())?;
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    if authority.contains('@') {
        return Err(format!("{} with credentials in it, which have keys of their own", value.found()));
    }
    let plain = matches!(uri.scheme_str(), Some("http" | "https")) && !text.contains(['?', '#']);
    if plain && uri.host().is_some_and(|host| !host.is_empty()) {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(value.found())
    }
}
