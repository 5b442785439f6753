//! The envelope: the bytes of a statement with signatures over them.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
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
    /// What should be base64 is not.
    Malformed,
    /// No signature is of this key over these bytes.
    NotSigned,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherType => "it holds no statement of in-toto",
            Self::Malformed => "it is damaged: its payload or a signature is not base64",
            Self::NotSigned => {
                "no signature in it is of this key over these bytes: it was changed, or signed by another key"
            }
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

    /// The bytes of the statement, if the key has signed them.
    pub fn verified(&self, key: &VerifyingKey) -> Result<Vec<u8>, VerifyError> {
        if self.payload_type != PAYLOAD {
            return Err(VerifyError::OtherType);
        }
        let decoded = |text: &str| STANDARD.decode(text).map_err(|_| VerifyError::Malformed);
        let statement = decoded(&self.payload)?;
        let message = signed(&self.payload_type, &statement);
        for signature in &self.signatures {
            if key.accepts(&message, &decoded(&signature.sig)?) {
                return Ok(statement);
            }
        }
        Err(VerifyError::NotSigned)
    }
}

/// DSSE's encoding of type and bytes before they are signed.
fn signed(payload_type: &str, payload: &[u8]) -> Vec<u8> {
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
            assert_eq!(forged.verified(&key.verifying()), Err(VerifyError::NotSigned));
        }
        let other = SigningKey::generate().unwrap().verifying();
        assert_eq!(envelope.verified(&other), Err(VerifyError::NotSigned));
        let typed = Envelope { payload_type: "text/plain".to_owned(), ..envelope.clone() };
        assert_eq!(typed.verified(&key.verifying()), Err(VerifyError::OtherType));
        let broken = Envelope { payload: "?".to_owned(), ..envelope };
        assert_eq!(broken.verified(&key.verifying()), Err(VerifyError::Malformed));
    }

    #[test]
    fn what_is_signed_is_as_the_standard_has_it() {
        assert_eq!(
            signed("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }
}
