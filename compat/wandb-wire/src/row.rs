//! A line of history or of system metrics, and the points in it.

use trackside_core::{Error, Json, Key, MetricPoint, Object, Point, Result, Timestamp};

use crate::leaves;

/// The step of a row.
pub const STEP: &str = "_step";
/// When a row was made: seconds since the epoch.
pub const TIMESTAMP: &str = "_timestamp";
/// Seconds since the run began.
pub const RUNTIME: &str = "_runtime";

/// System metrics begin so in a line, and otherwise in a metric.
const SYSTEM: (&str, &str) = ("system.", "system/");

/// Keys that say something of the row and not of what was measured.
pub fn is_reserved(key: &str) -> bool {
    key == STEP || key == TIMESTAMP || key == RUNTIME || key == "_wandb" || key.starts_with("_wandb.")
}

/// A row that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its step, if it has one.
    pub step: Option<i64>,
    /// Numbers in it, by metric.
    pub points: Vec<MetricPoint>,
}

impl Row {
    /// Reads a line of history. Without a step of its own the number of the line is its step.
    pub fn of_history(line: &str, number: u64, now: Timestamp) -> Result<Self> {
        let object = object(line)?;
        let step = step(&object).unwrap_or_else(|| i64::try_from(number).unwrap_or(i64::MAX));
        let time = time(&object).unwrap_or(now);
        let points = leaves::of(&object)
            .into_iter()
            .filter(|(key, _)| !is_reserved(key))
            .filter_map(|(key, leaf)| point(key, leaf, step, time))
            .collect();
        Ok(Self { step: Some(step), points })
    }

    /// Reads a line of system metrics: its number is the step.
    pub fn of_events(line: &str, number: u64, now: Timestamp) -> Result<Self> {
        let object = object(line)?;
        let step = i64::try_from(number).unwrap_or(i64::MAX);
        let time = time(&object).unwrap_or(now);
        let (before, after) = SYSTEM;
        let points = leaves::of(&object)
            .into_iter()
            .filter_map(|(key, leaf)| {
                let name = key.strip_prefix(before)?;
                point(format!("{after}{name}"), leaf, step, time)
            })
            .collect();
        Ok(Self { step: None, points })
    }
}

/// Reads a line as an object. `Invalid` for anything else.
pub fn object(line: &str) -> Result<Object> {
    match Json::parse(line)? {
        Json::Object(object) => Ok(object),
        other => Err(Error::invalid(format!("a line holds {} where an object is expected", other.kind()))),
    }
}

/// The step that an object names.
pub fn step(object: &Object) -> Option<i64> {
    match object.get(STEP)? {
        Json::Integer(digits) => digits.parse().ok(),
        #[expect(clippy::cast_possible_truncation, reason = "a step is a whole number within reach")]
        Json::Float(number) if number.is_finite() => Some(*number as i64),
        _ => None,
    }
}

/// The instant that an object names.
pub fn time(object: &Object) -> Option<Timestamp> {
    let seconds = object.get(TIMESTAMP).and_then(leaves::number)?;
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds beyond reach are cut to the last that are not")]
    seconds.is_finite().then(|| Timestamp::from_millis((seconds * 1000.0).round() as i64))
}

/// A point, unless the leaf is no number or no metric can be called so.
fn point(key: String, leaf: &Json, step: i64, time: Timestamp) -> Option<MetricPoint> {
    let value = leaves::number(leaf)?;
    Some(MetricPoint { key: Key::new(key).ok()?, point: Point { step, time, value }, subject: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(row: &Row) -> Vec<String> {
        let tell = |metric: &MetricPoint| {
            let Point { step, time, value } = metric.point;
            format!("{}={value} at {step}, {}", metric.key, time.millis())
        };
        row.points.iter().map(tell).collect()
    }

    #[test]
    fn numbers_of_a_row_are_points() {
        let line = r#"{"_step":3,"_timestamp":1.5e9,"_runtime":2,"loss":NaN,"a":{"b":true},"s":"x","l":[1],"n":null}"#;
        let row = Row::of_history(line, 9, Timestamp::default()).unwrap();
        assert_eq!(row.step, Some(3));
        assert_eq!(told(&row), ["loss=NaN at 3, 1500000000000", "a.b=1 at 3, 1500000000000"]);
        let bare = Row::of_history(r#"{"x":1}"#, 9, Timestamp::from_millis(5)).unwrap();
        assert_eq!(told(&bare), ["x=1 at 9, 5"]);
    }

    #[test]
    fn system_metrics_are_numbered_by_their_lines() {
        let line = r#"{"_wandb":true,"_timestamp":1,"_runtime":2,"system.gpu.0.temp":40,"system.cpu":"x"}"#;
        assert_eq!(told(&Row::of_events(line, 7, Timestamp::default()).unwrap()), ["system/gpu.0.temp=40 at 7, 1000"]);
    }

    #[test]
    fn what_is_no_row_is_refused() {
        for line in ["", "[1]", "1", "{", "{\"a\":}"] {
            assert!(Row::of_history(line, 0, Timestamp::default()).is_err(), "{line}");
        }
        assert!(Row::of_history(r#"{"_step":"x","_timestamp":"y"}"#, 2, Timestamp::default()).is_ok());
    }
}
