//! Whether the params are still those of the end of the run.

use super::{Evidence, Finding, Observed, Verdict, finding::listed};
use crate::{Dimension, Record};

const PARAMETERS: Dimension = Dimension::Parameters;

/// Params then and now.
pub(super) fn parameters(record: &Record, now: &Observed) -> Finding {
    let Some(recorded) = &record.parameters else {
        return Finding::new(PARAMETERS, Verdict::Missing, "nobody saw the run end, so its params are not on record")
            .advise("run it under `trackside run`");
    };
    let Some(params) = &now.params else {
        return Finding::new(PARAMETERS, Verdict::Missing, "the run's params cannot be read");
    };
    let keys = recorded.values.keys().chain(params.keys().filter(|key| !recorded.values.contains_key(*key)));
    let evidence: Vec<Evidence> = keys
        .map(|key| {
            let (then, now) = (recorded.values.get(key), params.get(key));
            let verdict = match (then, now) {
                (Some(then), Some(now)) if then == now => Verdict::Identical,
                (Some(then), Some(now)) if same_number(then, now) => Verdict::Equivalent,
                (Some(_), None) => Verdict::Missing,
                _ => Verdict::Drifted,
            };
            Evidence::new(key, then.map(String::as_str), now.map(String::as_str), verdict)
        })
        .collect();
    let differing = evidence.iter().filter(|one| one.verdict != Verdict::Identical).map(|one| one.what.as_str());
    let (names, count) = (listed(differing), evidence.len());
    Finding::of(PARAMETERS, evidence, |worst| match worst {
        Verdict::Identical if count == 0 => "the run has no params".to_owned(),
        Verdict::Identical => format!("all {count} params are as they were when the run ended"),
        Verdict::Equivalent => format!("spelt otherwise since the run ended: {names}"),
        Verdict::Drifted | Verdict::Missing => format!("edited since the run ended: {names}"),
    })
}

#[expect(clippy::float_cmp, reason = "two spellings of one number are the same number")]
fn same_number(a: &str, b: &str) -> bool {
    matches!((a.trim().parse::<f64>(), b.trim().parse::<f64>()), (Ok(a), Ok(b)) if a == b)
}
