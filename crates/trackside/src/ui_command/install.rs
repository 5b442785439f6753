//! Unpacking a web UI: into a directory that nobody looks at, which then gets its name. So it is there whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tempfile::TempDir;

use crate::{
    output::Output,
    ui::{INDEX, Installed, Interface},
    ui_command::source::Source,
};

/// Beginning of the names of directories that are not whole yet.
const STAGING: &str = ".staging-";

/// Most bytes of a web UI: that of MLflow 3.17.2 has 27 MB. A small archive can claim to hold any number.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// What came of it.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) version: String,
    pub(super) path: PathBuf,
    pub(super) files: u64,
    pub(super) bytes: u64,
    /// Whether it was there before.
    pub(super) already: bool,
}

impl Outcome {
    /// It is there.
    pub(super) fn present(interface: &Interface) -> Self {
        let Interface { version, path } = interface.clone();
        Self { version, path, files: 0, bytes: 0, already: true }
    }
}

/// Installs what a source holds, unless that version is there.
pub(super) fn install(mut source: impl Source, installed: &Installed, output: Output) -> anyhow::Result<Outcome> {
    let version = source.version().to_owned();
    if let Some(present) = installed.find(&version) {
        return Ok(Outcome::present(&present));
    }
    let root = installed.root();
    fs::create_dir_all(root).with_context(|| format!("cannot create {}", root.display()))?;
    sweep(root)?;
    let staging = TempDir::with_prefix_in(STAGING, root)?;
    let (files, bytes) = unpack(&mut source, staging.path(), output)?;
    let path = root.join(&version);
    // Fails when another process was faster, which is as well as if it had been there before.
    if let Err(error) = fs::rename(staging.path(), &path) {
        let present = installed.find(&version).with_context(|| format!("cannot create {}: {error}", path.display()))?;
        return Ok(Outcome::present(&present));
    }
    // It has another name now.
    let _gone = staging.keep();
    File::open(root)?.sync_all()?;
    Ok(Outcome { version, path, files, bytes, already: false })
}

/// Removes what a process left that was killed while it unpacked.
fn sweep(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(STAGING) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Writes all files below a directory, and returns how many there are and of how many bytes.
fn unpack(source: &mut impl Source, directory: &Path, output: Output) -> anyhow::Result<(u64, u64)> {
    let files = source.files();
    ensure!(files.iter().any(|(path, _)| path == INDEX), "it is no web UI: it has no {INDEX}");
    let total = files.iter().fold(0, |sum: u64, (_, bytes)| sum.saturating_add(*bytes));
    ensure!(total <= MAX_BYTES, "its files have {total} bytes, more than any web UI");
    let bar = bar(total, output);
    for (at, (path, bytes)) in files.iter().enumerate() {
        let file = directory.join(path);
        fs::create_dir_all(file.parent().unwrap_or(directory))?;
        let written = write(&mut *source.open(at)?, &file, *bytes).with_context(|| format!("cannot unpack {path}"))?;
        bar.inc(written);
    }
    bar.finish_and_clear();
    Ok((files.len() as u64, total))
}

/// Writes a file that has so many bytes, durably.
fn write(content: &mut dyn Read, path: &Path, bytes: u64) -> anyhow::Result<u64> {
    let mut file = File::create_new(path)?;
    let written = io::copy(&mut content.take(bytes.saturating_add(1)), &mut file)?;
    ensure!(written == bytes, "it has not the {bytes} bytes that it should have");
    file.flush()?;
    file.sync_all()?;
    Ok(written)
}

fn bar(total: u64, output: Output) -> ProgressBar {
    if output.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("unpacking [{wide_bar}] {bytes}/{total_bytes}")
        .expect("the template is well-formed");
    ProgressBar::new(total).with_style(style)
}
