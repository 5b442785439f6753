//! Artifacts as files of a run.

use std::collections::BTreeSet;

use trackside_core::{ArtifactPath, ArtifactSource, Error, ErrorKind, Result, RunId};
use trackside_wandb_wire::run_files::{CreateRunFiles, RunFiles};

use super::{Client, Place};

/// Files whose addresses are asked for at once: addresses expire, and the last of many would have to wait.
const AT_ONCE: usize = 25;

/// Uploads artifacts as they are now; the paths of those that were still there, as the server knows them.
pub(super) async fn files(
    client: &Client,
    artifacts: &dyn ArtifactSource,
    run: &RunId,
    place: Place<'_>,
    paths: &BTreeSet<&ArtifactPath>,
) -> Result<Vec<String>> {
    let paths: Vec<&ArtifactPath> = paths.iter().copied().collect();
    let mut uploaded = Vec::new();
    for some in paths.chunks(AT_ONCE) {
        let addresses = addresses(client, place, some).await?;
        for path in some {
            // One that is gone is passed over: an event that says so is on its way.
            let Some(bytes) = artifacts.artifact(run, path).await? else { continue };
            let name = crate::run_file(path);
            let url = addresses.url(&name).ok_or_else(|| {
                Error::new(ErrorKind::Unavailable, format!("the server gave no address for file {name}"))
            })?;
            client.upload(url, addresses.headers(), bytes).await?;
            uploaded.push(name);
        }
    }
    Ok(uploaded)
}

async fn addresses(client: &Client, place: Place<'_>, paths: &[&ArtifactPath]) -> Result<RunFiles> {
    let call = CreateRunFiles {
        entity: place.entity.to_owned(),
        project: place.project.to_owned(),
        run: place.name.to_owned(),
        files: paths.iter().map(|path| crate::run_file(path)).collect(),
    };
    Ok(client.graphql(&call).await?.create_run_files)
}
