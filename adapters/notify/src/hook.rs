//! One try of a message over HTTP.

use std::sync::Arc;

use http::HeaderName;
use trackside_core::{Clock, Error, ErrorKind, Result, WebhookSecret};
use trackside_http_client::{Client, Config as Http, Method, Secret};
use trackside_mlflow_wire::{DELIVERY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, signature};

use crate::{
    Config,
    message::{Message, slack, teams, webhook},
};

/// The header of webhooks with the kind of the event.
const EVENT_HEADER: HeaderName = HeaderName::from_static("x-trackside-event");

/// An address that takes messages.
#[derive(Debug)]
pub(crate) struct Hook {
    client: Client,
    url: Secret,
    form: Form,
    clock: Arc<dyn Clock>,
}

/// What it takes.
#[derive(Debug)]
pub(crate) enum Form {
    /// Our own JSON, signed where there is a secret.
    Webhook(Option<WebhookSecret>),
    /// What Slack takes.
    Slack,
    /// What Teams takes.
    Teams,
}

impl Hook {
    /// Connects to nothing.
    pub(crate) fn new(config: &Config, url: &Secret, form: Form, clock: Arc<dyn Clock>) -> Result<Self> {
        let http = Http { timeout: config.timeout, ca_file: config.ca_file.clone(), ..Http::default() };
        let client = Client::of_secret_addresses(&http, Arc::clone(&clock))?;
        Ok(Self { client, url: url.clone(), form, clock })
    }

    /// The host: all else of the address may be a secret.
    pub(crate) fn to(&self) -> String {
        let uri: http::Uri = self.url.expose().parse().unwrap_or_default();
        let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}", uri.host().unwrap_or_default())
    }

    pub(crate) async fn send(&self, message: &Message, base: Option<&str>) -> Result<()> {
        let call = self.client.call_url(Method::POST, self.url.expose())?;
        let call = match &self.form {
            Form::Slack => call.json(&slack::body(message, base)),
            Form::Teams => call.json(&teams::body(message, base)),
            Form::Webhook(secret) => {
                let body = webhook::body(message, base);
                let timestamp = self.clock.now().millis().div_euclid(1_000).to_string();
                let call = call
                    .header(EVENT_HEADER, message.event())
                    .header(HeaderName::from_static(DELIVERY_HEADER), &message.id)
                    .header(HeaderName::from_static(TIMESTAMP_HEADER), &timestamp);
                let call = match secret {
                    Some(secret) => {
                        let signature = signature(secret, &message.id, &timestamp, &body);
                        call.header(HeaderName::from_static(SIGNATURE_HEADER), &signature)
                    }
                    None => call,
                };
                call.json_text(body)
            }
        };
        call.send().await.map(drop)
    }

    /// Whether the receiver is there. It need not know the method, and may say so: only what says that it is down, as a proxy
    /// before it does, is no answer of its.
    pub(crate) async fn probe(&self) -> Result<()> {
        let reply = self.client.call_url(Method::HEAD, self.url.expose())?.reply().await?;
        match reply.status {
            status @ (500 | 502..) => {
                Err(Error::new(ErrorKind::Unavailable, format!("{} answers with status {status}", self.to())))
            }
            _ => Ok(()),
        }
    }
}
