//! Signatures of messages to webhooks.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;
use trackside_core::WebhookSecret;

use crate::{SIGNATURE_VERSION, signed_text};

/// The value of the signature's header.
pub fn signature(secret: &WebhookSecret, delivery: &str, timestamp: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let tag = hmac::sign(&key, signed_text(delivery, timestamp, body).as_bytes());
    format!("{SIGNATURE_VERSION}{}", STANDARD.encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_mlflow() {
        // `_generate_hmac_signature("secret", "id", "1700000000", '{"a": 1}')` of MLflow 3.17.2.
        let secret = WebhookSecret::new("secret").unwrap();
        let made = signature(&secret, "id", "1700000000", r#"{"a": 1}"#);
        assert_eq!(made, "v1,38uVORQcsSdjatM9lCcMNO82Q89mMAbtl9RgUgq98/w=");
    }
}
