//! Ids of things in GraphQL: base64 of a kind and our own id, which no client looks into.

use base64::{Engine, prelude::BASE64_STANDARD};
use trackside_core::{Error, Result};

/// The id of a thing of this kind.
pub fn encode(kind: &str, id: &str) -> String {
    BASE64_STANDARD.encode(format!("{kind}:{id}"))
}

/// Our own id of a thing of this kind. `Invalid` for what is none.
pub fn decode(kind: &str, text: &str) -> Result<String> {
    let bytes = BASE64_STANDARD.decode(text).ok();
    let text_of = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text_of
        .as_deref()
        .and_then(|inner| inner.strip_prefix(kind)?.strip_prefix(':'))
        .map(str::to_owned)
        .ok_or_else(|| Error::invalid(format!("'{text}' is not the id of a {kind}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_its_kind() {
        let id = encode("Run", "abc:d");
        assert_eq!(decode("Run", &id).unwrap(), "abc:d");
        for (kind, text) in [("File", id.as_str()), ("Run", "abc"), ("Run", ""), ("Ru", id.as_str())] {
            assert!(decode(kind, text).is_err());
        }
    }
}
