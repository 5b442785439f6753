//! A wheel of the package `mlflow`: a ZIP archive with the package's files and, in a `.dist-info` directory, its name and
//! version (PEP 427, PEP 566).

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use anyhow::{Context, bail, ensure};
use zip::ZipArchive;

use crate::ui_command::source::{BUILD, Source, check_path, check_version};

/// Longest `METADATA`: MLflow's has 40 KB.
const MAX_METADATA_BYTES: u64 = 4 * 1024 * 1024;

/// A file of the web UI in a wheel.
#[derive(Debug)]
struct Entry {
    index: usize,
    path: String,
    bytes: u64,
}

/// A wheel that holds a web UI.
pub(super) struct Wheel {
    archive: ZipArchive<BufReader<File>>,
    version: String,
    entries: Vec<Entry>,
}

impl Wheel {
    pub(super) fn open(file: &Path) -> anyhow::Result<Self> {
        Self::read(file).with_context(|| format!("cannot use {}", file.display()))
    }

    fn read(file: &Path) -> anyhow::Result<Self> {
        let opened = BufReader::new(File::open(file)?);
        let mut archive = ZipArchive::new(opened).context("it is no wheel, which is a ZIP archive")?;
        let version = version(&mut archive)?;
        let mut entries = Vec::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_data(index)?;
            let name = entry.name()?;
            let below = name.strip_prefix(BUILD).and_then(|rest| rest.strip_prefix('/'));
            if let Some(path) = below.filter(|_| !entry.is_dir()) {
                check_path(path)?;
                entries.push(Entry { index, path: path.to_owned(), bytes: entry.size() });
            }
        }
        ensure!(!entries.is_empty(), "it holds no web UI; mlflow-skinny and mlflow-tracing have none, mlflow has");
        Ok(Self { archive, version, entries })
    }
}

impl Source for Wheel {
    fn version(&self) -> &str {
        &self.version
    }

    fn files(&self) -> Vec<(String, u64)> {
        self.entries.iter().map(|entry| (entry.path.clone(), entry.bytes)).collect()
    }

    fn open(&mut self, at: usize) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.archive.by_index(self.entries[at].index)?))
    }
}

/// What the package says of itself.
fn version(archive: &mut ZipArchive<BufReader<File>>) -> anyhow::Result<String> {
    let names: Vec<_> = archive.file_names().map(|name| name.map(Cow::into_owned)).collect::<Result<_, _>>()?;
    let is_metadata = |name: &&String| {
        name.split_once(".dist-info/").is_some_and(|(directory, file)| !directory.contains('/') && file == "METADATA")
    };
    let name = names.iter().find(is_metadata).context("it says nothing of itself: it has no METADATA")?;
    let mut text = String::new();
    archive.by_name(name)?.take(MAX_METADATA_BYTES).read_to_string(&mut text).context("its METADATA")?;
    let field = |name: &str| {
        let lines = text.lines().take_while(|line| !line.is_empty());
        lines.filter_map(|line| line.split_once(':')).find(|(known, _)| *known == name).map(|(_, value)| value.trim())
    };
    match (field("Name"), field("Version")) {
        (Some("mlflow"), Some(version)) => {
            check_version(version)?;
            Ok(version.to_owned())
        }
        (Some("mlflow"), None) => bail!("it does not say its version"),
        (name, _) => bail!("it is of the package {}, not mlflow", name.unwrap_or("(no name)")),
    }
}
