//! What a command is about: runs, found by how people name them.

use anyhow::{Context, bail, ensure};
use trackside_core::ErrorKind;
use trackside_tracking::{ModelVersion, Run, Server};

use crate::version_name::{self, is_semver};

/// What a name stands for.
#[derive(Debug)]
pub(crate) struct Subject {
    /// The runs.
    pub(crate) runs: Vec<Run>,
    /// The model version, where it names one.
    pub(crate) version: Option<ModelVersion>,
}

impl Subject {
    /// Looks for a run, a model version by number or alias, or an experiment of that name.
    pub(crate) async fn find(server: &Server, name: &str) -> anyhow::Result<Self> {
        if is_run_id(name) {
            return Ok(Self { runs: vec![server.run(name).await?], version: None });
        }
        if let Some((model, alias)) = name.split_once('@') {
            return Self::of(server, name, server.aliased_version(model, alias).await?).await;
        }
        if let Some((_, version)) = name.rsplit_once('/')
            && (version.bytes().all(|byte| byte.is_ascii_digit()) || is_semver(version))
        {
            match version_name::find(server, name).await {
                Ok(version) => return Self::of(server, name, version).await,
                // An experiment may be called so.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        let Some(experiment) = server.experiment(name).await? else {
            bail!("{name}: no run, model version or experiment of that name at {}", server.url());
        };
        let runs = server.runs(&[experiment], "").await?;
        ensure!(!runs.is_empty(), "the experiment {name} has no runs");
        Ok(Self { runs, version: None })
    }

    async fn of(server: &Server, name: &str, version: ModelVersion) -> anyhow::Result<Self> {
        let run = Some(version.run_id.as_str()).filter(|run| !run.is_empty());
        let run =
            run.with_context(|| format!("{name} was registered without a run, so nothing says how it came to be"))?;
        Ok(Self { runs: vec![server.run(run).await?], version: Some(version) })
    }
}

/// 32 hexadecimal digits, as MLflow and we make them.
pub(crate) fn is_run_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
