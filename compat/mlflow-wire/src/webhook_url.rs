//! URLs of webhooks, read as MLflow reads them.
//!
//! Source: `_validate_webhook_url` of MLflow 3.17.2 over `urllib.parse.urlparse` of Python 3.11; checked against both.

use crate::{Failure, search::python};

/// A URL and the host in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl {
    /// All of it.
    pub text: String,
    /// A name or an address without brackets, in lower case.
    pub host: String,
}

impl WebhookUrl {
    /// Refuses what has no host, or a scheme other than these.
    pub fn checked(text: String, schemes: &[String]) -> Result<Self, Failure> {
        let shown = python::text(&text);
        if text.trim().is_empty() {
            return Err(Failure::invalid(format!("Webhook URL cannot be empty or just whitespace: {shown}")));
        }
        let (scheme, authority) = split(&text);
        if authority.contains('[') != authority.contains(']') {
            return Err(Failure::invalid(format!("Invalid webhook URL {shown}: ValueError('Invalid IPv6 URL')")));
        }
        if !schemes.contains(&scheme) {
            return Err(Failure::invalid(format!(
                "Invalid webhook URL scheme: {}. Allowed schemes are: {}.",
                python::text(&scheme),
                schemes.join(", ")
            )));
        }
        match host(&authority) {
            Some(host) => Ok(Self { text, host }),
            None => Err(Failure::invalid(format!("Webhook URL must include a hostname: {shown}"))),
        }
    }
}

/// Scheme, in lower case, and authority; each empty where there is none.
fn split(url: &str) -> (String, String) {
    let url = url.trim_start_matches(|c: char| c <= ' ').replace(['\t', '\r', '\n'], "");
    let is_scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    let (scheme, rest) = url.split_once(':').filter(|(scheme, _)| is_scheme(scheme)).unwrap_or(("", &url));
    let authority = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?', '#']).next());
    (scheme.to_ascii_lowercase(), authority.unwrap_or_default().to_owned())
}

fn host(authority: &str) -> Option<String> {
    let place = authority.rsplit('@').next().unwrap_or_default();
    let host = match place.split_once('[') {
        Some((_, bracketed)) => bracketed.split(']').next(),
        None => place.split(':').next(),
    };
    host.filter(|host| !host.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str, schemes: &[&str]) -> Result<String, String> {
        let schemes: Vec<_> = schemes.iter().map(|scheme| (*scheme).to_owned()).collect();
        let checked = WebhookUrl::checked(url.to_owned(), &schemes);
        checked.map(|url| url.host).map_err(|failure| failure.message)
    }

    #[test]
    fn the_host_is_found_wherever_it_stands() {
        for (url, host) in [
            ("https://Hooks.Example/x?y#z", "hooks.example"),
            ("HTTPS://h.example:8443", "h.example"),
            ("https://ann:pw@h.example/", "h.example"),
            ("https://[2001:DB8::1]:8443/x", "2001:db8::1"),
            (" https://h.example", "h.example"),
        ] {
            assert_eq!(checked(url, &["https"]).as_deref(), Ok(host), "{url}");
        }
    }

    #[test]
    fn what_is_refused_is_named() {
        for (url, message) in [
            ("http://h.example", "Invalid webhook URL scheme: 'http'. Allowed schemes are: https."),
            ("h.example/x", "Invalid webhook URL scheme: ''. Allowed schemes are: https."),
            ("  ", "Webhook URL cannot be empty or just whitespace: '  '"),
            ("https://", "Webhook URL must include a hostname: 'https://'"),
            ("https:/x", "Webhook URL must include a hostname: 'https:/x'"),
            ("https://[::1", "Invalid webhook URL 'https://[::1': ValueError('Invalid IPv6 URL')"),
        ] {
            assert_eq!(checked(url, &["https"]).unwrap_err(), message);
        }
        let refused = checked("ftp://h.example", &["https", "http"]).unwrap_err();
        assert_eq!(refused, "Invalid webhook URL scheme: 'ftp'. Allowed schemes are: https, http.");
    }
}
