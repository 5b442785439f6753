use clap::{Args, Subcommand};
use trackside_core::{Timestamp, VersionNumber};

use crate::{instant, remote::ServerArgs};

// The doc comments are the help text.
#[derive(Debug, Args)]
#[command(after_help = "\
Which version was in production in March, and who put it there?
  trackside models show churn --as-of 2026-03-15
  trackside models history churn

Clients are known by their API key: `trackside keys --create alice` makes one, and with MLFLOW_TRACKING_TOKEN=<key> an mlflow
client is alice.")]
pub(crate) struct ModelsArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,

    #[command(subcommand)]
    pub(crate) action: Action,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Who changed what of a registered model, when, and from what to what; oldest first.
    History(Wanted),
    /// A registered model with its versions, stages and aliases, now or as it was.
    Show(Shown),
    /// Check that the history is whole, and that the registry is what it says; exit code 1 if not.
    Verify(Known),
}

#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Name of the registered model; all models when there is none.
    pub(crate) name: Option<String>,

    /// What concerns this version alone.
    #[arg(long, value_name = "N", requires = "name")]
    pub(crate) version: Option<VersionNumber>,

    /// Until this time alone: 2026-03-01, or 2026-03-01T10:00+01:00; UTC when it does not say.
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    pub(crate) as_of: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// Name of the registered model, at that time.
    pub(crate) name: String,

    /// As it was at this time: 2026-03-01, or 2026-03-01T10:00+01:00; UTC when it does not say.
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    pub(crate) as_of: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Known {
    /// An entry that was printed before, as NUMBER:DIGEST. Finds out whether the history was cut or written anew since.
    #[arg(long, value_name = "NUMBER:DIGEST", value_parser = known)]
    pub(crate) known: Vec<(u64, String)>,
}

fn known(text: &str) -> Result<(u64, String), String> {
    let parsed = text.split_once(':').and_then(|(seq, digest)| Some((seq.parse().ok()?, digest.to_lowercase())));
    parsed.filter(|(_, digest)| digest.len() == 64).ok_or_else(|| {
        "expected the number and the digest of an entry, as `trackside models verify` prints them".to_owned()
    })
}
