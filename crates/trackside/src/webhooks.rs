//! Webhooks as the flags want them.

use std::{sync::Arc, time::Duration};

use trackside_adapter_sqlite::SqliteStore;
use trackside_core::{HookSender, RandomIds, SystemClock};
use trackside_http_client::Reach;
use trackside_webhooks::{Config, Deliverer, HttpSender};

use crate::cli::ServeArgs;

/// What sends, and what delivers with it.
pub(crate) fn open(args: &ServeArgs, store: &SqliteStore) -> (Arc<dyn HookSender>, Deliverer) {
    let config = Config {
        schemes: args.webhook_allowed_schemes.iter().map(|scheme| scheme.trim().to_owned()).collect(),
        reach: if args.webhook_allow_private_ips { Reach::Any } else { Reach::Public },
        timeout: Duration::from_secs(args.webhook_timeout_secs),
        retries: args.webhook_max_retries,
        ..Config::default()
    };
    let clock = Arc::new(SystemClock);
    let sender = Arc::new(HttpSender::new(config.clone(), clock.clone()));
    let deliverer =
        Deliverer { store: Arc::new(store.clone()), sender: sender.clone(), clock, ids: Arc::new(RandomIds), config };
    (sender, deliverer)
}
