//! From artifact URIs to roots.

use trackside_core::{ArtifactPath, Error, ErrorKind, Result};

use crate::{ArtifactStore, Blobs, is_reserved};

/// URI of the root that the server itself serves, as MLflow's clients know it.
pub const PROXY_ROOT: &str = "mlflow-artifacts:";

/// The roots this server may touch, each known by the URI it begins with.
///
/// An artifact URI outside all of them is refused: it comes from a client, and the server must not become a
/// way to read any other file.
#[derive(Debug, Clone)]
pub struct Artifacts {
    roots: Vec<(String, ArtifactStore)>,
}

impl Artifacts {
    /// One root, reached through the server.
    pub fn proxied(store: ArtifactStore) -> Self {
        Self { roots: vec![(PROXY_ROOT.to_owned(), store)] }
    }

    /// Adds a root that clients reach themselves, e.g. `/srv/mlflow` or `file:///srv/mlflow`.
    #[must_use]
    pub fn with_root(mut self, uri: impl Into<String>, store: ArtifactStore) -> Self {
        self.roots.push((uri.into().trim_end_matches('/').to_owned(), store));
        self
    }

    /// The root that clients reach through the server.
    pub fn proxy(&self) -> &ArtifactStore {
        &self.roots[0].1
    }

    /// Files that are known by their content.
    pub fn blobs(&self) -> Blobs {
        Blobs::new(self.proxy().clone())
    }

    /// The root of a URI and the path below it. `Unsupported` outside all roots, `Invalid` for a path that
    /// would leave its root.
    pub fn locate(&self, uri: &str) -> Result<(&ArtifactStore, ArtifactPath)> {
        for (prefix, store) in &self.roots {
            if let Some(rest) = uri.strip_prefix(prefix.as_str())
                && (rest.is_empty() || rest.starts_with('/'))
            {
                let path = ArtifactPath::parse(rest.trim_start_matches('/'))?;
                return if is_reserved(&path) { Err(Error::invalid("Invalid path")) } else { Ok((store, path)) };
            }
        }
        let known: Vec<&str> = self.roots.iter().map(|(prefix, _)| prefix.as_str()).collect();
        Err(Error::new(
            ErrorKind::Unsupported,
            format!("this server serves artifacts below {}, not '{uri}'", known.join(" and ")),
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;

    #[test]
    fn only_configured_roots_are_reached() {
        let memory = || ArtifactStore::new(Arc::new(InMemory::new()));
        let artifacts = Artifacts::proxied(memory()).with_root("/srv/a/", memory());
        assert_eq!(artifacts.locate("mlflow-artifacts:/1/r/artifacts").unwrap().1.as_str(), "1/r/artifacts");
        assert_eq!(artifacts.locate("/srv/a/1").unwrap().1.as_str(), "1");
        assert_eq!(artifacts.locate("/srv/a").unwrap().1.as_str(), "");
        for outside in ["/srv/ab/1", "/etc", "s3://bucket/1", "file:///srv/a", "mlflow-artifactsx:/1"] {
            assert_eq!(artifacts.locate(outside).unwrap_err().kind(), ErrorKind::Unsupported, "{outside}");
        }
        assert!(artifacts.locate("/srv/a/../../etc").is_err());
        assert!(artifacts.locate("mlflow-artifacts:/.blobs/md5").is_err());
    }
}
