//! The flags of `trackside data`. Doc comments are the help text.

#![expect(clippy::doc_markdown, reason = "help texts are not Markdown")]

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackside data hash data/train.csv data/images     the digests that `dvc add` would record
  trackside data status                              what differs from what DVC has on record
  trackside data status --exit-code data/            the same of a part, for CI
  trackside data diff data/v1 data/v2                files added, removed, changed, moved")]
pub(crate) struct DataArgs {
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,

    /// Read every file, also those that have not changed since they were last hashed.
    ///
    /// Hashes are remembered in $XDG_CACHE_HOME/trackside, or ~/.cache/trackside.
    #[arg(long, global = true)]
    pub(super) no_cache: bool,

    #[command(subcommand)]
    pub(super) action: Action,
}

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Print the digests of files and directories, equal to those of DVC.
    ///
    /// Follows .dvcignore files as DVC does; .gitignore says nothing about data. What DVC leaves out in silence, such as
    /// links to directories, is named.
    Hash(HashArgs),
    /// Say what differs from what DVC has on record in .dvc and dvc.lock files, naming files where DVC's cache lists them.
    Status(StatusArgs),
    /// Say which files differ between two directories, files, or lists of files that a run has among its artifacts.
    Diff(DiffArgs),
}

#[derive(Debug, Args)]
pub(super) struct HashArgs {
    /// Files and directories, anywhere.
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,

    /// Print SHA-256 as well. That of a directory is over the list of its files, as `sha256sum` would print it.
    #[arg(long)]
    pub(super) sha256: bool,

    /// Print what DVC 2 would have recorded as well: MD5 with the line ends of texts made those of Unix.
    #[arg(long)]
    pub(super) legacy: bool,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Only what is at or below these paths. Default: everything that DVC has on record in the project.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,

    /// End with exit code 1 when anything differs, is missing or could not be looked at.
    #[arg(long)]
    pub(super) exit_code: bool,
}

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The first: a file, a directory, or a list of files such as trackside/data/train.json of a run.
    #[arg(value_name = "A")]
    pub(super) old: PathBuf,

    /// The second, likewise.
    #[arg(value_name = "B")]
    pub(super) new: PathBuf,

    /// End with exit code 1 when anything differs.
    #[arg(long)]
    pub(super) exit_code: bool,
}
