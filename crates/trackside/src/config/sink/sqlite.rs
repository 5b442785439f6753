//! `type: sqlite`: a second database of Trackside, as a copy that can be carried away.

use std::path::PathBuf;

use crate::config::{
    scalar,
    section::{Field, Section},
};

const PATH: Field = Field::new("path", "the path of the copy's file", "./copy.db");

/// What the sink needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SqliteConfig {
    pub(crate) path: PathBuf,
}

/// Reads the keys of this type.
pub(crate) fn read(section: &mut Section<'_>) -> Option<SqliteConfig> {
    let path = section.required(&PATH, scalar::path, |path| path.display().to_string().into());
    Some(SqliteConfig { path: path? })
}
