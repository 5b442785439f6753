//! One try of a message, whichever way it goes.

use std::sync::Arc;

use trackside_core::{Clock, Result};

use crate::{
    Channel, Config,
    hook::{Form, Hook},
    mailer::Mailer,
    message::Message,
};

/// What sends.
#[derive(Debug)]
pub(crate) enum Courier {
    Hook(Box<Hook>),
    Mailer(Box<Mailer>),
}

impl Courier {
    /// Connects to nothing.
    pub(crate) fn new(config: &Config, clock: Arc<dyn Clock>) -> Result<Self> {
        let (url, form) = match &config.channel {
            Channel::Email(mail) => return Ok(Self::Mailer(Box::new(Mailer::new(config, mail)?))),
            Channel::Webhook { url, secret } => (url, Form::Webhook(secret.clone())),
            Channel::Slack { url } => (url, Form::Slack),
            Channel::Teams { url } => (url, Form::Teams),
        };
        Ok(Self::Hook(Box::new(Hook::new(config, url, form, clock)?)))
    }

    /// To whom, fit to be shown.
    pub(crate) fn to(&self) -> String {
        match self {
            Self::Hook(hook) => hook.to(),
            Self::Mailer(mailer) => mailer.to(),
        }
    }

    /// Sends it; `base` is the address of the server's pages.
    pub(crate) async fn send(&self, message: &Message, base: Option<&str>) -> Result<()> {
        match self {
            Self::Hook(hook) => hook.send(message, base).await,
            Self::Mailer(mailer) => mailer.send(message, base).await,
        }
    }

    /// Whether the other side is there.
    pub(crate) async fn probe(&self) -> Result<()> {
        match self {
            Self::Hook(hook) => hook.probe().await,
            Self::Mailer(mailer) => mailer.probe().await,
        }
    }
}
