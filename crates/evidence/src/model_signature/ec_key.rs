//! Keys on the curves P-256 and P-384 in PEM, as OpenSSL and others write them.

use std::fmt;

use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING,
        EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use sha2::{Digest as _, Sha256};

use crate::{
    KeyFileError,
    pem::{der, pem},
};

/// A curve, with what DER has of it (RFC 5480, RFC 5915).
struct Curve {
    signing: &'static EcdsaSigningAlgorithm,
    verifying: &'static dyn VerificationAlgorithm,
    /// What stands before the point of a public key.
    public_prefix: &'static [u8],
    /// The algorithm that PKCS #8 names before the key.
    algorithm: &'static [u8],
}

const CURVES: [Curve; 2] = [
    Curve {
        signing: &ECDSA_P256_SHA256_ASN1_SIGNING,
        verifying: &ECDSA_P256_SHA256_ASN1,
        public_prefix: &[
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
            0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ],
        algorithm: &[
            0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
            0x03, 0x01, 0x07,
        ],
    },
    Curve {
        signing: &ECDSA_P384_SHA384_ASN1_SIGNING,
        verifying: &ECDSA_P384_SHA384_ASN1,
        public_prefix: &[
            0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04,
            0x00, 0x22, 0x03, 0x62, 0x00,
        ],
        algorithm: &[
            0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22,
        ],
    },
];

/// What is wrong with a file that holds no such key.
const FOREIGN: KeyFileError = KeyFileError(
    "it is no private key on the curve P-256 or P-384 in PEM; make one with `openssl ecparam -name prime256v1 -genkey \
     -noout -out KEY`, and its public half with `openssl ec -in KEY -pubout -out KEY.pub`",
);

/// Signs.
pub struct EcKey {
    pair: EcdsaKeyPair,
    public: EcPublicKey,
    random: SystemRandom,
}

impl fmt::Debug for EcKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EcKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Checks signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct EcPublicKey {
    /// Which of [`CURVES`].
    curve: usize,
    point: Vec<u8>,
}

impl fmt::Debug for EcPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EcPublicKey").field(&self.hint()).finish()
    }
}

impl EcKey {
    /// Reads a `PRIVATE KEY` or an `EC PRIVATE KEY` in PEM that is not encrypted.
    pub fn from_pem(text: &str) -> Result<Self, KeyFileError> {
        if text.contains("ENCRYPTED") {
            return Err(KeyFileError(
                "it is encrypted, and encrypted keys are not read; decrypt it to a file of its own (`openssl pkey -in KEY \
                 -out PLAIN`) and keep that as safe",
            ));
        }
        let random = SystemRandom::new();
        CURVES
            .iter()
            .enumerate()
            .find_map(|(index, curve)| {
                let wrapped = || der(text, "EC PRIVATE KEY").map(|key| pkcs8(curve.algorithm, &key));
                let document = der(text, "PRIVATE KEY").or_else(wrapped)?;
                let pair = EcdsaKeyPair::from_pkcs8(curve.signing, &document, &random).ok()?;
                let public = EcPublicKey { curve: index, point: pair.public_key().as_ref().to_vec() };
                Some(Self { pair, public, random: SystemRandom::new() })
            })
            .ok_or(FOREIGN)
    }

    /// The key that checks what this one signs.
    pub const fn public(&self) -> &EcPublicKey {
        &self.public
    }

    /// Nothing when the system has no randomness to give.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.pair.sign(&self.random, message).ok().map(|signature| signature.as_ref().to_vec())
    }
}

impl EcPublicKey {
    /// Reads a `PUBLIC KEY` in PEM.
    pub fn from_pem(text: &str) -> Result<Self, KeyFileError> {
        let document = der(text, "PUBLIC KEY").ok_or(KeyFileError("it is no public key in PEM (BEGIN PUBLIC KEY)"))?;
        let found = CURVES.iter().enumerate().find_map(|(curve, of)| {
            let point = document.strip_prefix(of.public_prefix)?.to_vec();
            Some(Self { curve, point })
        });
        found.ok_or(KeyFileError("it is a public key, and not one on the curve P-256 or P-384"))
    }

    /// SHA-256 of the PEM text, by which the package tells keys apart.
    pub(super) fn hint(&self) -> String {
        let prefix = CURVES.get(self.curve).map(|curve| curve.public_prefix).unwrap_or_default();
        hex::encode(Sha256::digest(pem("PUBLIC KEY", &[prefix, &self.point].concat())))
    }

    pub(super) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        CURVES.get(self.curve).is_some_and(|curve| {
            UnparsedPublicKey::new(curve.verifying, &self.point).verify(message, signature).is_ok()
        })
    }
}

/// An `ECPrivateKey` of SEC 1 as PKCS #8 has it.
fn pkcs8(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    let version = [0x02, 0x01, 0x00];
    sequence(0x30, &[&version, algorithm, &sequence(0x04, key)].concat())
}

/// A value of DER with its length, which is below 64 KiB.
fn sequence(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let head: &[u8] = match (high, low) {
        (0, low) if low < 0x80 => &[tag, low],
        (0, low) => &[tag, 0x81, low],
        (high, low) => &[tag, 0x82, high, low],
    };
    [head, content].concat()
}
