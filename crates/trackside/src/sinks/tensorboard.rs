//! `type: tensorboard`.

use std::sync::Arc;

use trackside_adapter_tensorboard::{Config, TensorBoardTracker};

use crate::{config::sink::TensorBoardConfig, sinks::Builder};

pub(crate) fn build(builder: &Builder, name: &str, config: &TensorBoardConfig) -> TensorBoardTracker {
    let config = Config { name: name.to_owned(), directory: config.directory.clone(), images: config.images };
    TensorBoardTracker::new(config, Arc::clone(&builder.artifacts))
}
