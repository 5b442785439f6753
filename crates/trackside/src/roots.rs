//! From the artifact flags to roots.

use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, bail};
use trackside_artifacts::{ArtifactStore, Artifacts, PROXY_ROOT};

use crate::cli::ServeArgs;

/// Where clients reach the artifacts of a server.
const PROXY_ROUTE: &str = "/api/2.0/mlflow-artifacts/artifacts";

/// Refuses flags that name no roots, without touching any.
pub(crate) fn check(args: &ServeArgs) -> anyhow::Result<()> {
    destination(args)?;
    if args.no_serve_artifacts && args.default_artifact_root.is_none() {
        bail!("--no-serve-artifacts needs --default-artifact-root: where shall clients keep artifacts?");
    }
    Ok(())
}

fn destination(args: &ServeArgs) -> anyhow::Result<PathBuf> {
    match args.artifacts_destination.as_deref() {
        None => Ok(args.data_dir.join("artifacts")),
        Some(uri) => local_path(uri)
            .with_context(|| format!("--artifacts-destination {uri}: expected a directory or a file: URI")),
    }
}

/// The roots the server may touch, and the one under which new experiments lie.
pub(crate) fn open(args: &ServeArgs) -> anyhow::Result<(Artifacts, String)> {
    check(args)?;
    let artifacts = Artifacts::proxied(ArtifactStore::local(&absolute(destination(args)?)?)?);
    let root = match args.default_artifact_root.as_deref() {
        None => return Ok((artifacts, PROXY_ROOT.to_owned())),
        Some(root) => root.trim_end_matches('/'),
    };
    // A path below which clients and server work on the same files.
    if let Some(path) = local_path(root) {
        let path = absolute(path)?;
        let store = ArtifactStore::local(&path)?;
        let path = path.display().to_string();
        let uri = format!("file://{path}");
        let artifacts = artifacts.with_root(path.clone(), store.clone()).with_root(uri.clone(), store);
        // Clients read it as it was spelled.
        return Ok((artifacts, if root.starts_with("file:") { uri } else { path }));
    }
    let own = proxy(root).map(|proxy| (proxy, artifacts.proxy().clone()));
    let artifacts = own.into_iter().fold(artifacts, |artifacts, (proxy, store)| artifacts.with_root(proxy, store));
    Ok((artifacts, root.to_owned()))
}

/// The beginning of an HTTP URL that names a server's artifacts. MLflow takes all such for its own (`handlers.py` of
/// 3.17.2, `_get_proxied_run_artifact_destination_path`), this server the one it was started with.
fn proxy(root: &str) -> Option<&str> {
    let is_http = root.starts_with("http://") || root.starts_with("https://");
    let (server, below) = root.split_once(PROXY_ROUTE).filter(|_| is_http)?;
    (below.is_empty() || below.starts_with('/')).then(|| &root[..server.len() + PROXY_ROUTE.len()])
}

/// The path that a plain path or a `file:` URI names.
pub(crate) fn local_path(uri: &str) -> Option<PathBuf> {
    if let Some(rest) = uri.strip_prefix("file:") {
        let path = rest.strip_prefix("//").map_or(rest, |rest| rest.strip_prefix("localhost").unwrap_or(rest));
        return path.starts_with('/').then(|| Path::new(path).to_owned());
    }
    let has_scheme = uri.split_once(':').is_some_and(|(scheme, _)| !scheme.contains('/') && scheme.len() > 1);
    (!has_scheme && !uri.is_empty()).then(|| Path::new(uri).to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn opened(dir: &Path, root: &str) -> (Artifacts, String) {
        let data_dir = dir.display().to_string();
        let cli = ["trackside", "serve", "--data-dir", &data_dir, "--default-artifact-root", root];
        let Command::Serve(args) = Cli::try_parse_from(cli).unwrap().command else { panic!("no server") };
        open(&args).unwrap()
    }

    #[test]
    fn a_url_of_this_server_is_its_own_root() {
        let dir = tempfile::tempdir().unwrap();
        for below in ["", "/sub"] {
            let root = format!("http://127.0.0.1:5000{PROXY_ROUTE}{below}");
            let (artifacts, first) = opened(dir.path(), &root);
            assert_eq!(first, root);
            let (_, path) = artifacts.locate(&format!("{root}/1/r/artifacts")).unwrap();
            assert_eq!(format!("/{}", path.as_str()), format!("{below}/1/r/artifacts"));
            assert!(artifacts.locate(&format!("http://other{PROXY_ROUTE}/1")).is_err());
        }
        for elsewhere in ["http://127.0.0.1/x", &format!("http://h{PROXY_ROUTE}x"), &format!("s3://b{PROXY_ROUTE}")] {
            assert!(opened(dir.path(), elsewhere).0.locate(elsewhere).is_err(), "{elsewhere}");
        }
    }

    #[test]
    fn clients_read_the_root_as_it_was_spelled() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root").display().to_string();
        for spelled in [path.clone(), format!("file://{path}")] {
            assert_eq!(opened(dir.path(), &spelled).1, spelled);
        }
    }

    #[test]
    fn paths_and_file_uris_are_local() {
        assert_eq!(local_path("./a").unwrap(), Path::new("./a"));
        assert_eq!(local_path("file:///srv/a").unwrap(), Path::new("/srv/a"));
        assert_eq!(local_path("file:/srv/a").unwrap(), Path::new("/srv/a"));
        for other in ["s3://bucket/a", "mlflow-artifacts:/", "gs://b", "file:relative", ""] {
            assert!(local_path(other).is_none(), "{other}");
        }
    }
}
