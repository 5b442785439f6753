//! One message over HTTP.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use http::HeaderName;
use trackside_core::{Clock, Error, ErrorKind, HookAnswer, HookMessage, HookSender, Result};
use trackside_http_client::{self as http_client, Client, Method};
use trackside_mlflow_wire::{DELIVERY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, signature};

use crate::Config;

/// Sends messages as MLflow does, with its headers, but follows no redirect.
#[derive(Debug)]
pub struct HttpSender {
    config: Config,
    clock: Arc<dyn Clock>,
    /// Made with the first message: certificates take a megabyte, and most servers have no webhook.
    client: OnceLock<Client>,
}

impl HttpSender {
    /// Connects to nothing.
    pub const fn new(config: Config, clock: Arc<dyn Clock>) -> Self {
        Self { config, clock, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let config = http_client::Config { timeout: self.config.timeout, ..http_client::Config::default() };
        let made = Client::of_strangers(self.config.reach, &config, Arc::clone(&self.clock))?;
        // Another message may have made one meanwhile.
        Ok(self.client.get_or_init(|| made))
    }

    /// Settings may be stricter than when the webhook was made.
    fn check_scheme(&self, url: &str) -> Result<()> {
        let scheme = url.trim_start().split(':').next().unwrap_or_default();
        if self.config.schemes.iter().any(|allowed| allowed.eq_ignore_ascii_case(scheme)) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Denied, format!("URLs of webhooks may not begin with '{scheme}:'")))
    }
}

#[async_trait]
impl HookSender for HttpSender {
    fn schemes(&self) -> &[String] {
        &self.config.schemes
    }

    async fn check_host(&self, host: &str) -> Result<()> {
        if self.config.reach == http_client::Reach::Any {
            return Ok(());
        }
        let looked = tokio::time::timeout(self.config.timeout, self.config.reach.addresses(host)).await;
        let found = looked.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Unavailable, format!("'{host}' cannot be resolved: no answer in time")))
        });
        // MLflow's words as far as they go.
        found.map(drop).map_err(|error| match error.kind() {
            ErrorKind::Denied => Error::invalid(format!(
                "Webhook URL must not resolve to a non-public IP address. {}",
                error.message().replace(", which is no public address", ".")
            )),
            _ => Error::invalid(format!(
                "Cannot resolve Webhook URL hostname {}",
                error.message().replace(" cannot be resolved", "")
            )),
        })
    }

    async fn send(&self, message: HookMessage) -> Result<HookAnswer> {
        let HookMessage { url, secret, key, body } = message;
        self.check_scheme(&url)?;
        let timestamp = self.clock.now().millis().div_euclid(1_000).to_string();
        let call = self.client()?.call_url(Method::POST, &url)?;
        let mut call = call
            .header(HeaderName::from_static(DELIVERY_HEADER), &key)
            .header(HeaderName::from_static(TIMESTAMP_HEADER), &timestamp);
        if let Some(secret) = &secret {
            let signature = signature(secret, &key, &timestamp, &body);
            call = call.header(HeaderName::from_static(SIGNATURE_HEADER), &signature);
        }
        let reply = call.json_text(body).reply().await?;
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        Ok(HookAnswer { status: reply.status, retry: reply.retry, body })
    }
}
