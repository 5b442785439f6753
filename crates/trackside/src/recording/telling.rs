//! Puts a record on its run: tags, dataset inputs, and the documents among its artifacts.

use trackside_core::Result;
use trackside_evidence::{Dimension, Gap, Manifest, Parameters, Record, Scope, StoredFile};
use trackside_provenance::git;
use trackside_tracking::{Run, RunInfo, Server, Upload};

use super::{
    files::stored_files,
    inputs::{dataset, linked},
    marks::{pairs, tags},
};

/// Lists of the files of directories, by the path of the artifact.
pub(crate) type Manifests = Vec<(String, Manifest)>;

/// Tells a run of its inputs.
pub(crate) async fn tell_inputs(
    server: &Server,
    info: &RunInfo,
    mut record: Record,
    manifests: &Manifests,
) -> Result<()> {
    record.run_id = Some(info.run_id.clone());
    let repository = record.code.repository.as_ref();
    if let Some((repository, snapshot)) = repository.and_then(|found| Some((found, found.snapshot.as_ref()?))) {
        let patience = git::Limits::default().timeout;
        if let Err(fault) = git::name(repository.root.as_ref(), &info.run_id, &snapshot.commit, patience) {
            let gap = Gap::new(Dimension::Code, "uncommitted state", format!("it has no reference: {fault}"));
            record.gaps.push(gap);
        }
    }
    server.tag(&info.run_id, &tags(&record)).await?;
    store(server, info, &record, manifests).await?;
    server.log_datasets(&info.run_id, record.data.iter().filter_map(dataset).collect()).await
}

/// Tells a run that has ended the rest: its params, datasets and files, and the key over all inputs.
pub(crate) async fn tell_end(server: &Server, run: &Run, mut record: Record, manifests: &Manifests) -> Result<()> {
    record.run_id = Some(run.info.run_id.clone());
    record.parameters = Some(Parameters::new(pairs(&run.data.params)));
    record.datasets = linked(run, &record);
    for file in stored_files(server, run).await? {
        match file.sha256(server).await {
            Ok(sha256) => record.artifacts.push(StoredFile { path: file.path, size: file.size, sha256 }),
            Err(error) => record.gaps.push(Gap::new(Dimension::Artifacts, file.path, error.message())),
        }
    }
    record.provenance_key = record.key(Scope::Provenance).ok();
    server.tag(&run.info.run_id, &tags(&record)).await?;
    store(server, &run.info, &record, manifests).await
}

async fn store(server: &Server, info: &RunInfo, record: &Record, manifests: &Manifests) -> Result<()> {
    for (path, manifest) in manifests {
        server.upload(info, path, Upload::Bytes(manifest.to_json())).await?;
    }
    // Last, so that what it refers to is there.
    server.upload(info, Record::PATH, Upload::Bytes(record.to_json())).await
}
