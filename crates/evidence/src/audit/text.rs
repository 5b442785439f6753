//! The report as a text for a terminal.

use std::fmt::Write;

use super::{Report, Verdict};

/// Things that were compared, of each dimension.
const SHOWN: usize = 5;

impl Report {
    /// A few lines for each dimension: the verdict, why, and what to do.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic, as the message says")]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a text can always be written");
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let run = self.run_id.as_deref().unwrap_or("without id");
        writeln!(text, "Run {run}: {}", self.overall.verdict)?;
        writeln!(text, "{}.\n", capitalised(&self.overall.reason))?;
        for finding in &self.findings {
            writeln!(text, "  {:<12} {:<11} {}", finding.dimension.name(), finding.verdict.name(), finding.reason)?;
            let worse = finding.evidence.iter().filter(|one| one.verdict != Verdict::Identical);
            for one in worse.clone().take(SHOWN) {
                let (then, now) = (one.recorded.as_deref().unwrap_or("-"), one.found.as_deref().unwrap_or("-"));
                writeln!(text, "{:27}{}: recorded {then}, now {now}", "", one.what)?;
            }
            let rest = worse.count().saturating_sub(SHOWN);
            if rest > 0 {
                writeln!(text, "{:27}and {rest} more", "")?;
            }
            for advice in &finding.advice {
                writeln!(text, "{:25}> {advice}", "")?;
            }
        }
        Ok(())
    }
}

pub(crate) fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
