//! `type: mlflow`.

use std::sync::Arc;

use trackside_adapter_mlflow::{Config, MlflowTracker};
use trackside_core::Result;
use trackside_fanout::Policy;
use trackside_http_client::{Auth, Config as Http, Secret};

use crate::{
    config::sink::{MlflowAuth, MlflowConfig},
    sinks::Builder,
};

pub(crate) fn build(builder: &Builder, name: &str, config: &MlflowConfig, policy: &Policy) -> Result<MlflowTracker> {
    let auth = match &config.auth {
        MlflowAuth::None => Auth::None,
        MlflowAuth::Bearer(token) => Auth::Bearer(Secret::new(token.reveal())),
        MlflowAuth::Basic { username, password } => {
            Auth::Basic { user: username.clone(), password: Secret::new(password.reveal()) }
        }
    };
    let config = Config {
        name: name.to_owned(),
        url: config.url.clone(),
        experiment_prefix: config.experiment_prefix.clone(),
        artifacts: config.artifacts,
        http: Http { auth, timeout: policy.timeout, ca_file: config.ca_file.clone(), ..Http::default() },
    };
    MlflowTracker::new(config, Arc::clone(&builder.artifacts), Arc::clone(&builder.clock))
}
