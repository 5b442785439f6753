//! One number over all inputs: equal keys mean equal inputs.
//!
//! A key is SHA-256 over the *canonical form*: one line of JSON with sorted keys and no blanks. Absolute paths, times,
//! hosts and branches are not in it, because the same inputs may stand elsewhere under another name.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{Dimension, Environment, Gap, Record};

/// Version of the canonical form. It is part of what is hashed, so a new one never meets an old one.
const VERSION: u32 = 1;

/// SHA-256 in 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(String);

impl Key {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a key is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// What is known before the command begins: code, data, environment, command.
    Inputs,
    /// Those and the params of the run.
    Provenance,
}

/// Why there is no key: an input that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    /// What is not known.
    pub unknown: Vec<Gap>,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no key, because not all inputs are known: ")?;
        for (index, gap) in self.unknown.iter().enumerate() {
            let comma = if index == 0 { "" } else { "; " };
            write!(f, "{comma}{} ({}): {}", gap.what, gap.dimension, gap.why)?;
        }
        Ok(())
    }
}

impl std::error::Error for KeyError {}

impl Record {
    /// The key over these inputs; an error names every input that is not known.
    pub fn key(&self, scope: Scope) -> Result<Key, KeyError> {
        let unknown = self.unknown(scope);
        if !unknown.is_empty() {
            return Err(KeyError { unknown });
        }
        Ok(Key(hex::encode(Sha256::digest(self.canonical(scope).to_string()))))
    }

    /// The key that the record states, and another one that it should have: its own, computed anew, or the one that is
    /// kept beside it. `None` when they agree, or when it states none.
    pub fn contradiction(&self, kept: Option<&str>) -> Option<(String, String)> {
        let stated = self.provenance_key.as_ref()?.as_str();
        let computed = self.key(Scope::Provenance).ok();
        let computed = computed.as_ref().map_or("none", |key| key.as_str());
        let others = [computed, kept.unwrap_or(stated)];
        let other = others.into_iter().find(|other| *other != stated)?;
        Some((stated.to_owned(), other.to_owned()))
    }

    fn unknown(&self, scope: Scope) -> Vec<Gap> {
        let inputs = [Dimension::Code, Dimension::Data, Dimension::Environment];
        let mut unknown: Vec<Gap> =
            self.gaps.iter().filter(|gap| !gap.aside && inputs.contains(&gap.dimension)).cloned().collect();
        let mut missing = |dimension, what: &str, why: &str| unknown.push(Gap::new(dimension, what, why));
        match &self.code.repository {
            None => missing(Dimension::Code, "code", "it is in no repository"),
            Some(repository) if repository.exact_tree().is_none() => {
                missing(Dimension::Code, "code", "uncommitted state was not kept whole");
            }
            Some(_) => {}
        }
        for data in self.data.iter().filter(|data| data.digest.is_none() && !data.is_yet_to_be_made()) {
            missing(Dimension::Data, &data.path, "it has no digest");
        }
        if self.execution.is_none() {
            missing(Dimension::Execution, "command", "it is not recorded");
        }
        if scope == Scope::Provenance && self.parameters.is_none() {
            missing(Dimension::Parameters, "params", "the run has not ended");
        }
        unknown
    }

    /// `serde_json`'s maps are sorted, so this is canonical.
    fn canonical(&self, scope: Scope) -> Value {
        let code = self.code.repository.as_ref().map(|repository| {
            let modules = repository.submodules.iter();
            let modules: Vec<_> = modules.map(|module| json!([module.path, module.checked_out])).collect();
            json!({
                "directory": repository.subdirectory,
                "submodules": modules,
                "tree": repository.exact_tree(),
            })
        });
        let data: Vec<_> =
            self.data.iter().map(|data| json!([data.path, data.digest.as_ref().map(|d| &d.sha256)])).collect();
        let mut inputs = json!({
            "version": VERSION,
            "code": code,
            "command": self.execution.as_ref().map(|execution| &execution.command),
            "data": data,
            "environment": environment(&self.environment),
        });
        if scope == Scope::Provenance {
            inputs["params"] = json!(self.parameters.as_ref().map(|parameters| &parameters.values));
        }
        inputs
    }
}

/// What makes results differ: not the host, its memory or how many processors it has.
fn environment(environment: &Environment) -> Value {
    let python = environment.python.as_ref().map(|python| {
        json!({
            "implementation": python.implementation,
            "packages": python.packages.iter().map(|package| {
                json!([package.name, package.version, package.vcs.as_ref().map(|vcs| &vcs.commit)])
            }).collect::<Vec<_>>(),
            "version": python.version,
        })
    });
    let computer = &environment.computer;
    json!({
        "architecture": computer.architecture,
        "gpus": computer.gpus.iter().map(|gpu| &gpu.name).collect::<Vec<_>>(),
        "gpu_driver": computer.gpu_driver,
        "image": environment.image.as_ref().map(|image| &image.digest),
        "locks": environment.locks.iter().map(|lock| json!([lock.path, lock.sha256])).collect::<Vec<_>>(),
        "os": computer.os,
        "python": python,
        "variables": environment.variables,
    })
}

#[cfg(test)]
mod tests {
    use trackside_core::Timestamp;

    use super::*;
    use crate::{Code, Execution, Instant, Package, Python, Repository};

    fn record() -> Record {
        let at = Instant(Timestamp::from_millis(0));
        let repository: Repository = serde_json::from_value(json!({
            "engine": "git2", "root": "/home/ada/a", "subdirectory": "", "object_format": "sha1", "commit": "c1", "tree": "t1",
            "branch": "main", "tags": [], "remotes": [], "dirty": false, "changed": [], "changed_count": 0,
            "untracked": {"count": 0, "bytes": 0, "paths": []}, "snapshot": null, "submodules": [], "shallow": false,
            "linked_worktree": false
        }))
        .unwrap();
        let python = Python {
            executable: "/usr/bin/python3".to_owned(),
            version: "3.11.7".to_owned(),
            implementation: "CPython".to_owned(),
            packages: vec![Package {
                name: "numpy".to_owned(),
                version: "2.0.0".to_owned(),
                editable: None,
                vcs: None,
            }],
        };
        let environment = Environment { python: Some(python), ..Environment::default() };
        let mut record = Record::new("0.1.0", at, Code { repository: Some(repository) }, environment);
        record.execution = Some(Execution {
            command: vec!["python".to_owned(), "train.py".to_owned()],
            directory: "/home/ada/a".to_owned(),
            started_at: at,
            ended_at: None,
            exit_code: None,
            signal: None,
            resources: None,
            streams: Vec::new(),
        });
        record
    }

    fn repository(record: &mut Record) -> &mut Repository {
        record.code.repository.as_mut().unwrap()
    }

    #[test]
    fn a_key_is_the_same_wherever_the_inputs_stand() {
        let key = record().key(Scope::Inputs).unwrap();
        // Pinned: a release that computes another one would not recognise what earlier ones recorded.
        assert_eq!(key.as_str(), "526c654cdb3241c720af02c18207c6f4503a9acc903bf64732d2f70f0170c4c1");
        let mut moved = record();
        repository(&mut moved).root = "/elsewhere".to_owned();
        repository(&mut moved).branch = None;
        repository(&mut moved).commit = Some("c2".to_owned());
        moved.environment.computer.hostname = Some("other".to_owned());
        moved.environment.placement.insert("RANK".to_owned(), "3".to_owned());
        moved.captured_at = Instant(Timestamp::from_millis(5));
        assert_eq!(moved.key(Scope::Inputs).unwrap(), key);
    }

    #[test]
    fn a_key_differs_when_any_input_does() {
        let key = record().key(Scope::Inputs).unwrap();
        let changes: [fn(&mut Record); 5] = [
            |record| repository(record).tree = Some("t2".to_owned()),
            |record| repository(record).subdirectory = "below".to_owned(),
            |record| record.execution.as_mut().unwrap().command.push("--lr=1".to_owned()),
            |record| record.environment.python.as_mut().unwrap().packages[0].version = "2.0.1".to_owned(),
            |record| drop(record.environment.variables.insert("PYTHONHASHSEED".to_owned(), "0".to_owned())),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut other = record();
            change(&mut other);
            assert_ne!(other.key(Scope::Inputs).unwrap(), key, "change {index}");
        }
    }

    #[test]
    fn what_is_unknown_leaves_no_key() {
        let mut dirty = record();
        repository(&mut dirty).dirty = true;
        assert!(dirty.key(Scope::Inputs).unwrap_err().to_string().contains("uncommitted state was not kept whole"));
        let mut gap = record();
        gap.gaps.push(Gap::new(Dimension::Data, "data/raw", "permission denied"));
        assert_eq!(
            gap.key(Scope::Inputs).unwrap_err().to_string(),
            "no key, because not all inputs are known: data/raw (data): permission denied"
        );
        assert!(record().key(Scope::Provenance).is_err());
        let mut absent = record();
        let data = |source: serde_json::Value| {
            let absent = json!({
                "path": "made", "kind": "absent", "source": source, "digest": null, "workspace": "missing",
            });
            serde_json::from_value(absent).unwrap()
        };
        absent.data = vec![data(json!({"by": "dvc", "file": "dvc.lock", "stage": "s", "output": true}))];
        assert!(absent.key(Scope::Inputs).is_ok_and(|key| Ok(key) != record().key(Scope::Inputs)));
        absent.data = vec![data(json!({"by": "argument"}))];
        assert!(absent.key(Scope::Inputs).is_err());
    }
}
