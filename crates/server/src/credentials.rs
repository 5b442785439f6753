//! What a request says of who sends it. Whether that is so is for others to find out.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap,
    header::{AUTHORIZATION, HeaderName, USER_AGENT},
    request::Parts,
};
use percent_encoding::percent_decode_str;

/// Where a request came from: the other end of its connection, perhaps a proxy. An extension of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Longest name of a client that is kept, in characters.
const LONGEST: usize = 1_000;

/// Why something is changed, for clients that say so; percent-encoded, as headers hold no other letters.
const REASON: HeaderName = HeaderName::from_static("x-trackside-reason");

/// What a request says of who sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Its API key.
    pub key: Option<String>,
    /// Where it came from.
    pub address: Option<String>,
    /// What the client calls itself.
    pub client: Option<String>,
    /// Why it asks.
    pub reason: Option<String>,
}

impl Credentials {
    /// Of a request.
    pub fn of(parts: &Parts) -> Self {
        let reason = header_text(&parts.headers, &REASON);
        Self {
            key: api_key(&parts.headers),
            address: address(parts),
            client: header_text(&parts.headers, &USER_AGENT),
            reason: reason.map(|reason| percent_decode_str(&reason).decode_utf8_lossy().into_owned()),
        }
    }
}

/// Where a request came from, as text.
pub fn address(parts: &Parts) -> Option<String> {
    parts.extensions.get::<Peer>().map(|Peer(address)| address.to_string())
}

/// What a client calls itself, or another header of free text; as much of it as is kept.
pub fn header_text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(name)?.as_bytes()).trim().chars().take(LONGEST).collect::<String>();
    Some(text).filter(|text| !text.is_empty())
}

/// The API key of a request: the password of Basic, whatever the user is called, or what stands behind Bearer.
pub fn api_key(headers: &HeaderMap) -> Option<String> {
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
        let of = |value: &str| api_key(&HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]));
        assert_eq!(of("Basic YXBpOmxvY2FsLTAx").as_deref(), Some("local-01"));
        assert_eq!(of("bearer abc").as_deref(), Some("abc"));
        for bad in ["Basic !", "Basic YXBp", "Digest YXBpOmxvY2FsLTAx", "x"] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(api_key(&HeaderMap::new()), None);
    }
}
