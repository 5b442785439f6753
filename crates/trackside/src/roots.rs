//! From the artifact flags to roots.

use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, bail};
use trackside_artifacts::{ArtifactStore, Artifacts, PROXY_ROOT};

use crate::cli::ServeArgs;

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
    match local_path(root) {
        // A path below which clients and server work on the same files.
        Some(path) => {
            let path = absolute(path)?;
            let store = ArtifactStore::local(&path)?;
            let path = path.display().to_string();
            let uri = format!("file://{path}");
            let artifacts = artifacts.with_root(path.clone(), store.clone()).with_root(uri.clone(), store);
            // Clients read it as it was spelled.
            Ok((artifacts, if root.starts_with("file:") { uri } else { path }))
        }
        None => Ok((artifacts, root.to_owned())),
    }
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

    #[test]
    fn clients_read_the_root_as_it_was_spelled() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root").display().to_string();
        for spelled in [path.clone(), format!("file://{path}")] {
            let data_dir = dir.path().display().to_string();
            let cli = ["trackside", "serve", "--data-dir", &data_dir, "--default-artifact-root", &spelled];
            let Command::Serve(args) = Cli::try_parse_from(cli).unwrap().command else { panic!("no server") };
            assert_eq!(open(&args).unwrap().1, spelled);
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
