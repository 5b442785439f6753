//! What a user sets.

use std::{path::PathBuf, time::Duration};

use trackside_core::WebhookSecret;
use trackside_http_client::Secret;

use crate::Subscription;

/// Settings of a destination.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its name.
    pub name: String,
    /// How it is told.
    pub channel: Channel,
    /// What it is told of.
    pub subscription: Subscription,
    /// One message for all notices of a period, instead of one for each.
    pub digest: Option<Duration>,
    /// Where people reach the pages of the server; without it there are no links.
    pub public_url: Option<String>,
    /// For one message.
    pub timeout: Duration,
    /// PEM file with further certificates to trust.
    pub ca_file: Option<PathBuf>,
}

/// How a destination is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Channel {
    /// JSON, signed when there is a secret.
    Webhook {
        /// Where; may hold a secret.
        url: Secret,
        /// The key of signatures.
        secret: Option<WebhookSecret>,
    },
    /// An incoming webhook of Slack, or of another chat that takes such.
    Slack {
        /// Where; whoever knows it may write there.
        url: Secret,
    },
    /// A webhook of Microsoft Teams that takes cards.
    Teams {
        /// Where; whoever knows it may write there.
        url: Secret,
    },
    /// Mails.
    Email(Mail),
}

/// How mails are sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Mail {
    /// The SMTP server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// User and password.
    pub credentials: Option<(String, Secret)>,
    /// Whom mails are from.
    pub from: String,
    /// Whom they are to; each sees the others.
    pub to: Vec<String>,
}

/// How a connection to an SMTP server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS once the server has said that it can, which it must.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Not at all.
    None,
}

impl Mail {
    /// Whether a text is an address, also with a name before it: `Trackside <trackside@example.com>`.
    pub fn is_address(text: &str) -> bool {
        text.parse::<lettre::message::Mailbox>().is_ok()
    }
}
