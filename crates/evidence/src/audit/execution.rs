//! Whether the command is known, and succeeded.

use super::{Evidence, Finding, Observed, Verdict};
use crate::{Dimension, Record};

const EXECUTION: Dimension = Dimension::Execution;

/// The command and its end.
pub(super) fn execution(record: &Record, now: &Observed) -> Finding {
    let Some(execution) = &record.execution else {
        return Finding::new(EXECUTION, Verdict::Missing, "the command is not on record")
            .advise("start it with `trackside run -- COMMAND`");
    };
    let command = execution.command.join(" ");
    let shown = Evidence::new("command", Some(&command), Some(&command), Verdict::Identical);
    let Some(code) = execution.exit_code else {
        return Finding::new(EXECUTION, Verdict::Missing, "nobody saw the command end").with(shown);
    };
    let ended = execution.signal.clone().unwrap_or_else(|| code.to_string());
    let verdict = if code == 0 { Verdict::Identical } else { Verdict::Drifted };
    let exit = Evidence::new("exit code", Some("0"), Some(&ended), verdict);
    let finding = match (code, now.status.as_deref()) {
        (0, Some("FINISHED") | None) => {
            Finding::new(EXECUTION, Verdict::Identical, "the command is known and succeeded")
        }
        (0, Some(status)) => {
            Finding::new(EXECUTION, Verdict::Drifted, format!("the command succeeded, but the run is {status}"))
        }
        _ => {
            let how =
                execution.signal.as_ref().map_or_else(|| format!("exit code {code}"), |signal| format!("by {signal}"));
            Finding::new(EXECUTION, Verdict::Drifted, format!("the command did not succeed: it ended with {how}"))
                .advise("a failed run is worth repeating only to find out why; its outputs are not whole")
        }
    };
    let finding = finding.with(shown).with(exit);
    if execution.command.iter().any(|word| word.contains(crate::HIDDEN)) {
        return finding
            .at_best(Verdict::Equivalent, "the command succeeded; what looks like a secret in it is not on record")
            .advise("pass secrets in variables of the environment, not on the command line");
    }
    finding
}
