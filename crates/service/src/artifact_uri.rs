//! Artifact URIs that clients name: their parts, and which of them the server refuses to follow.

use percent_encoding::percent_decode_str;
use trackside_core::{Error, Result};

/// Schemes whose URI names the host to connect to (`store/artifact/host_policy.py`, MLflow 3.17.2).
const HOST_SCHEMES: [&str; 10] =
    ["ftp", "sftp", "hdfs", "viewfs", "http", "https", "r2", "b2", "abfss", "mlflow-artifacts"];

/// The parts of a URI, as written but for the scheme, which is lower-case and empty for a plain path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UriParts<'a> {
    pub(crate) scheme: String,
    pub(crate) authority: &'a str,
    pub(crate) path: &'a str,
}

impl<'a> UriParts<'a> {
    pub(crate) fn of(uri: &'a str) -> Self {
        let is_scheme = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_alphabetic())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        };
        let (scheme, rest) = match uri.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
            _ => (String::new(), uri),
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                Self { scheme, authority, path }
            }
            None => Self { scheme, authority: "", path: rest },
        }
    }

    /// Whether it names a file of the machine that reads it.
    pub(crate) fn is_local(&self) -> bool {
        self.scheme.is_empty() || self.scheme == "file"
    }

    /// Whether it is at or below `root`: the same place, and the root's path at the beginning of its own.
    pub(crate) fn is_within(&self, root: &Self) -> bool {
        let same_place = if self.is_local() && root.is_local() {
            let here = |uri: &Self| uri.authority.is_empty() || uri.authority.eq_ignore_ascii_case("localhost");
            here(self) && here(root) && self.path.starts_with('/') == root.path.starts_with('/')
        } else {
            self.scheme == root.scheme && self.authority.eq_ignore_ascii_case(root.authority)
        };
        let (own, roots) = (self.segments(), root.segments());
        // In a file system `..` has a meaning, elsewhere it is a name that some readers follow.
        let climbs = || own.iter().any(|segment| segment == "..");
        let own = if self.is_local() { resolved(own) } else { (!climbs()).then_some(own) };
        same_place && !roots.is_empty() && own.is_some_and(|own| own.starts_with(&roots))
    }

    /// The protocol and host that whoever follows it connects to, if the URI chooses them.
    fn host(&self) -> Option<(&str, String)> {
        let scheme = self.scheme.as_str();
        // Without a host `mlflow-artifacts:` means this server; the others connect to localhost.
        if !HOST_SCHEMES.contains(&scheme) || (scheme == "mlflow-artifacts" && self.authority.is_empty()) {
            return None;
        }
        let protocol = match scheme {
            "viewfs" => "hdfs",
            "https" | "mlflow-artifacts" => "http",
            other => other,
        };
        let host = match self.authority.rsplit_once('@') {
            // HTTP clients end the host at a backslash, so what follows an `@` may not be it.
            Some((user, host)) if !user.contains('\\') => host,
            _ => self.authority,
        };
        Some((protocol, host.to_ascii_lowercase()))
    }

    /// Segments of the path, percent-encoding undone until nothing is left of it: an encoded slash parts them too.
    pub(crate) fn segments(&self) -> Vec<String> {
        let path = fully_decoded(self.path);
        path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
    }
}

/// Segments without `..` and what it leaves again; `None` when it leaves more than there is.
fn resolved(segments: Vec<String>) -> Option<Vec<String>> {
    let mut path = Vec::with_capacity(segments.len());
    for segment in segments {
        if segment == ".." {
            path.pop()?;
        } else {
            path.push(segment);
        }
    }
    Some(path)
}

/// The URI of what lies at `path` below a location, before any query of it.
pub(crate) fn below(location: &str, path: &str) -> String {
    let (base, query) = location.split_at(location.find('?').unwrap_or(location.len()));
    format!("{}/{path}{query}", base.trim_end_matches('/'))
}

/// Undoes percent-encoding, however often it was applied.
pub(crate) fn fully_decoded(text: &str) -> String {
    let mut text = text.to_owned();
    // Each round that changes anything makes the text shorter, so this ends.
    loop {
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text || decoded.len() >= text.len() {
            return text;
        }
        text = decoded;
    }
}

/// Checks where a new experiment wants to keep its artifacts.
///
/// `Invalid` for what no client could use, and for a URI that would make the server connect to a host of the
/// client's choice.
pub(crate) fn check_location(uri: &str, artifact_root: &str) -> Result<()> {
    let parts = UriParts::of(uri);
    // Only in a plain path does a semicolon begin what MLflow calls params.
    if uri.contains('#') || (parts.scheme.is_empty() && uri.contains(';')) {
        return Err(Error::invalid("'artifact_location' URL can't include fragments or params."));
    }
    if uri.split_once('?').is_some_and(|(_, query)| fully_decoded(query).contains("..")) {
        return Err(Error::invalid("Invalid query string"));
    }
    check_host(uri, "artifact_location", artifact_root)?;
    if parts.scheme == "runs" {
        return Err(Error::invalid(format!("Artifact location cannot be a runs:/ URI. Given: '{uri}'")));
    }
    let max = 2048;
    if uri.chars().count() > max {
        return Err(Error::invalid(format!(
            "Invalid artifact path length. The length of the artifact path cannot be greater than {max} characters. \
             To configure this limit, please set the MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH environment variable."
        )));
    }
    if parts.segments().iter().any(|segment| segment == "..") {
        return Err(Error::invalid(format!("Invalid artifact location '{uri}': it must not contain '..'")));
    }
    Ok(())
}

/// `Invalid` when the URI names a host to connect to that is not the artifact root's, or hides what it names from
/// one of its readers.
pub(crate) fn check_host(uri: &str, field: &str, artifact_root: &str) -> Result<()> {
    // Some readers of URIs drop these, others stop at them.
    if uri.contains(char::is_control) || uri.starts_with(char::is_whitespace) {
        return Err(Error::invalid(format!("'{field}' must not contain control characters or begin with a blank.")));
    }
    let (parts, root) = (UriParts::of(uri), UriParts::of(artifact_root));
    let host = parts.host();
    if host.is_none() || host == root.host() {
        return Ok(());
    }
    let scheme = &parts.scheme;
    Err(Error::invalid(format!(
        "'{field}' cannot use the '{scheme}' scheme: the '{scheme}' scheme addresses a host other than the tracking \
         server's configured artifact storage, so the server would connect to the host named in the URI. Use a path \
         below the server's artifact root instead."
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_uris() {
        let parts = |uri| {
            let UriParts { scheme, authority, path } = UriParts::of(uri);
            (scheme, authority, path)
        };
        assert_eq!(parts("S3://bucket/a?x#y"), ("s3".into(), "bucket", "/a"));
        assert_eq!(parts("mlflow-artifacts:/1/a"), ("mlflow-artifacts".into(), "", "/1/a"));
        assert_eq!(parts("/srv/a"), (String::new(), "", "/srv/a"));
        assert_eq!(parts("a b:c"), (String::new(), "", "a b:c"));
    }

    #[test]
    fn below_a_location_is_before_its_query() {
        assert_eq!(below("s3://b/a/", "r/artifacts"), "s3://b/a/r/artifacts");
        assert_eq!(below("s3://b/a?x=1", "r"), "s3://b/a/r?x=1");
        assert_eq!(below("/", "r"), "/r");
    }

    #[test]
    fn within_means_the_same_place_and_below() {
        let within = |uri, root| UriParts::of(uri).is_within(&UriParts::of(root));
        assert!(within("mlflow-artifacts:/1/r/artifacts/m", "mlflow-artifacts:/1/r/artifacts"));
        assert!(within("file:///srv/1/m", "/srv/1"));
        assert!(!within("mlflow-artifacts:/1/r2/artifacts", "mlflow-artifacts:/1/r/artifacts"));
        assert!(!within("mlflow-artifacts:/1/r/artifacts/%252e%252e/x", "mlflow-artifacts:/1/r/artifacts"));
        assert!(within("/srv/1/m/..", "/srv/1") && within("/srv/2/../1", "/srv/1"));
        for outside in ["/srv/1/..", "/srv/1/../../..", "/srv/1/..%2f..%2fetc", "file:///srv/1/%252e%252e%252fetc"] {
            assert!(!within(outside, "/srv/1"), "{outside}");
        }
        assert!(!within("s3://b/1", "s3://c/1"));
        assert!(!within("file://host/srv/1/m", "/srv/1"));
        assert!(!within("srv/1/m", "/srv/1"));
        assert!(!within("s3://b/1", "s3://b"));
    }

    #[test]
    fn locations_are_checked() {
        for good in
            ["s3://bucket/a", "/srv/mlflow", "file:///srv", "mlflow-artifacts:/x", "gs://b", "s3://b/a;c", "dbfs:/a b"]
        {
            check_location(good, "").unwrap();
        }
        for bad in
            ["runs:/x/y", "s3://b/a#f", "s3://b/%2e%2e/x", "s3://b/a?x=%2e./y", "/srv/a;b", &"s3://b/".repeat(300)]
        {
            check_location(bad, "").unwrap_err();
        }
    }

    #[test]
    fn hosts_of_the_clients_choice_are_refused() {
        for bad in [
            "http://host/a",
            "HTTPS://host",
            "mlflow-artifacts://host/a",
            "ftp:///a",
            "ht\ntp://host",
            " http://h",
            "abfss://c@account.host/a",
        ] {
            check_host(bad, "source", "mlflow-artifacts:").unwrap_err();
        }
        for good in ["s3://bucket/a", "wasbs://c@host/a", "mlflow-artifacts:/a", "/a", "a b"] {
            check_host(good, "source", "mlflow-artifacts:").unwrap();
        }
    }

    #[test]
    fn the_host_of_the_artifact_root_is_trusted() {
        let root = "abfss://c@account.host/mlflow";
        check_host("abfss://other@Account.host/a", "source", root).unwrap();
        check_host("abfss://c@elsewhere/a", "source", root).unwrap_err();
        check_host("abfss://elsewhere\\@account.host/a", "source", root).unwrap_err();
        check_host("viewfs://nn:8020/a", "source", "hdfs://nn:8020/mlflow").unwrap();
        check_host("http://nn:8020/a", "source", "hdfs://nn:8020/mlflow").unwrap_err();
    }
}
