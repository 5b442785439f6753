//! The report as a text for a terminal.

use std::fmt::Write;

use super::{Basis, FileComparison, Likeness, MetricComparison, Parting, Reproduction};

/// Files that are named.
const SHOWN: usize = 8;

impl Reproduction {
    /// The verdict, a line for each metric, and the files that differ.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic, as the message says")]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a text can always be written");
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "Run {} repeats {}: {}", self.repeat, self.original, self.verdict)?;
        writeln!(text, "{}.", crate::audit::capitalised(&self.reason))?;
        if !self.metrics.is_empty() {
            writeln!(text)?;
        }
        let width = self.metrics.iter().map(|metric| metric.name.chars().count()).max().unwrap_or_default();
        for metric in &self.metrics {
            let word = if metric.judged { metric.likeness.name() } else { "not judged" };
            writeln!(text, "  {:<width$}  {word:<10}  {}", metric.name, told(metric))?;
        }
        if !self.only_found.is_empty() {
            writeln!(text, "  only in the repeat: {}", self.only_found.join(", "))?;
        }
        self.files(text)
    }

    fn files(&self, text: &mut String) -> std::fmt::Result {
        let differing: Vec<&FileComparison> =
            self.files.iter().filter(|file| file.likeness == Likeness::Different).collect();
        if !self.files.is_empty() {
            writeln!(text, "\n  {} of {} files are the same", self.files.len() - differing.len(), self.files.len())?;
        }
        for file in differing.iter().take(SHOWN) {
            let how = match (&file.recorded, &file.found) {
                (Some(_), None) => "was not written",
                (None, _) => "was not written by the original",
                _ if file.judged => "differs",
                _ => "differs, as files of this format do",
            };
            writeln!(text, "  {:<8}  {}: {how}", file.role.name(), file.path)?;
        }
        if differing.len() > SHOWN {
            writeln!(text, "  and {} more", differing.len() - SHOWN)?;
        }
        Ok(())
    }
}

fn told(metric: &MetricComparison) -> String {
    let count = |n: u64| if n == 1 { "1 point".to_owned() } else { format!("{n} points") };
    let Some(parts) = &metric.parts else { return count(metric.recorded_points) };
    let mut text = match metric.found_points {
        0 => return format!("not logged; the original has {}", count(metric.recorded_points)),
        found if found == metric.recorded_points => count(found),
        found => format!("{}, the original has {}", count(found), metric.recorded_points),
    };
    if let Some(largest) = metric.largest.filter(|largest| *largest > 0.0) {
        write!(text, ", at most {largest:.3e} apart").expect("a text can always be written");
    }
    let (how, parting) = match &metric.breaks {
        Some(breaks) => ("too far", breaks),
        None => ("apart", parts),
    };
    write!(text, ", {how} from step {} on ({})", parting.step, values(parting)).expect("a text can always be written");
    if metric.judged {
        text += &basis(&metric.basis);
    }
    text
}

fn values(parting: &Parting) -> String {
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    format!("{}, was {}", shown(&parting.found), shown(&parting.recorded))
}

fn basis(basis: &Basis) -> String {
    match basis {
        Basis::Usual { relative, .. } => format!("; tolerance {relative:e} of the value"),
        Basis::Given { relative } => format!("; tolerance {relative:e} of the value, as given"),
        Basis::Spread { runs, last: Some([low, high]) } => {
            format!("; {runs} runs with the same inputs ended between {low} and {high}")
        }
        Basis::Spread { runs, last: None } => format!("; judged by {runs} runs with the same inputs"),
    }
}
