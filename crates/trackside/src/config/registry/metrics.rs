//! Rules over metrics.

use trackside_core::Key;
use trackside_policy::{Bound, Margin, MetricRule};

use crate::config::{
    scalar,
    section::{Field, Report, Section},
    value::{Node, Value},
};

const METRICS: Field = Field::new(
    "metrics",
    "a list of rules",
    "[{metric: auc, at_least: 0.9}, {metric: auc, above_holder_by: 1%, confidence: 0.95}]",
);
const METRIC: Field = Field::new("metric", "the name of a metric", "auc");
const AT_LEAST: Field = Field::new("at_least", "a number", "0.9");
const AT_MOST: Field = Field::new("at_most", "a number", "0.3");
const ABOVE: Field = Field::new("above_holder_by", "a number, or one with %", "0.01");
const BELOW: Field = Field::new("below_holder_by", "a number, or one with %", "2%");
const REPEATS: Field = Field::new("repeats", "a tag by which runs that repeat each other are known", "seed_group");
const CONFIDENCE: Field = Field::new("confidence", "a number between 0 and 1", "0.95");
const MIN_RUNS: Field = Field::new("min_runs", "a number from 1", "3");

/// Nobody repeats a run more often.
const MOST_RUNS: u64 = 1_000;

pub(super) fn read(section: &mut Section<'_>, path: &str) -> Vec<MetricRule> {
    match section.take(&METRICS) {
        None => Vec::new(),
        Some(Value { node: Node::List(items), .. }) => {
            let read = |(n, item)| one(section.report, &format!("{path}.metrics[{n}]"), item);
            items.into_iter().enumerate().filter_map(read).collect()
        }
        Some(other) => {
            section.fault(&METRICS, &other.origin, other.found());
            Vec::new()
        }
    }
}

fn one(report: &mut Report, path: &str, value: Value) -> Option<MetricRule> {
    let origin = value.origin.clone();
    let mut section = Section::open(report, path, Some(value), "- {metric: auc, at_least: 0.9}");
    let name = |value: &Value, report: &Report| {
        Key::new(scalar::text(value, report)?).map_err(|error| error.message().to_owned())
    };
    let metric = section.required(&METRIC, name, |key| key.as_str().into());
    let given = [
        section.optional(&AT_LEAST, number, |bound| (*bound).into()).map(Bound::AtLeast),
        section.optional(&AT_MOST, number, |bound| (*bound).into()).map(Bound::AtMost),
        section.optional(&ABOVE, margin, |margin| margin.to_string().into()).map(Bound::AboveHolder),
        section.optional(&BELOW, margin, |margin| margin.to_string().into()).map(Bound::BelowHolder),
    ];
    let bounds: Vec<Bound> = given.into_iter().flatten().collect();
    let repeats = section.optional(&REPEATS, name, |key| key.as_str().into());
    let confidence = section.optional(&CONFIDENCE, fraction, |confidence| (*confidence).into());
    let min_runs = section.or(&MIN_RUNS, 1, scalar::integer(1..=MOST_RUNS), |runs| (*runs).into());
    let bound = if let [one] = bounds.as_slice() {
        Some(*one)
    } else {
        let field = Field {
            allowed: "exactly one of at_least, at_most, above_holder_by and below_holder_by".into(),
            ..AT_LEAST.clone()
        };
        section.fault(&field, &origin, format!("{} of them", bounds.len()));
        None
    };
    section.finish();
    Some(MetricRule { metric: metric?, bound: bound?, repeats, confidence, min_runs: usize::try_from(min_runs).ok()? })
}

fn number(value: &Value, report: &Report) -> Result<f64, String> {
    let parsed = scalar::text(value, report)?.parse::<f64>().ok();
    parsed.filter(|number| number.is_finite()).ok_or_else(|| value.found())
}

fn fraction(value: &Value, report: &Report) -> Result<f64, String> {
    Some(number(value, report)?)
        .filter(|fraction| (0.0..1.0).contains(fraction) && *fraction > 0.0)
        .ok_or_else(|| value.found())
}

fn margin(value: &Value, report: &Report) -> Result<Margin, String> {
    let text = scalar::text(value, report)?;
    let (text, is_percent) = text.strip_suffix('%').map_or((text.as_str(), false), |text| (text.trim_end(), true));
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| value.found())?;
    Ok(if is_percent { Margin::Percent(number) } else { Margin::Absolute(number) })
}
