//! Parameters and their distributions, as W&B's documentation has them.

use serde_json::{Map, Value};
use trackside_core::{Error, Result};

use super::draw::Source;

/// Values of one parameter that a grid goes through.
const MOST_STEPS: u64 = 1_000_000;
/// Deepest nesting.
const MAX_DEPTH: usize = 16;

/// What one parameter may be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Parameter {
    /// One of these.
    Choice { values: Vec<Value>, weights: Vec<f64> },
    /// A whole number within these.
    Whole { low: i64, high: i64 },
    /// A number.
    Number { shape: Shape, quantum: Option<f64> },
}

/// How a number is distributed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    Uniform {
        low: f64,
        high: f64,
    },
    /// The logarithm is uniform within these.
    LogUniform {
        low: f64,
        high: f64,
    },
    /// The logarithm of the inverse is uniform within these.
    InverseLogUniform {
        low: f64,
        high: f64,
    },
    Normal {
        mean: f64,
        deviation: f64,
    },
    LogNormal {
        mean: f64,
        deviation: f64,
    },
}

/// Reads parameters and those within them.
pub(super) fn read(
    given: &Map<String, Value>,
    above: &[String],
    found: &mut Vec<(Vec<String>, Parameter)>,
) -> Result<()> {
    for (name, value) in given {
        let mut path = above.to_vec();
        path.push(name.clone());
        let wrong = |why: &str| Error::invalid(format!("the parameter '{}' {why}", path.join(".")));
        let fields = value.as_object().ok_or_else(|| wrong("is no object"))?;
        match fields.get("parameters").and_then(Value::as_object) {
            Some(_) if path.len() > MAX_DEPTH => return Err(wrong("is nested too deep")),
            Some(inner) => read(inner, &path, found)?,
            None => {
                let parameter = Parameter::read(fields).map_err(|why| wrong(&why))?;
                found.push((path, parameter));
            }
        }
    }
    Ok(())
}

impl Parameter {
    fn read(fields: &Map<String, Value>) -> std::result::Result<Self, String> {
        if let Some(value) = fields.get("value") {
            return Ok(Self::Choice { values: vec![value.clone()], weights: vec![1.0] });
        }
        if let Some(values) = fields.get("values").and_then(Value::as_array) {
            let weights = fields.get("probabilities").and_then(Value::as_array);
            let weights = match weights {
                Some(weights) => weights.iter().filter_map(Value::as_f64).collect(),
                None => vec![1.0; values.len()],
            };
            let are_weights = weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0);
            if values.is_empty() || weights.len() != values.len() || !are_weights || weights.iter().sum::<f64>() <= 0.0
            {
                return Err("has no values, or not a probability for each".to_owned());
            }
            return Ok(Self::Choice { values: values.clone(), weights });
        }
        let number = |name: &str| fields.get(name).and_then(Value::as_f64);
        let both_whole = ["min", "max"].iter().all(|name| fields.get(*name).is_some_and(Value::is_i64));
        let given = fields.get("distribution").and_then(Value::as_str);
        let name = given.unwrap_or(if both_whole { "int_uniform" } else { "uniform" });
        let (name, quantum) = match name.strip_prefix("q_") {
            Some(rest) => (rest, Some(number("q").unwrap_or(1.0))),
            None => (name, None),
        };
        if quantum.is_some_and(|quantum| quantum <= 0.0 || !quantum.is_finite()) {
            return Err("has a q that is not above 0".to_owned());
        }
        let bounds = || match (number("min"), number("max")) {
            (Some(low), Some(high)) if low <= high => Ok((low, high)),
            _ => Err("has no min and max in order".to_owned()),
        };
        let positive =
            || {
                bounds().and_then(|(low, high)| {
                    if low > 0.0 { Ok((low, high)) } else { Err("has a min that is not above 0".to_owned()) }
                })
            };
        let bell = || (number("mu").unwrap_or(0.0), number("sigma").unwrap_or(1.0));
        let shape = match name {
            "int_uniform" => {
                let (low, high) = bounds()?;
                #[expect(clippy::cast_possible_truncation, reason = "whole doubles, cut to what there is")]
                return Ok(Self::Whole { low: low.ceil() as i64, high: high.floor() as i64 });
            }
            "uniform" => bounds().map(|(low, high)| Shape::Uniform { low, high })?,
            "log_uniform" => bounds().map(|(low, high)| Shape::LogUniform { low, high })?,
            "log_uniform_values" => {
                positive().map(|(low, high)| Shape::LogUniform { low: low.ln(), high: high.ln() })?
            }
            "inv_log_uniform" => bounds().map(|(low, high)| Shape::InverseLogUniform { low, high })?,
            "inv_log_uniform_values" => {
                let inverse = |(low, high): (f64, f64)| Shape::InverseLogUniform { low: -high.ln(), high: -low.ln() };
                positive().map(inverse)?
            }
            "normal" => Shape::Normal { mean: bell().0, deviation: bell().1 },
            "log_normal" => Shape::LogNormal { mean: bell().0, deviation: bell().1 },
            other => return Err(format!("has the distribution '{other}', which this server does not know")),
        };
        Ok(Self::Number { shape, quantum })
    }

    /// How many values a grid goes through; why it cannot.
    pub(super) fn steps(&self) -> std::result::Result<u64, String> {
        let n_steps = match self {
            Self::Choice { values, .. } => values.len() as u64,
            Self::Whole { low, high } => high.abs_diff(*low).saturating_add(1),
            Self::Number { shape: Shape::Uniform { low, high }, quantum: Some(quantum) } => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "at most a million are taken"
                )]
                let n_steps = ((high - low) / quantum + 1e-9).floor() as u64;
                n_steps.saturating_add(1)
            }
            Self::Number { .. } => return Err("a grid needs values, or whole numbers, or steps".to_owned()),
        };
        if n_steps > MOST_STEPS { Err(format!("a grid has at most {MOST_STEPS} values of each")) } else { Ok(n_steps) }
    }

    /// A value of a grid, from 0.
    pub(super) fn step(&self, step: u64) -> Value {
        match self {
            Self::Choice { values, .. } => {
                usize::try_from(step).ok().and_then(|step| values.get(step)).cloned().unwrap_or_default()
            }
            Self::Whole { low, .. } => low.saturating_add_unsigned(step).into(),
            Self::Number { shape: Shape::Uniform { low, .. }, quantum: Some(quantum) } => {
                #[expect(clippy::cast_precision_loss, reason = "at most a million")]
                let value = low + step as f64 * quantum;
                value.into()
            }
            Self::Number { .. } => Value::Null,
        }
    }

    /// A value at random.
    pub(super) fn draw(&self, source: &Source) -> Value {
        match self {
            Self::Choice { values, weights } => {
                let mut left = source.uniform(0) * weights.iter().sum::<f64>();
                let mut pairs = values.iter().zip(weights);
                let chosen = pairs.find(|(_, weight)| {
                    left -= **weight;
                    left < 0.0
                });
                chosen.map(|(value, _)| value).or(values.last()).cloned().unwrap_or_default()
            }
            Self::Whole { low, high } => {
                #[expect(
                    clippy::cast_precision_loss,
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "what is beyond 2^53 is drawn less evenly"
                )]
                let offset = (source.uniform(0) * (high.abs_diff(*low) as f64 + 1.0)) as u64;
                low.saturating_add_unsigned(offset).min(*high).into()
            }
            Self::Number { shape, quantum } => {
                let value = shape.draw(source);
                quantum.map_or(value, |quantum| (value / quantum).round() * quantum).into()
            }
        }
    }
}

impl Shape {
    fn draw(self, source: &Source) -> f64 {
        let within = |low: f64, high: f64| low + source.uniform(0) * (high - low);
        match self {
            Self::Uniform { low, high } => within(low, high),
            Self::LogUniform { low, high } => within(low, high).exp(),
            Self::InverseLogUniform { low, high } => (-within(low, high)).exp(),
            Self::Normal { mean, deviation } => mean + deviation * source.normal(),
            Self::LogNormal { mean, deviation } => (mean + deviation * source.normal()).exp(),
        }
    }
}
