//! Where a measurement keeps its databases and writes its results.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use crate::progress::print;

#[derive(Debug, Args)]
pub(crate) struct Files {
    /// Where the databases go. A tmpfs makes every commit free: use the kind of disk you would serve from.
    ///
    /// [default: the directory for temporary files]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Also write every figure of every round as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Also write the tables that are printed.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

impl Files {
    /// Where the databases go.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// Prints the tables, and writes what was asked for.
    pub(crate) fn write(&self, tables: &str, report: &impl Serialize) -> anyhow::Result<()> {
        print(tables)?;
        if let Some(path) = &self.markdown {
            fs::write(path, tables).with_context(|| format!("cannot write {}", path.display()))?;
        }
        if let Some(path) = &self.json {
            let json = serde_json::to_string_pretty(report)? + "\n";
            fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}
