//! The flags of `trackside lineage`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::remote::ServerArgs;

// The doc comments are the help text.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackside lineage churn@champion                 # which data and code a model came from
  trackside lineage data/train/0001.png            # which runs and models saw this file
  trackside lineage churn/3 --format dot | dot -Tsvg > lineage.svg
  trackside lineage 0a4ffab99f7e4ab3a3ef1fdd5d6f3c30 --format openlineage")]
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

    /// How many runs to go in each direction.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(super) depth: usize,

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
    /// Events of OpenLineage, one per line.
    Openlineage,
    /// W3C PROV as JSON.
    Prov,
}
