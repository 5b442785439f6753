//! Flags that say what clients may do.

use anyhow::Context;
use clap::{Args, builder::BoolishValueParser};
use trackside_compat_mlflow::{Rules, SourcePattern};

/// What clients may do, where MLflow's server has a variable for it.
// The doc comments are the help text.
#[derive(Debug, Clone, Args)]
pub(crate) struct RuleFlags {
    /// Let clients register scorers with code of their own, which runs where they are loaded.
    #[arg(long, env = "MLFLOW_SERVER_ENABLE_CUSTOM_SCORERS", value_parser = BoolishValueParser::new())]
    enable_custom_scorers: bool,

    /// Regular expression that sources of new model versions must match somewhere.
    #[arg(long, env = "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX", value_name = "PATTERN")]
    model_version_source_regex: Option<String>,

    /// Server for requests to language models. Such requests are checked, but not passed on.
    #[arg(long, env = "MLFLOW_DEPLOYMENTS_TARGET", value_name = "URL")]
    deployments_target: Option<String>,
}

impl RuleFlags {
    /// The rules. An empty text is none.
    pub(crate) fn rules(&self) -> anyhow::Result<Rules> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let sources = given(&self.model_version_source_regex).map(|pattern| SourcePattern::parse(&pattern));
        Ok(Rules {
            custom_scorers: self.enable_custom_scorers,
            sources: sources.transpose().context("--model-version-source-regex")?,
            deployments: given(&self.deployments_target).is_some(),
        })
    }
}
