use sha2::{Digest, Sha256};
use trackside_core::{ApiKey, Key, KeyDigest, Result};

use crate::Service;

impl Service {
    /// The name of the key, if it is one of ours.
    pub async fn holder_of(&self, key: &str) -> Result<Option<Key>> {
        Ok(self.store().api_key(digest(key)).await?.map(|found| found.name))
    }

    /// Whether there is any key at all.
    pub async fn has_api_keys(&self) -> Result<bool> {
        Ok(!self.store().api_keys().await?.is_empty())
    }

    /// All keys, by name.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        self.store().api_keys().await
    }
}

/// What a store knows a key by.
pub fn digest(key: &str) -> KeyDigest {
    Sha256::digest(key.as_bytes()).into()
}
