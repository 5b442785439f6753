//! `type: wandb`.

use std::sync::Arc;

use trackside_adapter_wandb::{Config, Mode, WandbTracker};
use trackside_core::Result;
use trackside_fanout::Policy;

use crate::{
    config::sink::{WandbConfig, WandbMode},
    sinks::Builder,
};

pub(crate) fn build(builder: &Builder, name: &str, config: &WandbConfig, policy: &Policy) -> Result<WandbTracker> {
    let mode = match &config.mode {
        WandbMode::Offline { directory } => Mode::Offline { directory: directory.clone() },
        WandbMode::Online { base_url, api_key } => Mode::Online {
            base_url: base_url.clone(),
            api_key: api_key.clone(),
            timeout: policy.timeout,
            ca_file: config.ca_file.clone(),
        },
    };
    let config = Config { name: name.to_owned(), mode, entity: config.entity.clone(), project: config.project.clone() };
    WandbTracker::new(config, Arc::clone(&builder.artifacts), Arc::clone(&builder.clock))
}
