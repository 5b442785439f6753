//! The statement: these artifacts were made by that command from those inputs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use trackside_core::Error;

use crate::{Data, Gap, Package, Record, audit::Report, remote_url::remote_url};

const TYPE: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://slsa.dev/provenance/v1";
/// What `externalParameters` and the others mean; an identifier, of which nothing has to be at that address.
const BUILD: &str = "https://trackside.dev/training-run/v1";

/// A statement of the in-toto attestation framework.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    /// What it is about.
    pub subject: Vec<Subject>,
    /// What the predicate means.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said of it.
    pub predicate: Value,
}

/// Something that a statement is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// An artifact below the run's artifacts, or data below the project.
    #[serde(default)]
    pub name: String,
    /// `output:<path>` for what the command wrote to the project; artifacts have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// By algorithm, in hexadecimal.
    pub digest: BTreeMap<String, String>,
    /// Further facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Value>,
}

/// Who saw the run, e.g. `https://trackside.dev/host/ws-1`.
#[derive(Debug, Clone)]
pub struct Builder(pub String);

impl Builder {
    /// The Trackside of a machine.
    pub fn on(hostname: &str) -> Self {
        Self(format!("https://trackside.dev/host/{hostname}"))
    }
}

impl Statement {
    /// What a record says, and what an audit found, as SLSA's provenance. `stored` is the record as it is stored.
    pub fn of(record: &Record, stored: &[u8], builder: &Builder, audit: Option<&Report>) -> Self {
        let artifacts = record.artifacts.iter().map(|file| Subject::artifact(&file.path, file.sha256.clone()));
        let own = Subject::artifact(Record::PATH, hex::encode(Sha256::digest(stored)));
        let outputs = record.outputs.iter().filter_map(Subject::output);
        let subject = artifacts.chain([own]).chain(outputs).collect();
        let mut byproducts: Vec<Value> = Vec::new();
        if let Some(report) = audit {
            let verdicts: Map<String, Value> = report
                .findings
                .iter()
                .map(|finding| {
                    (finding.dimension.to_string(), json!({"verdict": finding.verdict, "reason": finding.reason}))
                })
                .collect();
            byproducts.push(json!({
                "name": "audit",
                "annotations": {
                    "audited_at": report.audited_at, "overall": report.overall, "dimensions": verdicts,
                },
            }));
        }
        let execution = record.execution.as_ref();
        let predicate = json!({
            "buildDefinition": {
                "buildType": BUILD,
                "externalParameters": {
                    "command": execution.map(|execution| &execution.command),
                    "params": record.parameters.as_ref().map(|parameters| &parameters.values),
                },
                "internalParameters": internal(record),
                "resolvedDependencies": dependencies(record),
            },
            "runDetails": {
                "builder": {"id": builder.0, "version": {"trackside": record.recorder}},
                "metadata": metadata(record),
                "byproducts": byproducts,
            },
        });
        Self { kind: TYPE.to_owned(), subject, predicate_type: PREDICATE.to_owned(), predicate: bare(predicate) }
    }

    /// That of these subjects is said what the predicate means.
    pub(crate) fn about(subject: Vec<Subject>, predicate_type: &str, predicate: Value) -> Self {
        Self { kind: TYPE.to_owned(), subject, predicate_type: predicate_type.to_owned(), predicate }
    }

    /// The same, for a run that a version of a registered model was made from.
    #[must_use]
    pub fn registered_as(mut self, model: &str, version: &str) -> Self {
        let registered = json!({"name": "registered model version", "uri": format!("models:/{model}/{version}")});
        if let Some(byproducts) = self.predicate["runDetails"]["byproducts"].as_array_mut() {
            byproducts.push(registered);
        }
        self
    }

    /// The same, with something that is not known besides what the record says.
    #[must_use]
    pub fn without(mut self, gap: &Gap) -> Self {
        let unknown = &mut self.predicate["buildDefinition"]["internalParameters"]["unknown"];
        if let Some(unknown) = unknown.as_array_mut() {
            unknown.push(told(gap));
        }
        self
    }

    /// Reads a statement, of whatever predicate. The message says what is wrong with it.
    pub fn read(json: &[u8]) -> Result<Self, Error> {
        let malformed = |error| Error::invalid(format!("not a statement of in-toto: {error}"));
        let statement: Self = serde_json::from_slice(json).map_err(malformed)?;
        if statement.kind != TYPE {
            return Err(Error::invalid(format!("a statement of type {}, where {TYPE} was expected", statement.kind)));
        }
        if statement.subject.is_empty() || statement.subject.iter().any(|subject| subject.digest.is_empty()) {
            return Err(Error::invalid("not a statement of in-toto: it needs subjects, each with a digest"));
        }
        Ok(statement)
    }

    /// The bytes that are signed.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic, as the message says")]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("all keys are texts")
    }
}

fn internal(record: &Record) -> Value {
    let python = record.environment.python.as_ref();
    let unknown: Vec<Value> = record.gaps.iter().map(told).collect();
    json!({
        "python": python.map(|python| format!("{} {}", python.implementation, python.version)),
        "os": record.environment.computer.os,
        "architecture": record.environment.computer.architecture,
        "variables": record.environment.variables,
        "dirty": record.code.repository.as_ref().map(|repository| repository.dirty),
        "inputs_key": record.inputs_key,
        "provenance_key": record.provenance_key,
        // What is not known is said, never left out.
        "unknown": unknown,
    })
}

fn told(gap: &Gap) -> Value {
    json!({"dimension": gap.dimension, "what": gap.what, "why": gap.why})
}

fn metadata(record: &Record) -> Value {
    let execution = record.execution.as_ref();
    json!({
        "invocationId": record.run_id.as_ref().map(|id| format!("run:{id}")),
        "startedOn": execution.map(|execution| execution.started_at),
        "finishedOn": execution.and_then(|execution| execution.ended_at),
    })
}

fn dependencies(record: &Record) -> Vec<Value> {
    let mut all = Vec::new();
    if let Some(repository) = &record.code.repository
        && let Some(commit) = repository.exact_commit()
    {
        let remote = repository.remotes.first().and_then(|remote| remote_url(&remote.url));
        let remote = remote.map(|url| format!("git+{url}"));
        all.push(json!({
            "name": "code",
            "uri": remote,
            "digest": {"gitCommit": commit},
            "annotations": {"tree": repository.exact_tree(), "head": repository.commit, "branch": repository.branch},
        }));
    }
    all.extend(record.data.iter().filter_map(|data| described(data, "dvc")));
    all.extend(record.environment.locks.iter().map(
        |lock| json!({"name": lock.path, "uri": format!("file:{}", lock.path), "digest": {"sha256": lock.sha256}}),
    ));
    let packages = record.environment.python.iter().flat_map(|python| &python.packages);
    all.extend(packages.map(|Package { name, version, vcs, .. }| {
        let digest = vcs.as_ref().map(|vcs| json!({"gitCommit": vcs.commit}));
        json!({"name": name, "uri": format!("pkg:pypi/{name}@{version}"), "digest": digest})
    }));
    all
}

impl Subject {
    pub(crate) fn artifact(path: &str, sha256: String) -> Self {
        let digest = BTreeMap::from([("sha256".to_owned(), sha256)]);
        Self { name: path.to_owned(), uri: None, digest, annotations: None }
    }

    fn output(data: &Data) -> Option<Self> {
        serde_json::from_value(described(data, "output")?).ok()
    }
}

/// Digests are plain hexadecimal there, so DVC's `.dir` goes beside them. The SHA-256 of a directory is no hash of a
/// file: the annotations say so.
fn described(data: &Data, scheme: &str) -> Option<Value> {
    let digest = data.digest.as_ref()?;
    let md5 = digest.md5.strip_suffix(".dir").unwrap_or(&digest.md5);
    Some(json!({
        "name": data.path,
        "uri": format!("{scheme}:{}", data.path),
        "digest": {"md5": md5, "sha256": digest.sha256},
        "annotations": {"dvc": digest.md5, "size": digest.size, "files": digest.files},
    }))
}

/// Without what is null: readers of protobuf's JSON take some for faults.
fn bare(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name, bare(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(bare).collect(),
        other => other,
    }
}
