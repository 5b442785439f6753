//! What a run has stored: its artifacts, and the files of the models it has logged.

use std::collections::BTreeSet;

use trackside_core::Result;
use trackside_evidence::Record;
use trackside_tracking::{Run, Server};

/// A file of a run.
#[derive(Debug, Clone)]
pub(crate) struct StoredNow {
    /// As a record names it.
    pub(crate) path: String,
    /// In bytes.
    pub(crate) size: u64,
    /// The artifact URI it is below, and where.
    root: String,
    below: String,
}

impl StoredNow {
    /// Its SHA-256 in hexadecimal.
    pub(crate) async fn sha256(&self, server: &Server) -> Result<String> {
        Ok(server.sha256(&self.root, &self.below).await?.0)
    }
}

/// Whether an artifact is ours.
pub(crate) fn is_own(path: &str) -> bool {
    path.split('/').next() == Some(Record::DIRECTORY)
}

/// Every file of a run but our own, sorted by path.
///
/// A logged model stands behind its name, as MLflow's clients show it; one whose name is taken by a later model of the run
/// or by artifacts stands behind `models/<id>`.
pub(crate) async fn stored_files(server: &Server, run: &Run) -> Result<Vec<StoredNow>> {
    let info = &run.info;
    let mut stored: Vec<StoredNow> = Vec::new();
    for file in server.files(info).await? {
        if !is_own(&file.path) {
            let (path, root) = (file.path.clone(), info.artifact_uri.clone());
            stored.push(StoredNow { path, size: file.size, root, below: file.path });
        }
    }
    let first = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
    let mut taken: BTreeSet<String> = stored.iter().map(|file| first(&file.path)).collect();
    for model in server.models_of(run).await?.into_iter().rev() {
        let is_first = taken.insert(model.name.clone());
        let shown = if is_first { model.name.clone() } else { format!("models/{}", model.model_id) };
        for file in server.model_files(&model).await? {
            let path = format!("{shown}/{}", file.path);
            stored.push(StoredNow { path, size: file.size, root: model.artifact_uri.clone(), below: file.path });
        }
    }
    stored.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(stored)
}
