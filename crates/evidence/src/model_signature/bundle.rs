//! The bundle: a statement in a DSSE envelope, signed with a key that whoever checks it has.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::{EcKey, EcPublicKey, ModelManifest};
use crate::attestation::{Envelope, Signature, decoded, signed};

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const PAYLOAD: &str = "application/vnd.in-toto+json";

/// Why a bundle is not to be believed, or not to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleError(pub(super) &'static str);

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BundleError {}

/// A signature over the files of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    #[serde(default)]
    public_key: PublicKey,
    /// There is no log that this was entered in.
    #[serde(default)]
    tlog_entries: Vec<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct PublicKey {
    #[serde(default)]
    hint: Option<String>,
}

impl Bundle {
    /// Signs; nothing when the system has no randomness to give.
    pub fn sign(manifest: &ModelManifest, key: &EcKey) -> Option<Self> {
        let statement = manifest.statement();
        let signature = key.sign(&signed(PAYLOAD, &statement))?;
        Some(Self {
            media_type: MEDIA_TYPE.to_owned(),
            verification_material: Material {
                public_key: PublicKey { hint: Some(key.public().hint()) },
                tlog_entries: Vec::new(),
            },
            dsse_envelope: Envelope {
                payload: STANDARD.encode(&statement),
                payload_type: PAYLOAD.to_owned(),
                signatures: vec![Signature { keyid: String::new(), sig: STANDARD.encode(signature) }],
            },
        })
    }

    /// The files, if the key has signed them.
    pub fn verified(&self, key: &EcPublicKey) -> Result<ModelManifest, BundleError> {
        if self.media_type != MEDIA_TYPE || self.dsse_envelope.payload_type != PAYLOAD {
            return Err(BundleError("it is no signature of a model: its types are others"));
        }
        let hint = self.verification_material.public_key.hint.as_deref();
        if hint.is_some_and(|hint| hint != key.hint()) {
            return Err(BundleError("it was signed with another key"));
        }
        let envelope = &self.dsse_envelope;
        let statement = decoded(&envelope.payload).ok_or(BundleError("it is damaged: its payload is not base64"))?;
        let message = signed(PAYLOAD, &statement);
        let accepted = |one: &Signature| decoded(&one.sig).is_some_and(|bytes| key.accepts(&message, &bytes));
        // The package looks at the first alone.
        if !envelope.signatures.first().is_some_and(accepted) {
            return Err(BundleError("it was signed with another key, or was changed since"));
        }
        ModelManifest::read(&statement)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
    };

    use super::*;
    use crate::pem::pem;

    fn key() -> EcKey {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
        EcKey::from_pem(&pem("PRIVATE KEY", document.as_ref())).unwrap()
    }

    fn manifest() -> ModelManifest {
        let files = [("MLmodel", "aa"), ("data/model.bin", "bb"), (".git/config", "cc"), (".gitx", "dd")];
        let files = files.map(|(path, byte)| (path.to_owned(), byte.repeat(32)));
        ModelManifest::new("churn", BTreeMap::from(files))
    }

    #[test]
    fn what_was_signed_comes_back_and_nothing_else() {
        let (key, other) = (key(), key());
        let bundle = Bundle::sign(&manifest(), &key).unwrap();
        assert_eq!(bundle.verified(key.public()).unwrap(), manifest());
        assert!(manifest().files.keys().eq([".gitx", "MLmodel", "data/model.bin"]));
        assert!(bundle.verified(other.public()).is_err());
        let text = serde_json::to_string(&bundle).unwrap();
        assert_eq!(serde_json::from_str::<Bundle>(&text).unwrap(), bundle);
        let statement = decoded(&bundle.dsse_envelope.payload).unwrap();
        for index in 0..statement.len() {
            let mut changed = statement.clone();
            changed[index] ^= 1;
            let mut forged = bundle.clone();
            forged.dsse_envelope.payload = STANDARD.encode(changed);
            assert!(forged.verified(key.public()).is_err(), "byte {index}");
        }
    }

    #[test]
    fn what_is_no_such_key_is_refused() {
        for text in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "ENCRYPTED"] {
            assert!(EcKey::from_pem(text).is_err(), "{text}");
        }
        let ed25519 = crate::SigningKey::generate().unwrap();
        assert!(EcKey::from_pem(&ed25519.to_pem()).unwrap_err().to_string().contains("P-256"));
        assert!(EcPublicKey::from_pem(&ed25519.verifying().to_pem()).is_err());
    }

    #[test]
    fn other_statements_are_no_manifests() {
        let forged = |change: fn(&mut serde_json::Value)| {
            let mut statement: serde_json::Value = serde_json::from_slice(&manifest().statement()).unwrap();
            change(&mut statement);
            ModelManifest::read(statement.to_string().as_bytes()).unwrap_err().to_string()
        };
        assert!(forged(|s| s["predicateType"] = "x".into()).contains("no statement"));
        assert!(forged(|s| s["predicate"]["serialization"]["method"] = "shards".into()).contains("pieces"));
        assert!(forged(|s| s["predicate"]["resources"][0]["digest"] = "cc".repeat(32).into()).contains("contradicts"));
        assert!(forged(|s| s["predicate"]["resources"][0]["algorithm"] = "blake3".into()).contains("SHA-256"));
    }
}
