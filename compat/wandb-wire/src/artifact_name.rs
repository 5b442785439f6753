//! What artifacts are called: `collection:version`, where a version is `v` and a number, an alias or a digest.

use ring::digest::{SHA256, digest};
use trackside_core::WhichMember;

/// The alias that the latest version of a collection has.
pub const LATEST: &str = "latest";
/// The registry of each entity.
pub const OWN_REGISTRY: &str = "model-registry";
/// What names of registries of the organisation begin with.
const REGISTRY_PREFIX: &str = "wandb-registry-";
/// The registry of the organisation that is always there.
pub const MODEL_REGISTRY: &str = "wandb-registry-model";

/// A name in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactName<'a> {
    /// Name of the collection.
    pub collection: &'a str,
    /// The version; the latest where the name does not say.
    pub version: &'a str,
}

impl<'a> ArtifactName<'a> {
    /// Reads a name; any entity and project before it are passed over.
    pub fn parse(name: &'a str) -> Self {
        let name = name.rsplit('/').next().unwrap_or(name);
        let (collection, version) = name.split_once(':').unwrap_or((name, LATEST));
        Self { collection, version }
    }
}

/// The number in `v` and a number.
pub fn number(version: &str) -> Option<u32> {
    let digits = version.strip_prefix('v')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

/// What a version may mean, in the order in which to look.
pub fn meanings(version: &str) -> Vec<WhichMember> {
    let alias = WhichMember::Alias(version.to_owned());
    match number(version) {
        Some(number) => vec![WhichMember::Number(number), alias],
        None => vec![alias, WhichMember::Digest(version.to_owned())],
    }
}

/// Whether a project is a registry, whose collections are registered models.
pub fn is_registry(project: &str) -> bool {
    project == OWN_REGISTRY || is_registry_of_organization(project)
}

/// Whether it is a registry that all entities share.
pub fn is_registry_of_organization(project: &str) -> bool {
    project.starts_with(REGISTRY_PREFIX)
}

/// The number of a registry, by which clients filter: made from its name.
pub fn registry_number(project: &str) -> i64 {
    let hash = digest(&SHA256, format!("wandb-registry-v1\n{project}").as_bytes());
    // Whole in every client: below 2^53.
    let bytes = hash.as_ref().iter().take(6);
    bytes.fold(0, |number, byte| number << 8 | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_parts() {
        let parts = |name| {
            let ArtifactName { collection, version } = ArtifactName::parse(name);
            (collection, version)
        };
        assert_eq!(parts("data:v3"), ("data", "v3"));
        assert_eq!(parts("team/project/data:best"), ("data", "best"));
        assert_eq!(parts("data"), ("data", "latest"));
        assert_eq!(meanings("v12")[0], WhichMember::Number(12));
        assert_eq!(meanings("v1x")[0], WhichMember::Alias("v1x".to_owned()));
        assert_eq!((number("v"), number("v99999999999"), number("vv1"), number("v+1")), (None, None, None, None));
        assert!(!is_registry_of_organization("model-registry") && is_registry_of_organization(MODEL_REGISTRY));
        assert_ne!(registry_number("wandb-registry-a"), registry_number("wandb-registry-b"));
        assert!(is_registry("model-registry") && is_registry("wandb-registry-model") && !is_registry("model"));
    }
}
