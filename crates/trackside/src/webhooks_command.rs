//! `trackside webhooks`: what a running server has sent to webhooks, over its HTTP API.

use clap::{Args, Subcommand};
use trackside_admin::shape::{Deliveries, Delivery};

use crate::{
    columns::{aligned, plain, shortened},
    output::Output,
    remote::{Remote, ServerArgs},
};

/// The doc comments are the help text.
#[derive(Debug, Args)]
pub(crate) struct WebhooksArgs {
    #[command(flatten)]
    server: ServerArgs,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List what was sent, newest first, and what waits or was given up.
    Deliveries(Wanted),
}

#[derive(Debug, Args)]
struct Wanted {
    /// Of this webhook alone.
    #[arg(long, value_name = "ID")]
    webhook: Option<String>,

    /// In this state alone.
    #[arg(long, value_parser = ["waiting", "delivered", "failed"])]
    state: Option<String>,

    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,

    /// Only those before this number.
    #[arg(long, value_name = "N")]
    before: Option<u64>,
}

/// Runs one command.
pub(crate) fn run(args: &WebhooksArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let output = Output { json: args.server.json };
    let Action::Deliveries(wanted) = &args.action;
    let limit = wanted.limit.to_string();
    let before = wanted.before.map(|number| number.to_string());
    let mut query = vec![("limit", limit.as_str())];
    query.extend(wanted.webhook.as_deref().map(|id| ("webhook", id)));
    query.extend(wanted.state.as_deref().map(|state| ("state", state)));
    query.extend(before.as_deref().map(|number| ("before", number)));
    runtime.block_on(async {
        let remote = Remote::new(&args.server.url())?;
        let found: Deliveries = remote.get(&["webhooks", "deliveries"], &query).await?;
        output.say(&found, || table(&found.deliveries))
    })
}

fn table(deliveries: &[Delivery]) -> String {
    if deliveries.is_empty() {
        return "no deliveries\n".to_owned();
    }
    let head = ["ID", "WEBHOOK", "EVENT", "MODEL", "STATE", "TRIES", "LAST ERROR"].map(str::to_owned);
    let row = |delivery: &Delivery| {
        [
            delivery.id.to_string(),
            plain(&delivery.webhook),
            delivery.event.clone(),
            shortened(&delivery.model),
            delivery.state.clone(),
            delivery.attempts.to_string(),
            delivery.error.as_deref().map(shortened).unwrap_or_default(),
        ]
    };
    aligned(&head, &deliveries.iter().map(row).collect::<Vec<_>>())
}
