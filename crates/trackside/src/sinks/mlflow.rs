//! `type: mlflow`.

use std::sync::Arc;

use trackside_adapter_mlflow::{Config, MlflowTracker};
use trackside_core::Result;
use trackside_fanout::Policy;
use trackside_http_client::Config as Http;

use crate::{config::sink::MlflowConfig, sinks::Builder};

pub(crate) fn build(builder: &Builder, name: &str, config: &MlflowConfig, policy: &Policy) -> Result<MlflowTracker> {
    let config = Config {
        name: name.to_owned(),
        url: config.url.clone(),
        experiment_prefix: config.experiment_prefix.clone(),
        artifacts: config.artifacts,
        http: Http {
            auth: config.auth.clone(),
            timeout: policy.timeout,
            ca_file: config.ca_file.clone(),
            ..Http::default()
        },
    };
    MlflowTracker::new(config, Arc::clone(&builder.artifacts), Arc::clone(&builder.clock))
}
