//! Tables for people.

use trackside_admin::shape::{DeadLetter, Sink, Sinks};

use crate::columns::{aligned, plain, shortened};

/// How each sink stands.
pub(crate) fn of_sinks(found: &Sinks) -> String {
    if found.sinks.is_empty() {
        return "no sinks; the section `sinks` of trackside.yaml adds some\n".to_owned();
    }
    let head = ["NAME", "TYPE", "STATE", "LAG", "BEHIND", "DELIVERED", "WITHHELD", "DEAD", "LAST ERROR"];
    aligned(&head.map(str::to_owned), &found.sinks.iter().map(row).collect::<Vec<_>>())
}

fn row(sink: &Sink) -> [String; 9] {
    let state = match &sink.backfill {
        Some(backfill) => format!("{}, backfill {}/{}", sink.state, backfill.done, backfill.total),
        None => sink.state.clone(),
    };
    // An error that is over is not shown: the state says whether it matters.
    let failing = matches!(sink.state.as_str(), "retrying" | "open");
    let error = sink.last_error.as_ref().filter(|_| failing || sink.dead > 0);
    [
        sink.name.clone(),
        if sink.type_name.is_empty() { "-".to_owned() } else { sink.type_name.clone() },
        state,
        sink.lag.entries.to_string(),
        duration(sink.lag.millis),
        sink.delivered.to_string(),
        sink.withheld.values().sum::<u64>().to_string(),
        sink.dead.to_string(),
        error.map(|error| shortened(&error.message)).unwrap_or_default(),
    ]
}

/// Dead letters, one a line.
pub(crate) fn of_dead_letters(letters: &[DeadLetter]) -> String {
    if letters.is_empty() {
        return "no dead letters\n".to_owned();
    }
    let head = ["ID", "SINK", "SUBJECT", "ITEMS", "REASON"].map(str::to_owned);
    let row = |letter: &DeadLetter| {
        let DeadLetter { id, sink, subject, items, reason, .. } = letter;
        [id.to_string(), sink.clone(), plain(subject), items.to_string(), shortened(reason)]
    };
    aligned(&head, &letters.iter().map(row).collect::<Vec<_>>())
}

fn duration(millis: i64) -> String {
    match millis / 1000 {
        0 if millis <= 0 => "-".to_owned(),
        0 => format!("{millis}ms"),
        secs @ 1..60 => format!("{secs}s"),
        secs @ 60..3600 => format!("{}m {}s", secs / 60, secs % 60),
        secs => format!("{}h {}m", secs / 3600, secs % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use trackside_admin::shape::{BackfillProgress, Lag, LastError};

    use super::*;

    fn sink(name: &str, state: &str) -> Sink {
        Sink {
            name: name.into(),
            type_name: "mlflow".into(),
            state: state.into(),
            lag: Lag { entries: 12, items: 120, bytes: 1200, millis: 61_500 },
            delivered: 5,
            withheld: BTreeMap::from([("tags".into(), 2), ("registry".into(), 1)]),
            dead: 0,
            lost: 0,
            failures: BTreeMap::new(),
            last_error: Some(LastError {
                at_ms: 1,
                kind: "unavailable".into(),
                message: "no\nanswer\u{1b}[31m".into(),
            }),
            backfill: None,
        }
    }

    #[test]
    fn a_table_shows_state_lag_and_counts() {
        let backfill = Some(BackfillProgress { selection: "all".into(), done: 3, total: 9 });
        let copy = Sink { name: "copy".into(), state: "ok".into(), backfill, ..sink("copy", "ok") };
        let found = Sinks { sinks: vec![sink("prod", "open"), copy], log_bytes: 1 };
        assert_eq!(
            of_sinks(&found),
            "NAME  TYPE    STATE             LAG  BEHIND  DELIVERED  WITHHELD  DEAD  LAST ERROR\n\
             prod  mlflow  open              12   1m 1s   5          3         0     no answer [31m\n\
             copy  mlflow  ok, backfill 3/9  12   1m 1s   5          3         0\n"
        );
    }

    #[test]
    fn durations_are_short() {
        for (millis, text) in [(0, "-"), (500, "500ms"), (59_999, "59s"), (3_600_000, "1h 0m"), (-5, "-")] {
            assert_eq!(duration(millis), text);
        }
    }
}
