use trackside_core::{
    ArtifactLocation, Error, Experiment, ExperimentChange, ExperimentId, Key, NewExperiment, Page, PageRequest, Query,
    Result, Tag, fault, query::ExperimentField,
};

use crate::{
    Service,
    artifact_uri::{UriParts, check_location},
};

impl Service {
    /// Creates an experiment; without a location of its own it lies under the artifact root, a relative path counts from
    /// where the server was started. `Invalid` for a location that the server must not follow.
    pub async fn create_experiment(&self, name: Key, location: Option<String>, tags: Vec<Tag>) -> Result<Experiment> {
        let artifact_location = match location {
            Some(uri) => {
                check_location(&uri, &self.parts.artifact_root)?;
                ArtifactLocation::At(whole(uri)?)
            }
            None => ArtifactLocation::Under(self.parts.artifact_root.clone()),
        };
        let new = NewExperiment { name, artifact_location, created_at: self.parts.clock.now(), tags };
        self.store().create_experiment(new).await
    }

    /// By id, in any stage of its life. `NotFound` when there is none.
    pub async fn experiment(&self, id: ExperimentId) -> Result<Experiment> {
        self.store().experiment(id).await?.ok_or_else(|| fault::experiment_not_found(id))
    }

    /// By name, in any stage of its life.
    pub async fn experiment_by_name(&self, name: &str) -> Result<Option<Experiment>> {
        self.store().experiment_by_name(name).await
    }

    /// Applies one change.
    pub async fn change_experiment(&self, id: ExperimentId, change: ExperimentChange) -> Result<()> {
        self.store().change_experiment(id, change, self.parts.clock.now()).await
    }

    /// One page of the experiments that match.
    pub async fn search_experiments(
        &self,
        query: Query<ExperimentField>,
        page: PageRequest,
    ) -> Result<Page<Experiment>> {
        self.store().search_experiments(query, page).await
    }
}

/// A location that does not depend on where its reader is.
fn whole(uri: String) -> Result<String> {
    let parts = UriParts::of(&uri);
    if !parts.scheme.is_empty() || !parts.authority.is_empty() || parts.path.starts_with('/') || uri.is_empty() {
        return Ok(uri);
    }
    let path = std::path::absolute(&uri)
        .map_err(|error| Error::internal(format!("cannot tell what the relative path '{uri}' counts from: {error}")))?;
    Ok(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_becomes_a_whole_one_and_nothing_else_changes() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(whole("a/b".to_owned()).unwrap(), here.join("a/b").display().to_string());
        for whole_already in ["/srv/a", "file:///srv/a", "s3://bucket/a", "mlflow-artifacts:/x", "dbfs:/a b", ""] {
            assert_eq!(whole(whole_already.to_owned()).unwrap(), whole_already);
        }
    }
}
