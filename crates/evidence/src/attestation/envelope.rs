//! The envelope: the bytes of a statement with signatures over them.

use std::fmt;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use serde::{Deserialize, Serialize};

use super::{SigningKey, VerifyingKey};

/// What is inside.
const PAYLOAD: &str = "application/vnd.in-toto+json";

/// A DSSE envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The bytes, in base64.
    pub payload: String,
    /// What they are.
    #[serde(rename = "payloadType")]
    pub payload_type: String,
    /// Who vouches for them.
    pub signatures: Vec<Signature>,
}

/// A signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// A hint which key it is; nothing is believed for its sake.
    #[serde(default)]
    pub keyid: String,
    /// The signature, in base64.
    pub sig: String,
}

/// Why an envelope is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyError {
    /// It is not of in-toto.
    OtherType,
    /// The payload is not base64.
    Payload,
    /// Nobody has signed it.
    Unsigned,
    /// A signature says that it is of this key, and is not over these bytes.
    Changed,
    /// No signature says that it is of this key, and none is.
    OtherKey,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherType => "it holds no statement of in-toto: its payloadType is another",
            Self::Payload => "it is damaged: its payload is not base64",
            Self::Unsigned => "nobody has signed it",
            Self::Changed => "it was changed since it was signed: the signature of this key does not fit what is in it",
            Self::OtherKey => "this key has not signed it: it was signed by another key, or was changed since",
        })
    }
}

impl std::error::Error for VerifyError {}

impl Envelope {
    /// Signs the bytes of a statement.
    pub fn sign(statement: &[u8], key: &SigningKey) -> Self {
        let sig = STANDARD.encode(key.sign(&signed(PAYLOAD, statement)));
        Self {
            payload: STANDARD.encode(statement),
            payload_type: PAYLOAD.to_owned(),
            signatures: vec![Signature { keyid: key.verifying().id(), sig }],
        }
    }

    /// The bytes of the statement, if the key has signed them. What a signature says of its key is not believed, and a
    /// signature that cannot be read is one of somebody else.
    pub fn verified(&self, key: &VerifyingKey) -> Result<Vec<u8>, VerifyError> {
        if self.payload_type != PAYLOAD {
            return Err(VerifyError::OtherType);
        }
        let statement = decoded(&self.payload).ok_or(VerifyError::Payload)?;
        if self.signatures.is_empty() {
            return Err(VerifyError::Unsigned);
        }
        let message = signed(&self.payload_type, &statement);
        let accepted = |one: &Signature| decoded(&one.sig).is_some_and(|bytes| key.accepts(&message, &bytes));
        if self.signatures.iter().any(accepted) {
            return Ok(statement);
        }
        let id = key.id();
        let is_own = self.signatures.iter().any(|one| one.keyid == id);
        Err(if is_own { VerifyError::Changed } else { VerifyError::OtherKey })
    }
}

/// Either alphabet of base64, as DSSE asks of those who verify.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

/// DSSE's encoding of type and bytes before they are signed.
pub(crate) fn signed(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_changed_byte_is_noticed() {
        let key = SigningKey::generate().unwrap();
        let statement = br#"{"_type":"x"}"#;
        let envelope = Envelope::sign(statement, &key);
        assert_eq!(envelope.verified(&key.verifying()).unwrap(), statement);
        for index in 0..statement.len() {
            let mut changed = statement.to_vec();
            changed[index] ^= 1;
            let forged = Envelope { payload: STANDARD.encode(changed), ..envelope.clone() };
            assert_eq!(forged.verified(&key.verifying()), Err(VerifyError::Changed));
        }
        let signature = STANDARD.decode(&envelope.signatures[0].sig).unwrap();
        for index in 0..signature.len() {
            let mut changed = signature.clone();
            changed[index] ^= 0x80;
            let mut forged = envelope.clone();
            forged.signatures[0].sig = STANDARD.encode(changed);
            assert_eq!(forged.verified(&key.verifying()), Err(VerifyError::Changed));
        }
        let typed = Envelope { payload_type: "text/plain".to_owned(), ..envelope.clone() };
        assert_eq!(typed.verified(&key.verifying()), Err(VerifyError::OtherType));
        let broken = Envelope { payload: "?".to_owned(), ..envelope.clone() };
        assert_eq!(broken.verified(&key.verifying()), Err(VerifyError::Payload));
        let bare = Envelope { signatures: Vec::new(), ..envelope };
        assert_eq!(bare.verified(&key.verifying()), Err(VerifyError::Unsigned));
    }

    #[test]
    fn one_good_signature_among_others_is_enough() {
        let key = SigningKey::generate().unwrap();
        let other = SigningKey::generate().unwrap();
        let mut envelope = Envelope::sign(b"statement", &other);
        assert_eq!(envelope.verified(&key.verifying()), Err(VerifyError::OtherKey));
        envelope.signatures.push(Signature { keyid: String::new(), sig: "no base64".to_owned() });
        // It names no key, or another one, and is written in the other alphabet.
        let mut own = Envelope::sign(b"statement", &key).signatures.remove(0);
        own.keyid = "other".to_owned();
        own.sig = URL_SAFE.encode(STANDARD.decode(own.sig).unwrap());
        envelope.signatures.push(own);
        assert_eq!(envelope.verified(&key.verifying()).unwrap(), b"statement");
    }

    #[test]
    fn what_is_signed_is_as_the_standard_has_it() {
        assert_eq!(
            signed("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }
}
