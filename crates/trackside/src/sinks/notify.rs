//! `type: webhook`, `slack`, `teams`, `email`.

use std::sync::Arc;

use trackside_adapter_notify::{Channel, Config, Notifier, Subscription};
use trackside_core::Result;
use trackside_fanout::Policy;

use crate::{config::sink::NotifyConfig, sinks::Builder};

pub(crate) fn build(builder: &Builder, name: &str, config: &NotifyConfig, policy: &Policy) -> Result<Notifier> {
    let config = Config {
        name: name.to_owned(),
        channel: config.channel.clone(),
        subscription: Subscription::new(&config.events, &config.models, &config.experiments)?,
        digest: config.digest,
        public_url: builder.public_url.clone(),
        timeout: policy.timeout,
        ca_file: config.ca_file.clone(),
    };
    Notifier::new(config, Arc::clone(&builder.store), Arc::clone(&builder.clock))
}

pub(crate) const fn type_name(config: &NotifyConfig) -> &'static str {
    match config.channel {
        Channel::Webhook { .. } => "webhook",
        Channel::Slack { .. } => "slack",
        Channel::Teams { .. } => "teams",
        Channel::Email(_) => "email",
    }
}
