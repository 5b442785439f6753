use std::{path::PathBuf, time::Duration};

use clap::Args;

use crate::age;

/// The least time between two looks; each reads all tags.
const LEAST: Duration = Duration::from_secs(1);

// The doc comments are the help text.
#[derive(Debug, Args)]
#[command(after_help = "\
What the registry has becomes annotated tags that GTO reads, and tags that others make enter the registry:
  trackside models mirror --repository .              # churn@v3.0.0, churn#production#2, churn#champion#3
  gto show churn
  gto assign churn --version v2.0.0 --stage production
  trackside models mirror --repository .              # version 2 of churn is in Production

Nothing is pushed or fetched: `git push --tags` and `git fetch --tags` are yours, e.g. before and after it.
What both sides moved is left as it is and told of, with what ends it; exit code 1 then.")]
pub(crate) struct Mirrored {
    /// The git repository; it may be bare.
    #[arg(long, value_name = "PATH")]
    pub(crate) repository: PathBuf,

    /// Only registered models of this name; * stands for anything. May be given more than once.
    #[arg(long, value_name = "GLOB", default_value = "*")]
    pub(crate) model: Vec<String>,

    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Go on for ever, with a look this often: 30s, 5m.
    #[arg(long, value_name = "TIME", value_parser = every)]
    pub(crate) every: Option<Duration>,

    /// Take it for meant that tags are gone, or others, than were there; else their models are left alone.
    #[arg(long)]
    pub(crate) accept_deleted: bool,

    /// The API key of who does it, as `trackside keys` makes it.
    #[arg(long, env = "MLFLOW_TRACKING_TOKEN", value_name = "KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
}

fn every(text: &str) -> Result<Duration, String> {
    match age::parse(text) {
        Ok(every) if every >= LEAST => Ok(every),
        Ok(_) => Err("once a second is as often as it looks".to_owned()),
        Err(_) => Err(format!("'{text}' is no time; say e.g. 30s or 5m")),
    }
}
