//! Where the files of bundles are seen: among the artifacts of the run that made them, `artifacts/<collection>/v<number>/…`.

use trackside_artifacts::Artifacts;
use trackside_core::{ArtifactPath, Bundle, BundleNumber, Collection, ErrorKind, Result, RunId, Store, fault};

/// Where the files of bundles are among the artifacts of runs.
const FOLDER: &str = "artifacts";

/// Where the files of a bundle are; `None` when no run made it.
pub(crate) fn folder_of(bundle: &Bundle, home: &Collection) -> Option<(RunId, ArtifactPath)> {
    Some((bundle.run.clone()?, folder(home.folder.as_str(), bundle.number?)?))
}

/// `artifacts/<collection>/v<number>`; `None` for a name that is no directory.
pub(crate) fn folder(collection: &str, number: BundleNumber) -> Option<ArtifactPath> {
    let path = ArtifactPath::parse(&format!("{FOLDER}/{collection}/v{number}")).ok()?;
    (path.as_str().split('/').count() == 3 && !collection.contains('/')).then_some(path)
}

/// Removes a folder of a run; says whether this server could reach it.
pub(crate) async fn remove(
    store: &dyn Store,
    artifacts: &Artifacts,
    run: &RunId,
    folder: &ArtifactPath,
) -> Result<bool> {
    let uri = store.run(run).await?.ok_or_else(|| fault::run_not_found(run))?.info.artifact_uri;
    match artifacts.locate(&uri) {
        Ok((root, base)) => root.delete(&base.join(folder)).await.map(|()| true),
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_is_one_directory() {
        assert_eq!(folder("a b.c-ä", 12).unwrap().as_str(), "artifacts/a b.c-ä/v12");
        for bad in ["", ".", "..", "a/b", "/", "a\\b", "a\nb"] {
            assert_eq!(folder(bad, 0), None, "{bad:?}");
        }
    }
}
