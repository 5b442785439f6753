//! Versions of registered models as people name them.

use trackside_core::{Error, Result};
use trackside_evidence::mirror::SEMVER_TAG;
use trackside_tracking::{ModelVersion, Server};

/// What a name may be.
pub(crate) const EXPECTED: &str = "expected NAME/3, NAME/1.2.0 or NAME@ALIAS";

/// The version that is named: by its number, its semantic version or an alias. `Invalid` when that is no name of a version,
/// `NotFound` when there is none.
pub(crate) async fn find(server: &Server, name: &str) -> Result<ModelVersion> {
    if let Some((model, alias)) = name.split_once('@') {
        return server.aliased_version(model, alias).await;
    }
    let (model, version) =
        name.rsplit_once('/').ok_or_else(|| Error::invalid(format!("'{name}' names no version; {EXPECTED}")))?;
    if !is_semver(version) {
        return server.model_version(model, version).await;
    }
    let called_so = server.model_versions(&format!("tags.`{SEMVER_TAG}` = '{version}'")).await?;
    let own = called_so.into_iter().find(|found| found.name == model);
    own.ok_or_else(|| Error::not_found(format!("no version of '{model}' is {version}")))
}

/// Whether it is a semantic version, which no number is.
pub(crate) fn is_semver(text: &str) -> bool {
    semver::Version::parse(text).is_ok()
}
