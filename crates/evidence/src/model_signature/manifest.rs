//! The files of a model, and the statement about them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::BundleError;

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://model_signing/signature/v1.0";
const ALGORITHM: &str = "sha256";
/// What the package leaves out at the top of a model, and what MLflow's client adds there when it downloads a version.
const IGNORED: [&str; 5] = [".git", ".gitattributes", ".github", ".gitignore", "registered_model_meta"];

/// SHA-256 of each file, in hexadecimal, by its path below the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelManifest {
    /// What the model is called; no reader compares it.
    pub name: String,
    /// By path, with `/` between its parts.
    pub files: BTreeMap<String, String>,
    /// Paths of files and directories that are not part of the model.
    ignored: Vec<String>,
}

#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Deserialize)]
struct Subject {
    name: String,
    digest: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Predicate {
    serialization: Value,
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    algorithm: String,
    digest: String,
}

impl ModelManifest {
    /// Of these files, less those that are never part of a model.
    pub fn new(name: &str, files: BTreeMap<String, String>) -> Self {
        let ignored = IGNORED.map(str::to_owned).to_vec();
        let empty = Self { name: name.to_owned(), files: BTreeMap::new(), ignored };
        Self { files: empty.relevant(files), ..empty }
    }

    /// What is found, less what is not part of the model.
    #[must_use]
    pub fn relevant<T>(&self, mut found: BTreeMap<String, T>) -> BTreeMap<String, T> {
        let is_below = |path: &str, ignored: &str| {
            path.strip_prefix(ignored).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        found.retain(|path, _| !self.ignored.iter().any(|ignored| is_below(path, ignored)));
        found
    }

    /// The statement that is signed.
    pub(super) fn statement(&self) -> Vec<u8> {
        let resource =
            |(name, digest): (&String, &String)| json!({"name": name, "algorithm": ALGORITHM, "digest": digest});
        let statement = json!({
            "_type": STATEMENT,
            "subject": [{"name": self.name, "digest": {ALGORITHM: root(self.files.values())}}],
            "predicateType": PREDICATE,
            "predicate": {
                "serialization": {
                    "method": "files",
                    "hash_type": ALGORITHM,
                    "allow_symlinks": false,
                    "ignore_paths": self.ignored,
                },
                "resources": self.files.iter().map(resource).collect::<Vec<_>>(),
            },
        });
        statement.to_string().into_bytes()
    }

    /// Reads a statement, whose signature was checked.
    pub(super) fn read(statement: &[u8]) -> Result<Self, BundleError> {
        let foreign = |_| BundleError("what is signed is no statement about the files of a model");
        let statement: Statement = serde_json::from_slice(statement).map_err(foreign)?;
        if statement.kind != STATEMENT || statement.predicate_type != PREDICATE {
            return Err(BundleError("what is signed is no statement about the files of a model"));
        }
        if statement.predicate.serialization.get("method").and_then(Value::as_str) != Some("files") {
            return Err(BundleError("it is over pieces of files, and only those over whole files are read here"));
        }
        let ignored = statement.predicate.serialization.get("ignore_paths").and_then(Value::as_array);
        let ignored = ignored.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        let resources = statement.predicate.resources;
        if resources.iter().any(|resource| resource.algorithm != ALGORITHM) {
            return Err(BundleError("its digests are not SHA-256"));
        }
        let [Subject { name, digest }] = statement.subject.as_slice() else {
            return Err(BundleError("it is not about one model"));
        };
        if digest.get(ALGORITHM) != Some(&root(resources.iter().map(|resource| &resource.digest))) {
            return Err(BundleError(
                "it contradicts itself: its digest of the model is not that of the files it lists",
            ));
        }
        let n_listed = resources.len();
        let files: BTreeMap<_, _> =
            resources.into_iter().map(|resource| (resource.name, resource.digest.to_lowercase())).collect();
        if files.len() != n_listed {
            return Err(BundleError("it lists a file twice"));
        }
        Ok(Self { name: name.clone(), files, ignored })
    }
}

/// SHA-256 over the digests as bytes, in their order.
fn root<'a>(digests: impl Iterator<Item = &'a String>) -> String {
    let mut hash = Sha256::new();
    digests.for_each(|digest| hash.update(hex::decode(digest).unwrap_or_default()));
    hex::encode(hash.finalize())
}
