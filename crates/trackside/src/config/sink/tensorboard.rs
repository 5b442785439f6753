//! `type: tensorboard`: event files.

use std::path::PathBuf;

use crate::config::{
    scalar,
    section::{Field, Section},
};

const DIRECTORY: Field = Field::new("directory", "the path of the log directory", "./tb");
const IMAGES: Field = Field::new("images", "true, false", "false");

/// What the sink needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TensorBoardConfig {
    pub(crate) directory: PathBuf,
    pub(crate) images: bool,
}

/// Reads the keys of this type.
pub(crate) fn read(section: &mut Section<'_>) -> Option<TensorBoardConfig> {
    let directory = section.required(&DIRECTORY, scalar::path, |path| path.display().to_string().into());
    let images = section.or(&IMAGES, true, scalar::boolean, |images| (*images).into());
    Some(TensorBoardConfig { directory: directory?, images })
}
