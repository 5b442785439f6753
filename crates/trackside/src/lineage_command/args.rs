//! The flags of `trackside lineage`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, builder::RangedU64ValueParser};
use trackside_evidence::Direction;

use crate::remote::ServerArgs;

// The doc comments are the help text.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackside lineage churn@champion                 # which data and code a model came from
  trackside lineage data/train/0001.png            # which runs and models saw this file
  trackside lineage churn/3 --format dot | dot -Tsvg > lineage.svg
  trackside lineage 0a4ffab99f7e4ab3a3ef1fdd5d6f3c30 --format openlineage --namespace prod

A file counts as read by the runs that read it, or a directory in which it was, and its content is what is looked for:
where it stands now, and what it is called, do not matter. A path that exists comes before a model of that name.")]
pub(crate) struct LineageArgs {
    /// A run's id, MODEL/VERSION, MODEL@ALIAS, or a file or directory of this machine.
    #[arg(value_name = "RUN|MODEL/VERSION|MODEL@ALIAS|PATH")]
    pub(super) subject: String,

    #[command(flatten)]
    pub(super) server: ServerArgs,

    /// How to write it; --json is the same as `--format json`.
    #[arg(long, value_enum, default_value = "tree", value_name = "FORMAT")]
    pub(super) format: Format,

    /// Only what it came from.
    #[arg(long, conflicts_with = "downstream")]
    pub(super) upstream: bool,

    /// Only what came of it.
    #[arg(long)]
    pub(super) downstream: bool,

    /// How many runs to go on from the first ones in each direction; 0 tells of their neighbours alone.
    #[arg(long, value_name = "N", default_value = "10", value_parser = RangedU64ValueParser::<usize>::new().range(..=1000))]
    pub(super) depth: usize,

    /// Where jobs and datasets of OpenLineage are. Default: mlflow:// and the address of the server.
    #[arg(long, value_name = "NAME")]
    pub(super) namespace: Option<String>,

    /// Write it to this file.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// How lineage is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Tree,
    /// Nodes and edges.
    Json,
    /// For Graphviz.
    Dot,
    /// Events of OpenLineage, one per line: for each run its start and its end.
    Openlineage,
    /// W3C PROV as JSON.
    Prov,
}

impl LineageArgs {
    /// Which ways to look.
    pub(super) fn directions(&self) -> Vec<Direction> {
        match (self.upstream, self.downstream) {
            (true, _) => vec![Direction::Upstream],
            (_, true) => vec![Direction::Downstream],
            _ => vec![Direction::Upstream, Direction::Downstream],
        }
    }
}
