//! Where `trackside.yaml` is.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{
    cli::ServeArgs,
    config::{Fault, value::Value, yaml},
};

/// The name of the file beside the data directory.
const NAME: &str = "trackside.yaml";

/// A larger file is not a configuration.
const MAX_BYTES: u64 = 1024 * 1024;

/// The file that is named, or the one beside the data directory where there is one.
pub(crate) fn find(args: &ServeArgs) -> Option<PathBuf> {
    if let Some(path) = &args.config {
        return Some(path.clone());
    }
    let beside = args.data_dir.parent().unwrap_or(Path::new("")).join(NAME);
    beside.is_file().then_some(beside)
}

/// Reads the file.
pub(crate) fn read(path: &Path) -> Result<Value, Fault> {
    let text = contents(path).map_err(|error| Fault {
        path: "--config".to_owned(),
        place: String::new(),
        found: format!("`{}`, which cannot be read: {error}", path.display()),
        allowed: "the path of a YAML file".to_owned(),
        example: format!("--config {NAME}"),
    })?;
    yaml::parse(&text)
}

fn contents(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > MAX_BYTES { Err(io::Error::other("it is larger than 1 MiB")) } else { Ok(text) }
}
