//! A Python beside this program.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

/// Runs a Python to its end, and returns what it printed.
pub(super) fn run(python: &Path, arguments: &[&OsStr]) -> anyhow::Result<String> {
    let ended = Command::new(python)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", python.display()))?;
    if !ended.status.success() {
        let why = String::from_utf8_lossy(&ended.stderr);
        bail!("{} ended with {}: {}", python.display(), ended.status, why.trim());
    }
    Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
}
