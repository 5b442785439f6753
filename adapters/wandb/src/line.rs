//! Lines: rows and summaries as extended JSON.

use trackside_wandb_wire::{
    extended_json::{self, Object},
    file_stream::MAX_LINE_BYTES,
};

use crate::memory::{Memory, Place, Row};

/// The metric that holds the step where `_step` cannot.
pub(crate) const STEP: &str = "trackside/step";
/// Room for the keys of a line that are no metrics.
pub(crate) const OWN_BYTES: usize = 200;
/// The longest number, quotes and commas around it.
const NUMBER_BYTES: usize = 30;

/// What a value of this metric adds to a line, at most.
pub(crate) fn size(key: &str) -> usize {
    extended_json::text(key).len() + NUMBER_BYTES
}

/// Keys and values of a row, as extended JSON.
pub(crate) fn fields(row: &Row, started_at: i64) -> Vec<(&str, String)> {
    let mut fields: Vec<(&str, String)> =
        row.values.iter().map(|(key, value)| (key.as_str(), extended_json::number(value.0))).collect();
    if row.step != row.place.number {
        fields.push((STEP, row.step.to_string()));
    }
    fields.extend(standing(row.place, started_at));
    fields
}

/// Keys and values of the summary, as extended JSON. Metrics that would make the line too long are left out: they are
/// in the history all the same.
pub(crate) fn summary(memory: &Memory) -> Vec<(&str, String)> {
    let Some(last) = memory.history.last else { return Vec::new() };
    let mut bytes = OWN_BYTES;
    let values = memory.summary.iter().take_while(|(key, _)| {
        bytes += size(key);
        bytes <= MAX_LINE_BYTES
    });
    let mut fields: Vec<(&str, String)> =
        values.map(|(key, value)| (key.as_str(), extended_json::number(value.0))).collect();
    fields.extend(standing(last, memory.started_at));
    fields.push(("_wandb", format!("{{\"runtime\":{}}}", runtime_secs(last.time, memory.started_at))));
    fields
}

/// A line of these fields.
pub(crate) fn text(fields: &[(&str, String)]) -> String {
    let mut object = Object::default();
    for (key, value) in fields {
        object.raw(key, value);
    }
    object.finish()
}

/// Whole seconds from start to this time; 0 when clocks disagree.
pub(crate) const fn runtime_secs(time: i64, started_at: i64) -> i64 {
    let runtime = time.saturating_sub(started_at) / 1000;
    if runtime < 0 { 0 } else { runtime }
}

fn standing(place: Place, started_at: i64) -> [(&'static str, String); 3] {
    [
        ("_step", place.number.to_string()),
        ("_timestamp", seconds(place.time)),
        ("_runtime", seconds(place.time.saturating_sub(started_at).max(0))),
    ]
}

fn seconds(millis: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years; the protocol wants a double")]
    extended_json::number(millis as f64 / 1000.0)
}
