//! The flags of `trackside audit`.

use std::path::PathBuf;

use clap::Args;
use trackside_evidence::Dimension;

use crate::remote::ServerArgs;

// The doc comments are the help text.
#[derive(Debug, Args)]
#[command(after_help = "\
What is judged, and how it may stand:
  code data environment parameters randomness execution artifacts
  identical    the same, to the byte
  equivalent   not the same, and no difference is to be expected in what comes of it
  drifted      something else
  missing      not there, or never recorded

Examples:
  trackside audit 0a4ffab99f7e4ab3a3ef1fdd5d6f3c30
  trackside audit churn/3 --html audit.html
  trackside audit churn/3 --record                         # trackside.audit of the version is the verdict
  trackside audit churn@champion --require code,data      # exit code 1 unless both pass

It compares with what is here: run it on the machine, in the repository and with the interpreter that would repeat the run.")]
pub(crate) struct AuditArgs {
    /// A run's id, MODEL/VERSION, MODEL@ALIAS, or the name of an experiment, of which all runs are audited.
    #[arg(value_name = "RUN|MODEL/VERSION|MODEL@ALIAS|EXPERIMENT")]
    pub(super) subject: String,

    #[command(flatten)]
    pub(super) server: ServerArgs,

    /// Where the code is looked for. Default: where it was, or the repository around the working directory.
    #[arg(long, value_name = "DIR")]
    pub(super) repository: Option<PathBuf>,

    /// Exit with 1 unless these are identical or equivalent; `all` for all of them.
    #[arg(long, value_name = "DIMENSIONS", value_delimiter = ',', value_parser = dimension)]
    pub(super) require: Vec<Required>,

    /// Keep the verdict as the tags `trackside.audit` and `trackside.audit.at` of the run, or of the model version that was
    /// named: then it is in the registry's history, and whoever subscribes to audit.failed is told.
    #[arg(long)]
    pub(super) record: bool,

    /// The API key of who records, as `trackside keys` makes it.
    #[arg(long, env = "MLFLOW_TRACKING_TOKEN", value_name = "KEY", hide_env_values = true)]
    pub(super) api_key: Option<String>,

    /// Write the report as a page of HTML.
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
}

/// What `--require` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Required {
    All,
    One(Dimension),
}

fn dimension(name: &str) -> Result<Required, String> {
    if name == "all" {
        return Ok(Required::All);
    }
    let found = Dimension::ALL.into_iter().find(|dimension| dimension.name() == name);
    found.map(Required::One).ok_or_else(|| {
        let names: Vec<&str> = Dimension::ALL.iter().map(|dimension| dimension.name()).collect();
        format!("expected all, or some of {}", names.join(", "))
    })
}

impl AuditArgs {
    /// The dimensions that have to pass.
    pub(super) fn required(&self) -> Vec<Dimension> {
        let chosen = |dimension: &Dimension| {
            self.require
                .iter()
                .any(|required| matches!(required, Required::All) || *required == Required::One(*dimension))
        };
        Dimension::ALL.into_iter().filter(chosen).collect()
    }
}
