//! The documents of a record among the artifacts of its run.

use std::collections::BTreeMap;

use anyhow::Context;
use trackside_core::ErrorKind;
use trackside_evidence::{Data, Manifest, Record};
use trackside_tracking::{RunInfo, Server};

/// Largest record and manifest that is read: a million files make 200 MiB.
const MAX_DOCUMENT: usize = 512 << 20;

/// The record of a run, with the bytes it is stored as; `None` when it has none.
pub(crate) async fn record(server: &Server, info: &RunInfo) -> anyhow::Result<Option<(Record, Vec<u8>)>> {
    let stored = match server.read(info, Record::PATH, MAX_DOCUMENT).await {
        Ok(stored) => stored,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let record = Record::read(&stored).with_context(|| format!("{} of run {}", Record::PATH, info.run_id))?;
    Ok(Some((record, stored)))
}

/// The lists of files that go with a record, by the path of the data.
pub(crate) async fn manifests(server: &Server, info: &RunInfo, record: &Record) -> BTreeMap<String, Manifest> {
    let mut manifests = BTreeMap::new();
    for data in &record.data {
        // Without it a change is still found, and its files are not named.
        if let Some(manifest) = stored_manifest(server, info, data).await {
            manifests.insert(data.path.clone(), manifest);
        }
    }
    manifests
}

/// The list of the files of a directory, if it is there and whole.
pub(crate) async fn stored_manifest(server: &Server, info: &RunInfo, data: &Data) -> Option<Manifest> {
    let bytes = server.read(info, data.manifest.as_ref()?, MAX_DOCUMENT).await.ok()?;
    let manifest = Manifest::read(&bytes).ok()?;
    (Some(manifest.sha256()) == data.digest.as_ref().map(|digest| digest.sha256.clone())).then_some(manifest)
}
