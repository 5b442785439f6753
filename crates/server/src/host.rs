//! Which `Host` headers are answered: a page that a browser was tricked into by DNS rebinding sends its own name.
//!
//! Defaults as `mlflow server` 3.17.2: this machine and private networks, on any port.

use std::net::IpAddr;

/// Hosts that are answered besides the default ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    /// Patterns with `*` for any text; `*` alone allows every host.
    pub(crate) fn new(patterns: Vec<String>) -> Self {
        Self(patterns.into_iter().map(|pattern| pattern.trim().to_ascii_lowercase()).collect())
    }

    /// Whether a `Host` header is answered.
    pub(crate) fn allows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let name = without_port(&host);
        let given = |pattern: &String| matches(pattern, &host) || matches(pattern, name);
        is_near(name) || self.0.iter().any(given)
    }
}

/// Whether a host is this machine or an address of a private network.
pub(crate) fn is_near(name: &str) -> bool {
    if name == "localhost" {
        return true;
    }
    match name.trim_start_matches('[').trim_end_matches(']').parse() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_unspecified(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Err(_) => false,
    }
}

/// `[::1]:5000` and `localhost:5000` without the port.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            if name.contains(':') && !name.ends_with(']') {
                host
            } else {
                name
            }
        }
        _ => host,
    }
}

/// Whether a text fits a pattern in which `*` is any text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_hosts_are_answered_and_far_ones_are_not() {
        let none = AllowedHosts::default();
        for near in [
            "localhost",
            "LOCALHOST:5000",
            "127.0.0.1:5000",
            "[::1]:5000",
            "[::1]",
            "10.1.2.3",
            "192.168.0.9:1",
            "172.31.0.1",
            "0.0.0.0",
            "[fd00::1]:80",
        ] {
            assert!(none.allows(near), "{near}");
        }
        for far in [
            "example.com",
            "localhost.example.com",
            "172.32.0.1",
            "8.8.8.8",
            "",
            "[2001:db8::1]",
            "127.0.0.1.example.com",
        ] {
            assert!(!none.allows(far), "{far}");
        }
    }

    #[test]
    fn given_hosts_are_answered() {
        let given = AllowedHosts::new(vec!["mlflow.example.com".into(), "*.Lab.example".into()]);
        assert!(given.allows("mlflow.example.com:443"));
        assert!(given.allows("gpu1.lab.example"));
        assert!(!given.allows("lab.example"));
        assert!(AllowedHosts::new(vec!["*".into()]).allows("anything"));
        assert!(matches("a*b*c", "a-b-b-c") && !matches("a*b*c", "a-c"));
    }
}
