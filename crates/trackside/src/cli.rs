//! The command line. Doc comments are the help text, so they are written for a terminal.

#![expect(clippy::doc_markdown, reason = "help texts are not Markdown")]

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::ArgAction};

use crate::{
    age,
    attest_command::AttestArgs,
    audit_command::AuditArgs,
    config::sink::is_address,
    config_command::ConfigArgs,
    data_command::DataArgs,
    gc_command::GcArgs,
    import_command::ImportArgs,
    keys_command::KeysArgs,
    lineage_command::LineageArgs,
    logging::LogFormat,
    mlflow_flags::MlflowFlags,
    models_command::ModelsArgs,
    reproduce_command::ReproduceArgs,
    rule_flags::RuleFlags,
    run_command::{RunArgs, SendArgs},
    sinks_command::SinksArgs,
    ui_command::UiArgs,
    webhooks::WebhookFlags,
    webhooks_command::WebhooksArgs,
};

/// Experiment tracking in one binary: point any MLflow client at it and log.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "\
Start here:
  trackside serve
  MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python train.py")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the MLflow REST API until SIGINT or SIGTERM.
    ///
    /// Takes the flags of `mlflow server`, so a unit file written for it works with the program's name changed.
    /// Without any flag: SQLite and artifacts below ./trackside-data, on http://127.0.0.1:5000.
    #[command(visible_alias = "server")]
    Serve(Box<ServeArgs>),
    /// Run a command, and record how its runs came to be: code, data, environment, outputs.
    Run(Box<RunArgs>),
    /// Record what `run` could not, because the server was gone when its command ended.
    Send(SendArgs),
    /// Judge whether a run can be repeated: what it depended on, as it is now.
    Audit(AuditArgs),
    /// Repeat a run from exactly what it was, and compare what comes of it. Tells the plan unless --run is given.
    Reproduce(Box<ReproduceArgs>),
    /// Sign what is known of a run, for others to verify without a server.
    Attest(Box<AttestArgs>),
    /// Tell what a run, a model or a file came from, and what came of it.
    Lineage(LineageArgs),
    /// Check or print the configuration: trackside.yaml with the environment and flags over it.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// See and steer the sinks of a running server: where runs are mirrored to, and how far each is.
    Sinks(SinksArgs),
    /// Install MLflow's web UI, which `serve` then shows at /.
    Ui(UiArgs),
    /// Bring runs in that other tools have written to files.
    Import(ImportArgs),
    /// Remove for good what was deleted: runs, experiments and logged models, with their artifacts.
    ///
    /// What is named with the flags, or everything that is in the bin. Works beside a running server.
    Gc(Box<GcArgs>),
    /// List, make and revoke API keys, by which clients are known. Works beside a running server.
    Keys(Box<KeysArgs>),
    /// The model registry of a running server: how it is and was, who changed what, and proofs of it.
    Models(ModelsArgs),
    /// Hash data as DVC does, and see what differs from what DVC has on record. Needs no server.
    Data(DataArgs),
    /// See what a running server has sent to webhooks, and what waits or was given up.
    Webhooks(WebhooksArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Name every fault; exit code 1 when there is any.
    Check(Box<ConfigArgs>),
    /// Print every value and who gave it. Secrets are hidden.
    Print(Box<ConfigArgs>),
}

/// Whose runs are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Capture {
    /// Those of programs that this user runs on this machine, in a git repository.
    Local,
    /// Nobody's; `trackside run` still records its own.
    None,
}

// `-h` is the host, as it is for `mlflow server`; help is `--help` alone.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct ServeArgs {
    /// Configuration file: any of these flags, and the sinks to which runs are mirrored.
    ///
    /// Default: trackside.yaml beside the data directory, where there is one. Flags and variables go over it.
    #[arg(long, env = "TRACKSIDE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Directory of everything that is kept, unless another flag says otherwise. Created when absent.
    #[arg(long, env = "TRACKSIDE_DATA_DIR", value_name = "DIR", default_value = "trackside-data")]
    pub(crate) data_dir: PathBuf,

    /// Database of runs and models: sqlite:///relative/path.db or sqlite:////absolute/path.db.
    ///
    /// Default: trackside.db in the data directory.
    #[arg(long, env = "MLFLOW_BACKEND_STORE_URI", value_name = "URI")]
    pub(crate) backend_store_uri: Option<String>,

    /// Directory in which the server keeps artifacts that clients upload through it.
    ///
    /// Default: artifacts in the data directory.
    #[arg(long, env = "MLFLOW_ARTIFACTS_DESTINATION", value_name = "DIR or file: URI")]
    pub(crate) artifacts_destination: Option<String>,

    /// Where new experiments keep artifacts: the server itself, or a path or URI that clients reach themselves.
    ///
    /// Default: mlflow-artifacts:/, the server itself.
    #[arg(long, env = "MLFLOW_DEFAULT_ARTIFACT_ROOT", value_name = "URI")]
    pub(crate) default_artifact_root: Option<String>,

    /// Let clients upload and download artifacts through the server. This is the default.
    #[arg(long, overrides_with = "no_serve_artifacts")]
    pub(crate) serve_artifacts: bool,

    /// Do not: clients must reach --default-artifact-root themselves.
    #[arg(long, overrides_with = "serve_artifacts")]
    pub(crate) no_serve_artifacts: bool,

    /// Address to listen on. Anything but loopback lets others in: there is no authentication yet.
    #[arg(long, short = 'h', env = "MLFLOW_HOST", value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: String,

    /// Port to listen on; 0 takes a free one and logs it.
    #[arg(long, short, env = "MLFLOW_PORT", default_value_t = 5000)]
    pub(crate) port: u16,

    /// Serve everything below this path, e.g. /tracking.
    #[arg(long, env = "MLFLOW_STATIC_PREFIX", value_name = "PATH")]
    pub(crate) static_prefix: Option<String>,

    /// Names under which the server may be reached besides localhost and private addresses, comma-separated; * is any.
    #[arg(long, env = "MLFLOW_SERVER_ALLOWED_HOSTS", value_name = "HOSTS", value_delimiter = ',')]
    pub(crate) allowed_hosts: Vec<String>,

    /// Origins whose web pages may use the API, comma-separated; * is any text.
    #[arg(long, env = "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    pub(crate) cors_allowed_origins: Vec<String>,

    /// Which pages may embed the server's: SAMEORIGIN, DENY or NONE (any).
    #[arg(long, env = "MLFLOW_SERVER_X_FRAME_OPTIONS", value_name = "WHICH", default_value = "SAMEORIGIN")]
    pub(crate) x_frame_options: String,

    /// Answer any host and any web page.
    #[arg(long, env = "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE")]
    pub(crate) disable_security_middleware: bool,

    /// Most bytes of a JSON request; artifacts are not bounded by it.
    #[arg(long, env = "TRACKSIDE_MAX_BODY_BYTES", value_name = "BYTES", default_value_t = 64 * 1024 * 1024)]
    pub(crate) max_body_bytes: usize,

    /// Port of the live view for `tensorboard --grpc_data_provider=127.0.0.1:PORT`; 0 takes a free one and logs it.
    ///
    /// Default: no live view.
    #[arg(long, env = "TRACKSIDE_TENSORBOARD_PORT", value_name = "PORT")]
    pub(crate) tensorboard_port: Option<u16>,

    /// Whose runs to record code, data and environment of, as `trackside run` does.
    #[arg(long, env = "TRACKSIDE_CAPTURE", value_name = "WHOSE", default_value = "local")]
    pub(crate) capture: Capture,

    /// Where people reach the web pages of this server, for links in notifications.
    ///
    /// Default: notifications have no links.
    #[arg(long, env = "TRACKSIDE_PUBLIC_URL", value_name = "URL", value_parser = address)]
    pub(crate) public_url: Option<String>,

    /// Tag a run as stale, in `trackside.stale`, when it is said to run and nothing was written of it for so long: 2h, 1d.
    ///
    /// Default: never.
    #[arg(long, env = "TRACKSIDE_STALE_AFTER", value_name = "AGE", value_parser = age::parse)]
    pub(crate) stale_after: Option<Duration>,

    #[command(flatten)]
    pub(crate) rules: RuleFlags,

    #[command(flatten)]
    pub(crate) webhooks: WebhookFlags,

    /// Seconds that running requests have to finish after the first SIGINT or SIGTERM; a second signal ends at once.
    #[arg(long, env = "TRACKSIDE_SHUTDOWN_TIMEOUT_SECS", value_name = "SECONDS", default_value_t = 30)]
    pub(crate) shutdown_timeout_secs: u64,

    /// How the log is written: human for people, json for machines.
    #[arg(long, env = "TRACKSIDE_LOG_FORMAT", value_name = "FORMAT", default_value = "human")]
    pub(crate) log_format: LogFormat,

    /// What is logged: error, warn, info, debug (one line per request), trace, or a filter such as
    /// trackside_server=debug.
    #[arg(long, env = "TRACKSIDE_LOG", value_name = "LEVEL", default_value = "info")]
    pub(crate) log: String,

    #[command(flatten)]
    pub(crate) mlflow: MlflowFlags,

    /// Print help.
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
}

fn address(text: &str) -> Result<String, String> {
    if is_address(text) { Ok(text.to_owned()) } else { Err("expected an http or https address".to_owned()) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sinks_are_steered_by_these_lines() {
        for line in [
            "sinks",
            "sinks --json --url http://127.0.0.1:1",
            "sinks list",
            "sinks pause tb",
            "sinks resume tb",
            "sinks log tb --json",
            "sinks backfill tb all",
            "sinks backfill tb --experiment vision --detach",
            "sinks backfill tb --since 2026-01-31",
            "sinks backfill tb --since 2026-01-31T10:00:00+02:00",
            "sinks backfill tb --cancel",
            "sinks dead-letters list",
            "sinks dead-letters list tb --batches --json",
            "sinks dead-letters retry tb --id 1 2 3",
            "sinks dead-letters retry tb --all",
            "sinks dead-letters discard tb --all --yes",
            "sinks remove tb",
            "sinks reload",
        ] {
            let words = std::iter::once("trackside").chain(line.split_whitespace());
            Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
        for line in [
            "sinks pause",
            "sinks backfill tb",
            "sinks backfill tb all --since 2026-01-31",
            "sinks backfill tb all --cancel",
            "sinks backfill tb some",
            "sinks backfill tb --since yesterday",
            "sinks dead-letters retry tb",
            "sinks dead-letters retry tb --all --id 1",
            "sinks dead-letters discard --all --yes",
        ] {
            let words = std::iter::once("trackside").chain(line.split_whitespace());
            assert_eq!(Cli::try_parse_from(words).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn data_is_looked_at_by_these_lines() {
        for (line, fine) in [
            ("data hash a b --sha256 --legacy --json", true),
            ("data --json --no-cache hash a", true),
            ("data status", true),
            ("data status a b --exit-code", true),
            ("data diff a b --exit-code", true),
            ("data hash", false),
            ("data diff a", false),
            ("data diff a b c", false),
        ] {
            let words = std::iter::once("trackside").chain(line.split_whitespace());
            assert_eq!(Cli::try_parse_from(words).is_ok(), fine, "{line}");
        }
    }

    #[test]
    fn attestations_are_made_by_these_lines() {
        for (line, fine) in [
            ("attest churn/3 --key k", true),
            ("attest churn@best --key k --output o --upload --json", true),
            ("attest r --unsigned", true),
            ("attest keygen --output k", true),
            ("attest verify e --key k --artifacts d --outputs p --json", true),
            ("attest", false),
            ("attest churn/3", false),
            ("attest r --unsigned --key k", false),
            ("attest r --unsigned --upload", false),
            ("attest keygen", false),
            ("attest verify e", false),
        ] {
            let words = std::iter::once("trackside").chain(line.split_whitespace());
            assert_eq!(Cli::try_parse_from(words).is_ok(), fine, "{line}");
        }
    }

    #[test]
    fn a_unit_file_for_mlflow_server_is_understood() {
        let line = "trackside serve --backend-store-uri sqlite:///mlflow.db --artifacts-destination ./mlartifacts \
                    --serve-artifacts --host 0.0.0.0 --port 8080 --workers 4 --gunicorn-opts --timeout=60 \
                    --allowed-hosts a.example.com,b.example.com";
        let Command::Serve(args) = Cli::try_parse_from(line.split_whitespace()).unwrap().command else {
            panic!("not serve")
        };
        assert_eq!((args.port, args.host.as_str(), args.allowed_hosts.len()), (8080, "0.0.0.0", 2));
    }
}
