//! The side of git.

use std::collections::{BTreeMap, BTreeSet};

use trackside_core::ErrorKind;
use trackside_evidence::mirror::{Deed, GitDeed, GitModel, GitTag, Version, read_tags};
use trackside_provenance::git::{AnnotatedTag, Fault, TagRepository};
use trackside_tracking::Registrar;

use super::report::{Report, Written};
use crate::recording::{GIT_COMMIT, GIT_SNAPSHOT, pairs};

/// Where MLflow's clients note the commit of a run.
const MLFLOW_COMMIT: &str = "mlflow.source.git.commit";

/// The tags of a repository.
pub(super) struct Tags {
    /// By the names they are of.
    pub(super) models: BTreeMap<String, GitModel>,
}

impl Tags {
    pub(super) fn read(repository: &TagRepository) -> Result<Self, Fault> {
        let tag = |tag: AnnotatedTag| {
            let AnnotatedTag { name, object, commit, at, by, message } = tag;
            GitTag { name, object, commit, at, by, message }
        };
        let models = read_tags(repository.annotated()?.into_iter().map(tag).collect());
        Ok(Self { models })
    }

    /// Writes what can be written; what git refuses is a conflict.
    pub(super) async fn write(
        &self,
        repository: &TagRepository,
        deeds: &[GitDeed],
        registrar: &Registrar,
        refused: &mut BTreeSet<String>,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let mut made: BTreeMap<(&str, &Version), String> = BTreeMap::new();
        let mut stopped: BTreeSet<&str> = BTreeSet::new();
        for deed in deeds {
            // Tags of a model tell its history in their order.
            if stopped.contains(deed.name.artifact.as_str()) {
                continue;
            }
            let artifact = deed.name.artifact.as_str();
            let (key, name) = ((artifact, &deed.version), deed.name.to_string());
            let commit = if matches!(deed.name.deed, Deed::Register(_)) {
                let candidates = candidates(deed, registrar).await?;
                let taken: BTreeSet<&str> = self.models.get(artifact).into_iter().flat_map(GitModel::taken).collect();
                let is_new = |id: &str| made.iter().any(|((of, _), commit)| *of == artifact && commit == id);
                let is_taken = |id: &str| taken.contains(id) || is_new(id);
                repository.commit_for(&candidates, &is_taken, deed.at, &deed.message).map(Some)
            } else {
                let there = self.models.get(artifact).and_then(|model| model.commit(&deed.version));
                Ok(made.get(&key).cloned().or_else(|| there.map(str::to_owned)))
            };
            let written = commit.and_then(|commit| {
                // The version that it would be on was refused.
                let Some(commit) = commit else { return Ok(None) };
                repository.write(&name, &commit, deed.at, deed.by.as_deref(), &deed.message)?;
                Ok(Some(commit))
            });
            match written {
                Ok(None) => {}
                Ok(Some(commit)) => {
                    made.insert(key, commit.clone());
                    report.git.push(Written { tag: name, commit });
                }
                Err(fault) => {
                    report.refused(artifact, name.clone(), &fault.to_string());
                    refused.insert(artifact.to_owned());
                    stopped.insert(artifact);
                }
            }
        }
        Ok(())
    }
}

/// The commits that a run says it is of, the exact one first.
async fn candidates(deed: &GitDeed, registrar: &Registrar) -> anyhow::Result<Vec<String>> {
    let Some(run) = &deed.run else { return Ok(Vec::new()) };
    let mut tags = match registrar.server().run(run).await {
        Ok(run) => pairs(&run.data.tags),
        // The registry need not be where the runs are.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    Ok([GIT_SNAPSHOT, GIT_COMMIT, MLFLOW_COMMIT].into_iter().filter_map(|key| tags.remove(key)).collect())
}
