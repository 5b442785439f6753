//! Who may come in.

use http::HeaderMap;
use trackside_core::{Error, ErrorKind, Key, Result};
use trackside_server::api_key;

use crate::Door;

impl Door {
    /// Lets a request in whose key is one of ours, and says whose. While there is no key, all are let in on this machine, and
    /// nobody elsewhere. `Unauthenticated` otherwise.
    pub(crate) async fn admit(&self, headers: &HeaderMap) -> Result<Option<Key>> {
        // Most servers are of one machine and have no key.
        if self.anonymous && !self.service.has_api_keys().await? {
            return Ok(None);
        }
        if let Some(key) = api_key(headers)
            && let Some(holder) = self.service.holder_of(&key).await?
        {
            return Ok(Some(holder));
        }
        if self.anonymous || self.service.has_api_keys().await? {
            return Err(refused("the API key is not one of this server; `trackside keys` lists and makes them"));
        }
        Err(refused(
            "this server is reached from other machines, so it wants an API key: make one with `trackside keys --create NAME` \
             where it runs, and set WANDB_API_KEY to it",
        ))
    }
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::Unauthenticated, why)
}
