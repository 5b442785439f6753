//! `type: exec`.

use std::path::Path;

use trackside_adapter_exec::{Config, ExecTracker};

use crate::config::sink::ExecConfig;

pub(crate) fn build(name: &str, config: &ExecConfig) -> ExecTracker {
    let folder = Some(config.working_dir.clone()).filter(|folder| folder != Path::new(""));
    ExecTracker::new(Config {
        name: name.to_owned(),
        command: config.command.clone(),
        env: config.env.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect(),
        working_dir: folder,
        answer_timeout: config.answer_timeout,
        capability: config.capability,
    })
}
