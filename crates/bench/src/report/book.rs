//! Sheets of one run, with the machine and the date.

use std::{fmt::Write as _, path::Path};

use anyhow::Context as _;
use serde::Serialize;

use super::{markdown::write_origin, sheet::Sheet};
use crate::{clock, machine::Machine};

#[derive(Debug, Serialize)]
pub(crate) struct Book {
    title: &'static str,
    date: String,
    machine: Machine,
    /// Whether the generator is a release build.
    optimised: bool,
    /// Whether everything was made small, to see that it works.
    quick: bool,
    n_rounds: usize,
    pub(crate) sheets: Vec<Sheet>,
}

impl Book {
    /// An empty one, with databases in `data_dir`.
    pub(crate) fn new(title: &'static str, data_dir: &Path, n_rounds: usize, quick: bool) -> anyhow::Result<Self> {
        Ok(Self {
            title,
            date: clock::utc(clock::since_epoch()),
            machine: Machine::survey(data_dir).with_context(|| format!("cannot use {}", data_dir.display()))?,
            optimised: !cfg!(debug_assertions),
            quick,
            n_rounds,
            sheets: Vec::new(),
        })
    }

    pub(crate) fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = format!("# {}\n\n", self.title);
        write_origin(&mut text, &self.date, &self.machine)?;
        writeln!(
            text,
            "- medians of {} round(s), what is compared in turns; of memory it is the most of all rounds; every answer \
             was checked",
            self.n_rounds
        )?;
        if self.quick {
            writeln!(text, "- **a quick run: small, and no measurement**")?;
        }
        if !self.optimised {
            writeln!(text, "- **debug build of the generator: these numbers mean nothing**")?;
        }
        for sheet in &self.sheets {
            sheet.write(&mut text)?;
        }
        Ok(text)
    }
}
