//! The flags of `trackside attest`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::remote::ServerArgs;

// The doc comments are the help text.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "\
Examples:
  trackside attest keygen --output signer.pem           # once; give signer.pem.pub to those who verify
  trackside attest churn/3 --key signer.pem --output churn.json
  trackside attest verify churn.json --key signer.pem.pub --artifacts downloaded

It says what was recorded, by whom, and what an audit finds of it now. That is no level of SLSA: it is as good as the
machine that recorded it and the key that signed it.")]
pub(crate) struct AttestArgs {
    #[command(subcommand)]
    pub(super) action: Option<Action>,

    /// A run's id, MODEL/VERSION or MODEL@ALIAS.
    #[arg(value_name = "RUN|MODEL/VERSION|MODEL@ALIAS", required = true)]
    pub(super) subject: Option<String>,

    #[command(flatten)]
    pub(super) server: ServerArgs,

    /// Sign with this private key: Ed25519 in PEM, as `trackside attest keygen` and `openssl genpkey` write it.
    #[arg(long, value_name = "FILE", required_unless_present = "unsigned")]
    pub(super) key: Option<PathBuf>,

    /// Write the bare statement, which others may sign.
    #[arg(long, conflicts_with_all = ["key", "upload"])]
    pub(super) unsigned: bool,

    /// Write it to this file. Default: standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Store it among the artifacts of the run as well, as trackside/attestation.json.
    #[arg(long)]
    pub(super) upload: bool,

    /// Where the code is looked for. Default: where it was, or the repository around the working directory.
    #[arg(long, value_name = "DIR")]
    pub(super) repository: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Make a key to sign with, and the public one beside it, which verifies.
    Keygen(Keygen),
    /// Check a signature, and files against what was attested. Needs no server.
    ///
    /// Exit code 1 when the signature is not good, or a file is not as attested.
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(super) struct Keygen {
    /// Where the private key goes, readable by you alone; the public one goes to FILE.pub. Neither may exist.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The signed envelope.
    pub(super) envelope: PathBuf,

    /// The public key of who is believed: Ed25519 in PEM.
    #[arg(long, value_name = "FILE")]
    pub(super) key: PathBuf,

    /// Check the run's artifacts: each that was attested has to be below this directory, as it was.
    #[arg(long, value_name = "DIR")]
    pub(super) artifacts: Option<PathBuf>,

    /// Check what the command wrote to its project: each attested output has to be below this directory, as it was.
    #[arg(long, value_name = "DIR")]
    pub(super) outputs: Option<PathBuf>,
}
