//! A model version as a bill of materials: `CycloneDX` 1.6 with a model card, as inventories read it.
//!
//! Source: the schema of `CycloneDX` 1.6 (ECMA-424). Data are components of the type `data`, packages `library`, files of the model
//! `file`. What is not known is left out; nothing is guessed, as licences would be.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use trackside_core::{Timestamp, uuid};

use crate::{Record, Recorded};

/// All but what stands for itself in a package URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// What is known of a model version.
#[derive(Debug, Clone)]
pub struct ModelFacts<'a> {
    /// Name of the registered model.
    pub model: &'a str,
    /// Number of the version.
    pub version: &'a str,
    /// Where the registry is.
    pub registry: &'a str,
    /// Free text.
    pub description: Option<&'a str>,
    /// Id of the run that made it.
    pub run: Option<&'a str>,
    /// Its latest metrics, by key.
    pub metrics: BTreeMap<String, f64>,
    /// Digests of datasets that its client logged, by name.
    pub datasets: BTreeMap<String, String>,
    /// What else is told of it, by name: params, stage, aliases.
    pub properties: Vec<(String, String)>,
    /// What was recorded of the run.
    pub record: Option<&'a Record>,
}

impl ModelFacts<'_> {
    /// The document. `bits` are random: a document that is made anew is another one.
    pub fn bill_of_materials(&self, at: Timestamp, bits: u128) -> Value {
        let (data, libraries, files) = (self.data(), self.libraries(), self.files());
        let mut model = json!({
            "bom-ref": "model",
            "type": "machine-learning-model",
            "name": self.model,
            "version": self.version,
            "purl": format!("pkg:mlflow/{}@{}?repository_url={}", escaped(self.model), escaped(self.version), escaped(self.registry)),
            "modelCard": self.card(&data),
        });
        set(&mut model, "description", self.description.filter(|text| !text.is_empty()).map(Value::from));
        set(&mut model, "components", Some(files).filter(|files| !files.is_empty()).map(Value::from));
        set(&mut model, "externalReferences", self.sources());
        let properties: Vec<Value> = self
            .run
            .map(|run| ("run_id".to_owned(), run.to_owned()))
            .into_iter()
            .chain(self.properties.iter().cloned())
            .map(|(name, value)| json!({ "name": format!("mlflow:{name}"), "value": value }))
            .collect();
        set(&mut model, "properties", Some(properties).filter(|all| !all.is_empty()).map(Value::from));
        let used: Vec<Value> = data.iter().chain(&libraries).map(|part| part["bom-ref"].clone()).collect();
        let components: Value = [data, libraries].concat().into();
        json!({
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": format!("urn:uuid:{}", uuid(bits)),
            "version": 1,
            "metadata": {
                "timestamp": at.rfc3339(),
                "tools": { "components": [
                    { "type": "application", "name": "trackside", "version": env!("CARGO_PKG_VERSION") },
                ] },
                "component": model,
            },
            "components": components,
            "dependencies": [{ "ref": "model", "dependsOn": used }],
        })
    }

    fn card(&self, data: &[Value]) -> Value {
        let datasets: Vec<Value> = data.iter().map(|part| json!({ "ref": part["bom-ref"] })).collect();
        let metric = |(key, value): (&String, &f64)| json!({ "type": key, "value": value.to_string() });
        let metrics: Vec<Value> = self.metrics.iter().map(metric).collect();
        let mut card = json!({});
        set(&mut card, "modelParameters", (!datasets.is_empty()).then(|| json!({ "datasets": datasets })));
        set(&mut card, "quantitativeAnalysis", (!metrics.is_empty()).then(|| json!({ "performanceMetrics": metrics })));
        card
    }

    /// What it was made from, whoever says so.
    fn data(&self) -> Vec<Value> {
        let mut parts = Vec::new();
        for data in self.record.iter().flat_map(|record| &record.data) {
            let mut part = json!({
                "bom-ref": format!("data:{}", data.path),
                "type": "data",
                "name": data.path,
                "data": [{ "type": "dataset", "name": data.path }],
            });
            if let Some(digest) = &data.digest {
                set(&mut part, "version", Some(digest.md5.as_str().into()));
                set(&mut part, "hashes", Some(json!([{ "alg": "SHA-256", "content": digest.sha256 }])));
            }
            let at = data.recorded.as_ref().and_then(|Recorded { repository, .. }| repository.clone());
            set(&mut part, "externalReferences", at.map(|url| json!([{ "type": "vcs", "url": url }])));
            parts.push(part);
        }
        // What was recorded is logged as a dataset as well.
        let is_new = |name: &String| self.record.is_none_or(|record| record.data.iter().all(|data| data.path != *name));
        for (name, digest) in self.datasets.iter().filter(|(name, _)| is_new(name)) {
            let mut part = json!({
                "bom-ref": format!("dataset:{name}"),
                "type": "data",
                "name": name,
                "data": [{ "type": "dataset", "name": name }],
            });
            set(&mut part, "version", Some(digest.as_str()).filter(|digest| !digest.is_empty()).map(Value::from));
            parts.push(part);
        }
        parts
    }

    fn libraries(&self) -> Vec<Value> {
        let python = self.record.and_then(|record| record.environment.python.as_ref());
        let packages = python.iter().flat_map(|python| &python.packages);
        let library = |package: &crate::Package| {
            let name = package.name.to_lowercase().replace('_', "-");
            json!({
                "bom-ref": format!("pypi:{name}"),
                "type": "library",
                "name": package.name,
                "version": package.version,
                "purl": format!("pkg:pypi/{}@{}", escaped(&name), escaped(&package.version)),
            })
        };
        // Two distributions of a name may be installed; the first is imported.
        let mut known = BTreeSet::new();
        packages.map(library).filter(|part| known.insert(part["bom-ref"].to_string())).collect()
    }

    /// The files of the run, as they were when it ended.
    fn files(&self) -> Vec<Value> {
        let files = self.record.iter().flat_map(|record| &record.artifacts);
        let file = |file: &crate::StoredFile| {
            json!({
                "bom-ref": format!("file:{}", file.path),
                "type": "file",
                "name": file.path,
                "hashes": [{ "alg": "SHA-256", "content": file.sha256 }],
            })
        };
        files.map(file).collect()
    }

    /// Where the code is.
    fn sources(&self) -> Option<Value> {
        let repository = self.record?.code.repository.as_ref()?;
        let commit = repository.exact_commit()?;
        let reference =
            |remote: &crate::Remote| json!({ "type": "vcs", "url": remote.url, "comment": format!("commit {commit}") });
        let references: Vec<Value> = repository.remotes.iter().map(reference).collect();
        (!references.is_empty()).then(|| references.into())
    }
}

fn set(object: &mut Value, key: &str, value: Option<Value>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        Map::insert(object, key.to_owned(), value);
    }
}

/// As package URLs want it.
fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}
