//! Signatures of addresses: clients use some without a key, so those say themselves that they may be used.

use std::fmt;

use ring::hmac;
use trackside_core::{Error, ErrorKind, Result, Timestamp};

/// How long an address is good for: longer than the slowest upload with all its retries.
const LIFETIME_MS: i64 = 24 * 60 * 60 * 1000;

/// Signs and checks.
#[derive(Debug, Clone)]
pub struct Signer(hmac::Key);

/// What a signed address ends in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Milliseconds since the epoch.
    pub expires: i64,
    /// Hexadecimal digits.
    pub digits: String,
}

impl Signature {
    /// Reads the query of an address. One that lacks something opens nothing.
    pub fn parse(query: &str) -> Self {
        let value = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
        };
        let expires = value("expires").and_then(|text| text.parse().ok()).unwrap_or_default();
        Self { expires, digits: value("signature").unwrap_or_default().to_owned() }
    }
}

/// As the query of an address.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expires={}&signature={}", self.expires, self.digits)
    }
}

impl Signer {
    /// With this secret of the server.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Allows this method on this resource for a day.
    pub fn sign(&self, method: &str, resource: &str, now: Timestamp) -> Signature {
        let expires = now.millis().saturating_add(LIFETIME_MS);
        let digits = hex::encode(hmac::sign(&self.0, text(method, resource, expires).as_bytes()));
        Signature { expires, digits }
    }

    /// Whether that was allowed. `Denied` otherwise.
    pub fn check(&self, method: &str, resource: &str, signature: &Signature, now: Timestamp) -> Result<()> {
        let given = hex::decode(&signature.digits).unwrap_or_default();
        let signed = text(method, resource, signature.expires);
        if hmac::verify(&self.0, signed.as_bytes(), &given).is_err() {
            return Err(Error::new(ErrorKind::Denied, "the signature of the address is wrong"));
        }
        if now.millis() > signature.expires {
            return Err(Error::new(ErrorKind::Denied, "the address has expired; ask for another"));
        }
        Ok(())
    }
}

fn text(method: &str, resource: &str, expires: i64) -> String {
    format!("wandb-url-v1\n{method}\n{expires}\n{resource}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_allows_one_thing_for_a_day() {
        let (signer, now) = (Signer::new(&[7; 32]), Timestamp::from_millis(1_000));
        let signature = signer.sign("PUT", "run/file", now);
        let check = |signer: &Signer, method: &str, resource: &str, signature: &Signature, at: i64| {
            signer.check(method, resource, signature, Timestamp::from_millis(at)).is_ok()
        };
        assert_eq!(Signature::parse(&signature.to_string()), signature);
        let end = signature.expires;
        assert!(check(&signer, "PUT", "run/file", &signature, end));
        assert!(!check(&signer, "PUT", "run/file", &signature, end + 1));
        assert!(!check(&signer, "GET", "run/file", &signature, 1_000));
        assert!(!check(&signer, "PUT", "run/other", &signature, 1_000));
        assert!(!check(&Signer::new(&[8; 32]), "PUT", "run/file", &signature, 1_000));
        let later = Signature { expires: end + 1, ..signature.clone() };
        assert!(!check(&signer, "PUT", "run/file", &later, 1_000));
        for digits in ["", "zz", &signature.digits[2..]] {
            let forged = Signature { digits: digits.to_owned(), ..signature.clone() };
            assert!(!check(&signer, "PUT", "run/file", &forged, 1_000));
        }
    }
}
