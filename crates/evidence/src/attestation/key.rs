//! Ed25519 keys in PEM, as OpenSSL and others write them.

use std::fmt;

use ring::{
    rand::SystemRandom,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use sha2::{Digest as _, Sha256};

use crate::pem::{der, pem};

/// What stands before the 32 bytes of a public key in its DER form (RFC 8410).
const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// What stands before the 32 bytes of the seed in PKCS #8 version 1, which every reader knows.
const PRIVATE_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const SEED: usize = 32;
/// How OpenSSL's older format says that what follows is encrypted (RFC 1421).
const ENCRYPTED_BODY: &str = ",ENCRYPTED";

/// Signs.
pub struct SigningKey {
    seed: [u8; SEED],
    pair: Ed25519KeyPair,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.verifying().id()).finish_non_exhaustive()
    }
}

/// Checks signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey([u8; 32]);

/// Why a file is no key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFileError(pub(crate) &'static str);

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for KeyFileError {}

impl SigningKey {
    /// A fresh key, or `None` when the system has no randomness to give.
    pub fn generate() -> Option<Self> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).ok()?;
        Self::from_der(document.as_ref()).ok()
    }

    /// Reads a `PRIVATE KEY` in PEM.
    pub fn from_pem(text: &str) -> Result<Self, KeyFileError> {
        match der(text, "PRIVATE KEY") {
            Some(der) if !text.contains(ENCRYPTED_BODY) => Self::from_der(&der),
            _ => Err(KeyFileError(not_private(text))),
        }
    }

    fn from_der(der: &[u8]) -> Result<Self, KeyFileError> {
        let foreign = KeyFileError("it is not an Ed25519 key in PKCS #8; make one with `trackside attest keygen`");
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| foreign.clone())?;
        // The seed is where both versions of PKCS #8 have it, behind the octet string in an octet string.
        let at = der.windows(4).position(|four| four == [0x04, 0x22, 0x04, 0x20]).ok_or(foreign.clone())? + 4;
        let seed = der.get(at..at + SEED).and_then(|seed| seed.try_into().ok()).ok_or(foreign)?;
        Ok(Self { seed, pair })
    }

    /// As PEM, for a file that nobody else may read.
    pub fn to_pem(&self) -> String {
        pem("PRIVATE KEY", &[&PRIVATE_PREFIX[..], &self.seed].concat())
    }

    /// The key that checks what this one signs.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic, as the message says")]
    pub fn verifying(&self) -> VerifyingKey {
        VerifyingKey(self.pair.public_key().as_ref().try_into().expect("a public key of Ed25519 has 32 bytes"))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl VerifyingKey {
    /// Reads a `PUBLIC KEY` in PEM.
    pub fn from_pem(text: &str) -> Result<Self, KeyFileError> {
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyFileError(
                "it is a private key, which nobody but the signer should have; the public one is beside it in a file that \
                 ends in .pub",
            ));
        }
        let der = der(text, "PUBLIC KEY").ok_or(KeyFileError("it is no public key in PEM (BEGIN PUBLIC KEY)"))?;
        let key = der.strip_prefix(&PUBLIC_PREFIX[..]).and_then(|key| key.try_into().ok());
        key.map(Self).ok_or(KeyFileError("it is a public key, and not one of Ed25519"))
    }

    /// As PEM.
    pub fn to_pem(&self) -> String {
        pem("PUBLIC KEY", &self.to_der())
    }

    /// SHA-256 of its DER form in hexadecimal: what names it in signatures.
    pub fn id(&self) -> String {
        hex::encode(Sha256::digest(self.to_der()))
    }

    fn to_der(&self) -> Vec<u8> {
        [&PUBLIC_PREFIX[..], &self.0].concat()
    }

    pub(super) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }
}

/// What is wrong with a file in which there is no plain private key.
fn not_private(text: &str) -> &'static str {
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains(ENCRYPTED_BODY) {
        "it is encrypted, and encrypted keys are not read; decrypt it to a file of its own (`openssl pkey -in KEY -out \
         PLAIN`) and keep that as safe, or make a key with `trackside attest keygen`"
    } else if text.contains("BEGIN PUBLIC KEY") {
        "it is a public key; signing takes the private one"
    } else if text.contains("BEGIN OPENSSH PRIVATE KEY") {
        "it is a key of OpenSSH, which is of another format; make one with `trackside attest keygen`"
    } else if text.contains("PRIVATE KEY-----") {
        "it is not an Ed25519 key in PKCS #8; make one with `trackside attest keygen`"
    } else {
        "it is no private key in PEM (BEGIN PRIVATE KEY)"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first test vector of RFC 8032, section 7.1, as PKCS #8.
    const SEED_HEX: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const PUBLIC_HEX: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    #[test]
    fn keys_are_those_of_the_standard() {
        let private = [&PRIVATE_PREFIX[..], &hex::decode(SEED_HEX).unwrap()].concat();
        let key = SigningKey::from_pem(&pem("PRIVATE KEY", &private)).unwrap();
        assert_eq!(hex::encode(key.verifying().0), PUBLIC_HEX);
        assert!(hex::encode(key.sign(b"")).starts_with("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065"));
        assert_eq!(SigningKey::from_pem(&key.to_pem()).unwrap().to_pem(), key.to_pem());
    }

    #[test]
    fn a_fresh_key_comes_back_from_its_files() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_pem(&key.to_pem()).unwrap();
        assert_eq!(again.verifying(), key.verifying());
        assert_eq!(VerifyingKey::from_pem(&key.verifying().to_pem()), Ok(key.verifying()));
        assert!(!format!("{key:?}").contains(&hex::encode(key.seed)));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let key = SigningKey::generate().unwrap();
        let public = |text: &str| VerifyingKey::from_pem(text).unwrap_err().to_string();
        for (text, word) in
            [("", "no public key"), ("ssh-ed25519 AAAA", "no public key"), (&key.to_pem(), "private key")]
        {
            assert!(public(text).contains(word), "{text}");
        }
        let private = |text: &str| SigningKey::from_pem(text).unwrap_err().to_string();
        for (text, word) in [
            ("", "no private key"),
            (&key.verifying().to_pem(), "public key"),
            (&pem("PRIVATE KEY", b"x"), "not an Ed25519"),
            (&pem("EC PRIVATE KEY", b"x"), "not an Ed25519"),
            (&pem("OPENSSH PRIVATE KEY", b"x"), "OpenSSH"),
            (&pem("ENCRYPTED PRIVATE KEY", b"x"), "encrypted"),
            ("-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END PRIVATE KEY-----", "encrypted"),
        ] {
            assert!(private(text).contains(word), "{text}: {}", private(text));
        }
    }
}
