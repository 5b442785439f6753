//! Tokens and cost as JSON within a text: metadata of a trace, attributes of a span.
//!
//! Source: `store/tracking/utils/trace_analytics.py` of MLflow 3.17.2.

use serde_json::{Map, Value};
use trackside_core::{Cost, Token, Usage};

use crate::search::python;

const TOKENS: [(&str, Token); 6] = [
    ("input_tokens", Token::Input),
    ("output_tokens", Token::Output),
    ("total_tokens", Token::Total),
    ("cache_read_input_tokens", Token::CacheRead),
    ("cache_creation_input_tokens", Token::CacheCreation),
    ("cache_creation_input_tokens_above_1hr", Token::CacheCreationLong),
];
const COSTS: [(&str, Cost); 3] =
    [("input_cost", Cost::Input), ("output_cost", Cost::Output), ("total_cost", Cost::Total)];

/// Adds the tokens in a text; what is none is passed over.
pub(crate) fn tokens(text: &str, usage: &mut Usage) {
    let object = object(text);
    for (key, token) in TOKENS {
        if let Some(count) = object.get(key).and_then(count) {
            usage.tokens[token.index()] = Some(count);
        }
    }
}

/// Adds the cost in a text; what is none is passed over.
pub(crate) fn cost(text: &str, usage: &mut Usage) {
    let object = object(text);
    for (key, kind) in COSTS {
        if let Some(sum) = object.get(key).and_then(sum) {
            usage.cost[kind.index()] = Some(sum);
        }
    }
}

/// The tokens as Python writes them.
pub(crate) fn written_tokens(usage: &Usage) -> Option<String> {
    let pairs = TOKENS.iter().filter_map(|(key, token)| Some(format!("\"{key}\": {}", usage.tokens[token.index()]?)));
    written(&pairs.collect::<Vec<_>>())
}

/// The cost as Python writes it.
pub(crate) fn written_cost(usage: &Usage) -> Option<String> {
    let pairs = COSTS
        .iter()
        .filter_map(|(key, kind)| Some(format!("\"{key}\": {}", python::shown_float(usage.cost[kind.index()]?))));
    written(&pairs.collect::<Vec<_>>())
}

fn written(pairs: &[String]) -> Option<String> {
    (!pairs.is_empty()).then(|| format!("{{{}}}", pairs.join(", ")))
}

fn object(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// An integer, however it is spelled.
fn count(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok().or_else(|| whole(text.trim().parse().ok()?)),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be integral and in range")]
fn whole(number: f64) -> Option<i64> {
    let fits = number.fract() == 0.0 && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number);
    fits.then_some(number as i64)
}

/// A finite number, however it is spelled.
fn sum(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_read_and_written_as_python_does() {
        let mut usage = Usage::default();
        tokens(r#"{"input_tokens": 1, "output_tokens": "2", "total_tokens": 3.0, "x": 4}"#, &mut usage);
        cost(r#"{"input_cost": 0.5, "output_cost": 1e-7, "total_cost": "nan"}"#, &mut usage);
        let tokens = r#"{"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}"#;
        assert_eq!(written_tokens(&usage).as_deref(), Some(tokens));
        assert_eq!(written_cost(&usage).as_deref(), Some(r#"{"input_cost": 0.5, "output_cost": 1e-07}"#));
    }

    #[test]
    fn what_is_no_usage_is_passed_over() {
        let mut usage = Usage::default();
        for bad in ["", "[]", "nope", r#"{"input_tokens": true, "output_tokens": 1.5, "total_tokens": 1e300}"#] {
            tokens(bad, &mut usage);
        }
        assert_eq!((written_tokens(&usage), written_cost(&usage)), (None, None));
    }
}
