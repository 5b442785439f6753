//! The flags of `trackside reproduce`.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, ValueEnum};
use trackside_evidence::Tolerances;

use crate::remote::ServerArgs;

// The doc comments are the help text.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are switches")]
#[command(after_help = "\
Without --run nothing is run: the plan is printed, and the exit code is 1 if the run cannot be repeated.

The code is checked out beside the working tree, data is put there as it was and checked, the command runs there as a new
run of the same experiment, and its metrics are compared with the old ones, step by step:
  identical    the same, to the bit
  equivalent   within the tolerance: the one that is given, the spread of two earlier repeats, or 1e-3 of each value
  different    something else; exit code 1

Examples:
  trackside reproduce 0a4ffab99f7e4ab3a3ef1fdd5d6f3c30
  trackside reproduce churn@champion --run
  trackside reproduce churn/3 --run --environment make --tolerance 0.01 --metric loss=0.05
  trackside reproduce 0a4ffab99f7e4ab3a3ef1fdd5d6f3c30 --run -- python train.py --token $TOKEN")]
pub(crate) struct ReproduceArgs {
    /// A run's id, MODEL/VERSION or MODEL@ALIAS.
    #[arg(value_name = "RUN|MODEL/VERSION|MODEL@ALIAS")]
    pub(super) subject: String,

    #[command(flatten)]
    pub(super) server: ServerArgs,

    /// Where the code is looked for. Default: where it was, or the repository around the working directory.
    #[arg(long, value_name = "DIR")]
    pub(super) repository: Option<PathBuf>,

    /// Where to work: code/ and venv/ are made in it, and stay. Default: a temporary directory.
    #[arg(long, value_name = "DIR")]
    pub(super) directory: Option<PathBuf>,

    /// Leave the temporary directory where it is.
    #[arg(long)]
    pub(super) keep: bool,

    /// Do it.
    #[arg(long)]
    pub(super) run: bool,

    /// The interpreter and its packages: the ones that are here, or the recorded ones, made anew.
    #[arg(long, value_enum, default_value_t = Surroundings::Current, value_name = "WHICH")]
    pub(super) environment: Surroundings,

    /// Refuse to run where interpreter, packages, variables or machine are not as recorded.
    #[arg(long)]
    pub(super) strict_environment: bool,

    /// Link to data instead of copying it, where it stands and the command is not known to write to it.
    #[arg(long)]
    pub(super) link: bool,

    /// How far metrics may lie apart, as a part of the value: 0 for not at all.
    #[arg(long, value_name = "REL", value_parser = tolerance)]
    pub(super) tolerance: Option<f64>,

    /// The same for one metric. May be given several times.
    #[arg(long, value_name = "NAME=REL", value_parser = named_tolerance)]
    pub(super) metric: Vec<(String, f64)>,

    /// The command, where the recorded one is not to be used or not known whole.
    #[arg(last = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}

/// Which interpreter and packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Surroundings {
    /// Those that are here; what differs from the recorded ones is told.
    Current,
    /// The recorded versions, installed into a virtual environment.
    Make,
}

impl ReproduceArgs {
    /// The tolerances that are given.
    pub(super) fn tolerances(&self) -> Tolerances {
        Tolerances { all: self.tolerance, metrics: self.metric.iter().cloned().collect() }
    }
}

fn tolerance(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    value.ok_or_else(|| "expected a part of the value, such as 0.001".to_owned())
}

fn named_tolerance(text: &str) -> Result<(String, f64), String> {
    let parts = text.rsplit_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parts.ok_or("expected the name of a metric and a part of its value, such as loss=0.01")?;
    Ok((name.to_owned(), tolerance(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_belongs_to_a_metric() {
        assert_eq!(named_tolerance("val/loss=0.5"), Ok(("val/loss".to_owned(), 0.5)));
        assert_eq!(named_tolerance("a=b=1e-3"), Ok(("a=b".to_owned(), 1e-3)));
        for wrong in ["loss", "=1", "loss=", "loss=-1", "loss=nan", "loss=inf"] {
            assert!(named_tolerance(wrong).is_err(), "{wrong}");
        }
    }
}
