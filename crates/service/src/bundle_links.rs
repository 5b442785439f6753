//! Bundles in the model registry: a link is a model version whose files are those of the bundle in its run.

use trackside_core::{
    Bundle, BundleState, Error, ErrorKind, Key, ModelVersion, ModelVersionChange, Page, PageRequest, Query,
    RegisteredModelChange, Result, Tag, fault,
    query::{Compare, Filter, ModelVersionField, Test},
};

use crate::{Service, VersionRequest, artifact_uri::below};

impl Service {
    /// The version of a registered model that a bundle is; made when there is none, and so is the model, with these
    /// tags. The version gets the aliases. `marker` is the tag by which the versions of a bundle are known.
    pub async fn link_to_model(
        &self,
        bundle: &Bundle,
        model: &Key,
        model_tags: Vec<Tag>,
        marker: Tag,
        aliases: Vec<Key>,
    ) -> Result<ModelVersion> {
        if bundle.state != BundleState::Committed {
            return Err(fault::bundle_not_committed(bundle.id));
        }
        // Two that link one bundle would make two versions.
        let _turn = self.commits.lock().await;
        let version = match self.linked_version(model, &marker).await? {
            Some(version) => version,
            None => self.make_version(bundle, model, model_tags, marker).await?,
        };
        for alias in aliases {
            self.change_registered_model(model, RegisteredModelChange::SetAlias(alias, version.number)).await?;
        }
        self.model_version(model, version.number).await
    }

    /// The version of a model that has this marker, if there is one.
    pub async fn linked_version(&self, model: &Key, marker: &Tag) -> Result<Option<ModelVersion>> {
        let marked = text(ModelVersionField::Tag(marker.key.clone()), &marker.value);
        let mut page = self.versions_of_model(model, Some(marked), PageRequest::first(1)).await?;
        match page.items.pop() {
            Some(found) => self.model_version(model, found.number).await.map(Some),
            None => Ok(None),
        }
    }

    /// The versions of all models that have this marker, at most a thousand, without aliases.
    pub async fn versions_marked(&self, marker: &Tag) -> Result<Vec<ModelVersion>> {
        let filter = text(ModelVersionField::Tag(marker.key.clone()), &marker.value);
        let query = Query { filter, ..Query::default() };
        Ok(self.search_model_versions(query, PageRequest::first(1_000)).await?.items)
    }

    /// A page of the versions of a model that pass a filter, the latest change first, without aliases.
    pub async fn versions_of_model(
        &self,
        model: &Key,
        filter: Option<Filter<ModelVersionField>>,
        page: PageRequest,
    ) -> Result<Page<ModelVersion>> {
        let of = text(ModelVersionField::Model, model.as_str());
        let filter = Filter::All(std::iter::once(of).chain(filter).collect());
        self.search_model_versions(Query { filter, ..Query::default() }, page).await
    }

    /// Takes the version away that a bundle is in a model; harmless when there is none.
    pub async fn unlink_from_model(&self, model: &Key, marker: &Tag) -> Result<()> {
        match self.linked_version(model, marker).await? {
            Some(version) => self.change_model_version(model, version.number, ModelVersionChange::Delete).await,
            None => Ok(()),
        }
    }

    async fn make_version(&self, bundle: &Bundle, model: &Key, tags: Vec<Tag>, marker: Tag) -> Result<ModelVersion> {
        let Some((run, folder)) = self.bundle_folder(bundle).await? else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "only an artifact that a run has logged can be in the model registry",
            ));
        };
        match self.create_registered_model(model.clone(), None, tags).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => drop(created?),
        }
        let root = self.run(&run).await?.info.artifact_uri;
        let request = VersionRequest {
            model: model.clone(),
            source: below(&root, folder.as_str()),
            run: Some(run),
            logged_model: None,
            run_link: None,
            description: bundle.description.clone(),
            tags: vec![marker],
            placeholder: false,
        };
        self.create_model_version(request).await
    }
}

fn text(field: ModelVersionField, value: &str) -> Filter<ModelVersionField> {
    Filter::Field(field, Test::Text(Compare::Equal, value.to_owned()))
}
