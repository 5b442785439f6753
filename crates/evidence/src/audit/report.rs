//! All verdicts of a run.

use serde::{Deserialize, Serialize};

use super::{
    Finding, Observed, Verdict, artifacts::artifacts, code::code, data::data, environment::environment,
    execution::execution, parameters::parameters, randomness::randomness,
};
use crate::{Dimension, Instant, Record};

/// The version of the document that this release writes.
const VERSION: u32 = 1;

/// All verdicts of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of the document, 1.
    pub version: u32,
    /// The run.
    pub run_id: Option<String>,
    /// When it was looked at.
    pub audited_at: Instant,
    /// Over all dimensions.
    pub overall: Overall,
    /// One for each dimension, in their order.
    pub findings: Vec<Finding>,
}

/// The verdict over all dimensions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overall {
    /// The worst of them.
    pub verdict: Verdict,
    /// Why, in a sentence without a full stop.
    pub reason: String,
}

impl Report {
    /// Judges a record by what is there now.
    pub fn of(record: &Record, now: &Observed, audited_at: Instant) -> Self {
        let findings: Vec<Finding> = Dimension::ALL
            .into_iter()
            .map(|dimension| match dimension {
                Dimension::Code => code(record, now),
                Dimension::Data => data(record, now),
                Dimension::Environment => environment(record, now),
                Dimension::Parameters => parameters(record, now),
                Dimension::Randomness => randomness(record),
                Dimension::Execution => execution(record, now),
                Dimension::Artifacts => artifacts(record, now),
            })
            .collect();
        let overall = overall(&findings);
        Self { version: VERSION, run_id: record.run_id.clone(), audited_at, overall, findings }
    }

    /// What was found of a dimension.
    pub fn finding(&self, dimension: Dimension) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.dimension == dimension)
    }

    /// The dimensions among these that do not pass.
    pub fn failing(&self, required: &[Dimension]) -> Vec<Dimension> {
        let failing = self.findings.iter().filter(|finding| !finding.verdict.passes());
        failing.map(|finding| finding.dimension).filter(|dimension| required.contains(dimension)).collect()
    }
}

fn overall(findings: &[Finding]) -> Overall {
    let verdict = findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Missing);
    let worst: Vec<&str> =
        findings.iter().filter(|finding| finding.verdict == verdict).map(|finding| finding.dimension.name()).collect();
    let named = match worst.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    };
    let reason = match verdict {
        Verdict::Identical => "everything the run depended on is here, to the byte".to_owned(),
        Verdict::Equivalent => format!("the run can be repeated; results may differ slightly because of {named}"),
        Verdict::Drifted => format!("repeated now, it would be another run: {named} drifted"),
        Verdict::Missing => format!("the run cannot be repeated from what is known: {named} missing"),
    };
    Overall { verdict, reason }
}
