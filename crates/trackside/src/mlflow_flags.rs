//! Flags of `mlflow server` 3.17.2 that mean nothing here, or something this server does not do.
//!
//! The harmless ones are accepted and named in the log; those that promise protection or data elsewhere are
//! refused: a server that starts without them would not be the one that was asked for.

use anyhow::bail;
use clap::Args;

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct MlflowFlags {
    /// Accepted for `mlflow server`'s sake: one process serves all.
    #[arg(long, short, value_name = "N", hide_short_help = true)]
    workers: Option<u32>,
    /// Accepted for `mlflow server`'s sake.
    #[arg(long, value_name = "OPTIONS", hide = true, allow_hyphen_values = true)]
    gunicorn_opts: Option<String>,
    /// Accepted for `mlflow server`'s sake.
    #[arg(long, value_name = "OPTIONS", hide = true, allow_hyphen_values = true)]
    waitress_opts: Option<String>,
    /// Accepted for `mlflow server`'s sake.
    #[arg(long, value_name = "OPTIONS", hide = true, allow_hyphen_values = true)]
    uvicorn_opts: Option<String>,
    /// Accepted for `mlflow server`'s sake.
    #[arg(long, hide = true)]
    dev: bool,
    /// Accepted for `mlflow server`'s sake.
    #[arg(long, value_name = "DIR", hide = true)]
    expose_prometheus: Option<String>,
    /// Accepted when it names the same store as --backend-store-uri.
    #[arg(long, value_name = "URI", hide = true)]
    registry_store_uri: Option<String>,
    /// Refused: replicas come with the PostgreSQL store.
    #[arg(long, value_name = "URI", hide = true)]
    read_replica_backend_store_uri: Option<String>,
    /// Refused: authentication is not built yet.
    #[arg(long, value_name = "NAME", hide = true)]
    app_name: Option<String>,
    /// Refused: one server does both.
    #[arg(long, hide = true)]
    artifacts_only: bool,
    /// Refused: workspaces are not built.
    #[arg(long, hide = true)]
    enable_workspaces: bool,
}

impl MlflowFlags {
    /// Names what is ignored; fails at what cannot be.
    pub(crate) fn check(&self, backend_store_uri: Option<&str>) -> anyhow::Result<()> {
        if let Some(app) = &self.app_name {
            bail!("--app-name {app}: this server has no authentication yet; put a proxy that has it in front");
        }
        if self.artifacts_only {
            bail!("--artifacts-only: this server serves artifacts and runs together; leave the flag out");
        }
        if self.enable_workspaces {
            bail!("--enable-workspaces: this server has no workspaces; leave the flag out");
        }
        if self.read_replica_backend_store_uri.is_some() {
            bail!("--read-replica-backend-store-uri: the SQLite store has no replicas; leave the flag out");
        }
        if let Some(registry) = self.registry_store_uri.as_deref().filter(|uri| Some(*uri) != backend_store_uri) {
            bail!(
                "--registry-store-uri {registry}: models are kept in the database of --backend-store-uri; leave the flag out"
            );
        }
        for name in self.ignored() {
            tracing::info!(flag = name, "this flag of `mlflow server` has no effect here");
        }
        Ok(())
    }

    fn ignored(&self) -> impl Iterator<Item = &'static str> {
        let given = [
            ("--workers", self.workers.is_some()),
            ("--gunicorn-opts", self.gunicorn_opts.is_some()),
            ("--waitress-opts", self.waitress_opts.is_some()),
            ("--uvicorn-opts", self.uvicorn_opts.is_some()),
            ("--dev", self.dev),
            ("--expose-prometheus", self.expose_prometheus.is_some()),
        ];
        given.into_iter().filter_map(|(name, given)| given.then_some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protection_that_is_missing_is_not_promised() {
        let with_auth = MlflowFlags { app_name: Some("basic-auth".into()), ..MlflowFlags::default() };
        assert!(with_auth.check(None).is_err());
        assert!(MlflowFlags { workers: Some(4), ..MlflowFlags::default() }.check(None).is_ok());
    }

    #[test]
    fn one_store_holds_runs_and_models() {
        let registry = |uri: &str| MlflowFlags { registry_store_uri: Some(uri.into()), ..MlflowFlags::default() };
        assert!(registry("sqlite:///a.db").check(Some("sqlite:///a.db")).is_ok());
        assert!(registry("sqlite:///b.db").check(Some("sqlite:///a.db")).is_err());
    }
}
