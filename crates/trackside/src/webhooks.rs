//! Webhooks: the flags of `serve`, and what they make.

use std::{sync::Arc, time::Duration};

use clap::{Args, builder::BoolishValueParser};
use trackside_adapter_sqlite::SqliteStore;
use trackside_core::{HookSender, RandomIds, SystemClock};
use trackside_http_client::Reach;
use trackside_webhooks::{Config, Deliverer, HttpSender};

// The doc comments are the help text.
#[derive(Debug, Clone, Args)]
pub(crate) struct WebhookFlags {
    /// Schemes that URLs of webhooks may have, comma-separated.
    #[arg(
        id = "webhook_allowed_schemes",
        long = "webhook-allowed-schemes",
        env = "MLFLOW_WEBHOOK_ALLOWED_SCHEMES",
        value_name = "SCHEMES",
        value_delimiter = ',',
        default_value = "https"
    )]
    allowed_schemes: Vec<String>,

    /// Let webhooks reach addresses that are not of the public internet: this machine and its network.
    #[arg(
        id = "webhook_allow_private_ips",
        long = "webhook-allow-private-ips",
        env = "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS",
        value_parser = BoolishValueParser::new()
    )]
    allow_private_ips: bool,

    /// Seconds that a webhook has to answer a message.
    #[arg(
        id = "webhook_timeout_secs",
        long = "webhook-timeout-secs",
        env = "MLFLOW_WEBHOOK_REQUEST_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    timeout_secs: u64,

    /// Tries of a message after the first, with pauses of 1 s, 2 s, 4 s up to 10 minutes, before it is given up.
    #[arg(
        id = "webhook_max_retries",
        long = "webhook-max-retries",
        env = "MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES",
        value_name = "N",
        default_value_t = 9,
        value_parser = clap::value_parser!(u32).range(0..=1000)
    )]
    max_retries: u32,
}

/// What sends, and what delivers with it.
pub(crate) fn open(flags: &WebhookFlags, store: &SqliteStore) -> (Arc<dyn HookSender>, Deliverer) {
    let config = Config {
        schemes: flags.allowed_schemes.iter().map(|scheme| scheme.trim().to_owned()).collect(),
        reach: if flags.allow_private_ips { Reach::Any } else { Reach::Public },
        timeout: Duration::from_secs(flags.timeout_secs),
        retries: flags.max_retries,
        ..Config::default()
    };
    let clock = Arc::new(SystemClock);
    let sender = Arc::new(HttpSender::new(config.clone(), clock.clone()));
    let deliverer =
        Deliverer { store: Arc::new(store.clone()), sender: sender.clone(), clock, ids: Arc::new(RandomIds), config };
    (sender, deliverer)
}
