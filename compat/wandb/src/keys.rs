//! Who may come in.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header::AUTHORIZATION};
use trackside_core::{Error, ErrorKind, Result};

use crate::Door;

impl Door {
    /// Lets a request in whose key is one of ours. While there is no key, all are let in on this machine, and nobody
    /// elsewhere. `Unauthenticated` otherwise.
    pub(crate) async fn admit(&self, headers: &HeaderMap) -> Result<()> {
        // Most servers are of one machine and have no key.
        if self.anonymous && !self.service.has_api_keys().await? {
            return Ok(());
        }
        if let Some(key) = key(headers)
            && self.service.holder_of(&key).await?.is_some()
        {
            return Ok(());
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

/// The key of a request: the password of Basic, whatever the user is called, or what stands behind Bearer.
fn key(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (_, password) = text.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_password_or_the_bearer() {
        let of = |value: &str| key(&HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]));
        assert_eq!(of("Basic YXBpOmxvY2FsLTAx").as_deref(), Some("local-01"));
        assert_eq!(of("bearer abc").as_deref(), Some("abc"));
        for bad in ["Basic !", "Basic YXBp", "Digest YXBpOmxvY2FsLTAx", "x"] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(key(&HeaderMap::new()), None);
    }
}
