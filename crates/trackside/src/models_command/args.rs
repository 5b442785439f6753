#![expect(clippy::doc_markdown, reason = "help texts are not Markdown")]

use std::path::PathBuf;

use clap::{Args, Subcommand};
use trackside_core::{Timestamp, VersionNumber};
use trackside_evidence::Held;

use super::mirror::Mirrored;
use crate::{instant, remote::ServerArgs};

// The doc comments are the help text.
#[derive(Debug, Args)]
#[command(after_help = "\
Which version was in production in March, and who put it there?
  trackside models show churn --as-of 2026-03-15
  trackside models history churn

Prove it to somebody who has no access to the server:
  trackside attest keygen --output signer.pem
  trackside models prove churn/3 --stage Production --from 2026-03-01 --until 2026-03-31 --key signer.pem -o proof.json
  trackside models check-proof proof.json --key signer.pem.pub

Clients are known by their API key: `trackside keys --create alice` makes one, and an mlflow client with
MLFLOW_TRACKING_TOKEN=<key> is alice.")]
pub(crate) struct ModelsArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,

    #[command(subcommand)]
    pub(crate) action: Action,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// All registered models with their stages and aliases, now or as they were.
    List(Listed),
    /// Who changed what of a registered model, when, and from what to what; oldest first.
    History(Wanted),
    /// A registered model with its versions, stages and aliases, now or as it was.
    Show(Shown),
    /// The versions of a registered model, with their stages, aliases and semantic versions.
    Versions(Shown),
    /// What is otherwise between two versions: metrics, params, data, code, environment.
    Compare(Compared),
    /// A model card in Markdown, made of what is known of a version.
    Card(Exported),
    /// A bill of materials with data, packages and files, in JSON of CycloneDX 1.6.
    Bom(Exported),
    /// What the policy says to a version that is to have a stage or an alias, rule by rule; exit code 1 if not all are met.
    Check(Checking),
    /// Give a version a stage or an alias; whoever held the stage is archived.
    Promote(Promoted),
    /// Promotions that wait for approval.
    Promotions(Asked),
    /// Be for a promotion. One that has all approvals takes effect.
    Approve(Deciding),
    /// Be against a promotion, which ends it.
    Reject(Deciding),
    /// No longer ask for a promotion.
    Withdraw(Deciding),
    /// Give a stage or an alias back to the version that held it before.
    Rollback(RolledBack),
    /// Sign the files of a version, so that model_signing verifies them.
    Sign(Signed),
    /// Check a signature over the files of a version. Exit code 1 when they are not those that were signed.
    CheckSignature(SignatureChecked),
    /// Which versions a version was made from, with run, commit and data of each.
    Tree(Familial),
    /// Write versions, stages and aliases as tags of a git repository, and take tags of others into the registry.
    Mirror(Mirrored),
    /// Prove with a signature that a version held a stage or an alias, and for how long; see check-proof.
    Prove(Proved),
    /// Check a proof. Needs no server. Exit code 1 when it does not prove what is asked.
    CheckProof(Checked),
    /// Sign what the history is now: whoever keeps it finds out with verify whether the end was cut or all written anew.
    Checkpoint(Checkpointed),
    /// Check that the history is whole, and that the registry is what it says; exit code 1 if not.
    Verify(Verified),
}

#[derive(Debug, Args)]
pub(crate) struct Listed {
    /// As they were at this time: 2026-03-01, or 2026-03-01T10:00+01:00; UTC when it does not say.
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    pub(crate) as_of: Option<Timestamp>,
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
pub(crate) struct Compared {
    /// NAME/VERSION, NAME@ALIAS, or the id of a run.
    #[arg(value_name = "NAME/VERSION|NAME@ALIAS|RUN")]
    pub(crate) left: String,

    /// The other.
    #[arg(value_name = "NAME/VERSION|NAME@ALIAS|RUN")]
    pub(crate) right: String,
}

#[derive(Debug, Args)]
pub(crate) struct Exported {
    /// Which version, by its number or its semantic version: churn/3, churn/1.2.0, churn@champion.
    #[arg(value_name = "NAME/VERSION|NAME@ALIAS")]
    pub(crate) subject: String,

    /// Write it to this file. Default: standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Who changes something.
#[derive(Debug, Args)]
pub(crate) struct By {
    /// Why; it is kept in the history.
    #[arg(long, short = 'm', value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    /// The API key of who does it, as `trackside keys` makes it.
    #[arg(long, env = "MLFLOW_TRACKING_TOKEN", value_name = "KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Promoted {
    /// Which version, by its number or its semantic version: churn/3, churn/1.2.0, churn@champion.
    #[arg(value_name = "NAME/VERSION|NAME@ALIAS")]
    pub(crate) subject: String,

    /// To a stage, or an alias with an @ before it: Production, @champion. May be given more than once.
    #[arg(long, required = true, value_name = "STAGE|@ALIAS", value_parser = target)]
    pub(crate) to: Vec<Held>,

    /// Leave other versions of the stage where they are.
    #[arg(long)]
    pub(crate) keep_others: bool,

    #[command(flatten)]
    pub(crate) by: By,
}

#[derive(Debug, Args)]
pub(crate) struct Checking {
    /// Which version, by its number or its semantic version: churn/3, churn/1.2.0, churn@champion.
    #[arg(value_name = "NAME/VERSION|NAME@ALIAS")]
    pub(crate) subject: String,

    /// A stage, or an alias with an @ before it: Production, @champion. May be given more than once.
    #[arg(long, required = true, value_name = "STAGE|@ALIAS", value_parser = target)]
    pub(crate) to: Vec<Held>,

    /// The API key of who would ask for it.
    #[arg(long, env = "MLFLOW_TRACKING_TOKEN", value_name = "KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// Name of the registered model; all models when there is none.
    pub(crate) name: Option<String>,

    /// Those that ended as well.
    #[arg(long)]
    pub(crate) all: bool,

    /// The newest, at most so many.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) limit: u16,
}

#[derive(Debug, Args)]
pub(crate) struct Deciding {
    /// Number of the promotion.
    #[arg(value_name = "ID")]
    pub(crate) id: u64,

    #[command(flatten)]
    pub(crate) by: By,
}

#[derive(Debug, Args)]
pub(crate) struct RolledBack {
    /// Name of the registered model.
    pub(crate) name: String,

    /// A stage, or an alias with an @ before it: Production, @champion.
    #[arg(long, value_name = "STAGE|@ALIAS", value_parser = target)]
    pub(crate) to: Held,

    #[command(flatten)]
    pub(crate) by: By,
}

fn target(text: &str) -> Result<Held, String> {
    match text.strip_prefix('@') {
        Some("") => Err("an alias has a name".to_owned()),
        Some(alias) => Ok(Held::Alias(alias.to_owned())),
        None => Ok(Held::Stage(text.to_owned())),
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Signed with a key of your own, and verified with the PyPI package of OpenSSF by whoever has the files:
  openssl ecparam -name prime256v1 -genkey -noout -out ec.pem
  openssl ec -in ec.pem -pubout -out ec.pub
  trackside models sign churn/3 --key ec.pem -o model.sig
  model_signing verify key ./downloaded --signature model.sig --public_key ec.pub")]
pub(crate) struct Signed {
    /// Which version, by its number or its semantic version: churn/3, churn/1.2.0, churn@champion.
    #[arg(value_name = "NAME/VERSION|NAME@ALIAS")]
    pub(crate) subject: String,

    /// Sign with this private key, on the curve P-256 or P-384, in PEM.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,

    /// Write the signature to this file.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SignatureChecked {
    /// The signature.
    pub(crate) signature: PathBuf,

    /// Which version: its files as the server has them.
    #[arg(value_name = "NAME/VERSION|NAME@ALIAS", required_unless_present = "files", conflicts_with = "files")]
    pub(crate) subject: Option<String>,

    /// The files below this directory. Needs no server.
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) files: Option<PathBuf>,

    /// The public key of who is believed.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A version says what it was made from by its tag trackside.parent_versions, e.g. \"base/1, teacher/3\":
  client.create_model_version(\"churn\", source, run_id, tags={\"trackside.parent_versions\": \"base/1\"})")]
pub(crate) struct Familial {
    /// Which version, by its number or its semantic version: churn/3, churn/1.2.0, churn@champion.
    #[arg(value_name = "NAME/VERSION|NAME@ALIAS")]
    pub(crate) subject: String,

    /// What was made from it, instead.
    #[arg(long)]
    pub(crate) down: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Proved {
    /// Which version of which registered model.
    #[arg(value_name = "NAME/VERSION")]
    pub(crate) subject: String,

    /// Prove that it held this stage.
    #[arg(long, required_unless_present = "alias", conflicts_with = "alias")]
    pub(crate) stage: Option<String>,

    /// Prove that it held this alias.
    #[arg(long)]
    pub(crate) alias: Option<String>,

    /// At this time, or from then on: 2026-03-01, or 2026-03-01T10:00+01:00; UTC when it does not say.
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    pub(crate) from: Option<Timestamp>,

    /// Until this time.
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    pub(crate) until: Option<Timestamp>,

    /// Sign with this private key, as `trackside attest keygen` makes it.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,

    /// Write the proof to this file. Default: standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Checked {
    /// The proof.
    pub(crate) proof: PathBuf,

    /// The public key of who is believed.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,

    /// It has to prove that the version held it at this time, or from then on.
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    pub(crate) from: Option<Timestamp>,

    /// Until this time.
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    pub(crate) until: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Checkpointed {
    /// Sign with this private key, as `trackside attest keygen` makes it.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,

    /// Write it to this file. Default: standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Verified {
    /// A checkpoint that was signed before; the history has to go on from it.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) checkpoint: Vec<PathBuf>,

    /// The public key of who signed the checkpoints.
    #[arg(long, value_name = "FILE", requires = "checkpoint")]
    pub(crate) key: Option<PathBuf>,

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
