//! What is remembered of subjects: the ids the server gave. Stored by the caller as JSON; fields may be added, and
//! what cannot be read is looked up again.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A run at the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RemoteRun {
    pub(crate) run_id: String,
    pub(crate) experiment_id: String,
    /// Never changes.
    pub(crate) artifact_uri: String,
}

/// A logged model at the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RemoteModel {
    pub(crate) model_id: String,
}

/// Reads a memory.
pub(crate) fn recall<T: DeserializeOwned>(memory: Option<&str>) -> Option<T> {
    memory.and_then(|memory| serde_json::from_str(memory).ok())
}

/// Writes a memory.
pub(crate) fn memory_of(remote: &impl Serialize) -> Option<String> {
    serde_json::to_string(remote).ok()
}

/// Most entries of a [`Known`]; about 200 bytes each.
const MAX_KNOWN: usize = 10_000;

/// Ids met lately, for who refers to another subject. Nothing is lost with it: the server is asked again.
#[derive(Debug)]
pub(crate) struct Known<K, V>(Mutex<HashMap<K, V>>);

impl<K: Eq + Hash + Clone, V: Clone> Known<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.lock().get(key).cloned()
    }

    pub(crate) fn insert(&self, key: &K, value: &V) {
        let mut known = self.lock();
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(key.clone(), value.clone());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}
