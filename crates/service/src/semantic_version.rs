//! Semantic versions beside the numbers of model versions: the tag [`SEMVER_TAG`].

use trackside_core::{
    Error, ErrorKind, Key, ModelVersion, PageRequest, Result, Tag, VersionNumber,
    query::{Compare, Filter, ModelVersionField, Test},
};

use trackside_evidence::mirror::SEMVER_TAG;

use crate::Service;

impl Service {
    /// `Invalid` when a tag is to hold a semantic version and does not, `AlreadyExists` when another version of the model has it.
    /// To be called, and the tag to be set, in one turn.
    pub(crate) async fn check_semver(&self, model: &Key, number: Option<VersionNumber>, tag: &Tag) -> Result<()> {
        if tag.key.as_str() != SEMVER_TAG {
            return Ok(());
        }
        semver::Version::parse(&tag.value).map_err(|error| {
            Error::invalid(format!("'{}' is no semantic version such as 1.2.0: {error}", tag.value))
        })?;
        match self.version_named_so(model, &tag.value).await? {
            Some(other) if Some(other.number) != number => Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("version {} of '{model}' is {} already", other.number, tag.value),
            )),
            _ => Ok(()),
        }
    }

    async fn version_named_so(&self, model: &Key, semver: &str) -> Result<Option<ModelVersion>> {
        let is_it = Test::Text(Compare::Equal, semver.to_owned());
        let filter = Filter::Field(ModelVersionField::Tag(Key::new(SEMVER_TAG)?), is_it);
        Ok(self.versions_of_model(model, Some(filter), PageRequest::first(1)).await?.items.pop())
    }
}
