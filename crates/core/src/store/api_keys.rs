use std::fmt;

use async_trait::async_trait;

use crate::{ApiKey, Key, KeyDigest, Result};

/// API keys of the system of record.
#[async_trait]
pub trait ApiKeys: fmt::Debug + Send + Sync + 'static {
    /// Adds a key. `AlreadyExists` when the name is taken.
    async fn create_api_key(&self, new: ApiKey, digest: KeyDigest) -> Result<()>;

    /// All keys, by name.
    async fn api_keys(&self) -> Result<Vec<ApiKey>>;

    /// The key of this digest.
    async fn api_key(&self, digest: KeyDigest) -> Result<Option<ApiKey>>;

    /// Removes a key. `NotFound` when there is none of that name.
    async fn revoke_api_key(&self, name: &Key) -> Result<()>;
}
