//! Parameters and their distributions, as W&B's documentation has them.

use serde_json::{Map, Value};
use trackside_core::{Error, Json, Result};

use super::{bayes::MOST_CHOICES, draw::Source, shape::Shape};
use crate::leaves;

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
    /// A number within these, a multiple of a quantum if there is one.
    Number { shape: Shape, quantum: Option<f64>, low: f64, high: f64 },
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
            (Some(low), Some(high)) if low <= high && (high - low).is_finite() => Ok((low, high)),
            _ => Err("has no min and max in order".to_owned()),
        };
        let positive =
            || {
                bounds().and_then(|(low, high)| {
                    if low > 0.0 { Ok((low, high)) } else { Err("has a min that is not above 0".to_owned()) }
                })
            };
        let finite = |(low, high): (f64, f64)| {
            if high.is_finite() { Ok((low, high)) } else { Err("has bounds that are no logarithms".to_owned()) }
        };
        let bell = || match (number("mu").unwrap_or(0.0), number("sigma").unwrap_or(1.0)) {
            (mean, deviation) if deviation >= 0.0 => Ok((mean, deviation)),
            _ => Err("has a sigma below 0".to_owned()),
        };
        let (shape, (low, high)) = match name {
            "int_uniform" => {
                let (low, high) = bounds()?;
                #[expect(clippy::cast_possible_truncation, reason = "whole doubles, cut to what there is")]
                let (low, high) = (low.ceil() as i64, high.floor() as i64);
                let none = || "has no whole number between min and max".to_owned();
                return (low <= high).then_some(Self::Whole { low, high }).ok_or_else(none);
            }
            "uniform" => bounds().map(|(low, high)| (Shape::Uniform { low, high }, (low, high)))?,
            "log_uniform" => {
                let (low, high) = bounds()?;
                (Shape::LogUniform { low, high }, finite((low.exp(), high.exp()))?)
            }
            "log_uniform_values" => {
                let (low, high) = positive()?;
                (Shape::LogUniform { low: low.ln(), high: high.ln() }, (low, high))
            }
            "inv_log_uniform" => {
                let (low, high) = bounds()?;
                (Shape::InverseLogUniform { low, high }, finite(((-high).exp(), (-low).exp()))?)
            }
            "inv_log_uniform_values" => {
                let (low, high) = positive()?;
                (Shape::InverseLogUniform { low: -high.ln(), high: -low.ln() }, (low, high))
            }
            "normal" => bell().map(|(mean, deviation)| (Shape::Normal { mean, deviation }, (f64::MIN, f64::MAX)))?,
            "log_normal" => bell().map(|(mean, deviation)| (Shape::LogNormal { mean, deviation }, (0.0, f64::MAX)))?,
            other => return Err(format!("has the distribution '{other}', which this server does not know")),
        };
        Ok(Self::Number { shape, quantum, low, high })
    }

    /// How many values a grid goes through; why it cannot.
    pub(super) fn steps(&self) -> std::result::Result<u64, String> {
        let n_steps = match self {
            Self::Choice { values, .. } => values.len() as u64,
            Self::Whole { low, high } => high.abs_diff(*low).saturating_add(1),
            Self::Number { shape: Shape::Uniform { low, high }, quantum: Some(quantum), .. } => {
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
            Self::Number { shape: Shape::Uniform { low, .. }, quantum: Some(quantum), .. } => {
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
            Self::Whole { low, high } => whole(*low, *high, source.uniform(0)),
            Self::Number { shape, .. } => self.number(shape.draw(source)),
        }
    }

    /// Whether a model has something to choose, and from how many values; none where there is no end of them.
    pub(super) fn room(&self) -> Room {
        match self {
            Self::Choice { values, .. } if values.len() > 1 => Room::Choice(values.len()),
            Self::Whole { low, high } if low < high => Room::Scale,
            Self::Number { shape, low, high, .. } if low < high && !shape.is_one() => Room::Scale,
            _ => Room::None,
        }
    }

    /// Whether a model can choose; why it cannot.
    pub(super) fn modelled(&self) -> std::result::Result<(), String> {
        match self.room() {
            Room::Choice(n_values) if n_values > MOST_CHOICES => {
                Err(format!("a sweep of the method bayes has at most {MOST_CHOICES} values of each"))
            }
            _ => Ok(()),
        }
    }

    /// Where a value stands: which one it is of a choice, otherwise where on a scale from 0 up to but not 1.
    pub(super) fn place(&self, value: &Json) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "values fit into a definition")]
            Self::Choice { values, .. } => {
                values.iter().position(|known| is_same(known, value)).map(|position| position as f64)
            }
            Self::Whole { low, high } => {
                let place = Shape::Uniform { low: to_f64(*low) - 0.5, high: to_f64(*high) + 0.5 };
                place.place(number(value)?)
            }
            Self::Number { shape, .. } => shape.place(number(value)?),
        }
    }

    /// The value at a place.
    pub(super) fn at(&self, place: f64) -> Value {
        match self {
            Self::Choice { values, .. } => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positions, saturated")]
                let position = place as usize;
                values.get(position).or(values.last()).cloned().unwrap_or_default()
            }
            Self::Whole { low, high } => whole(*low, *high, place),
            Self::Number { shape, .. } => self.number(shape.at(place)),
        }
    }

    /// A number as a value: within the bounds, and a multiple of the quantum if one is within them.
    fn number(&self, number: f64) -> Value {
        let Self::Number { quantum, low, high, .. } = self else { return Value::Null };
        let number = number.max(*low).min(*high);
        let fits = |number: &f64| (*low..=*high).contains(number);
        let multiple = quantum.and_then(|quantum| {
            let nearest = (number / quantum).round();
            [nearest, nearest - 1.0, nearest + 1.0].map(|times| times * quantum).into_iter().find(fits)
        });
        multiple.unwrap_or(number).into()
    }
}

/// What a model has to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// Nothing: there is one value only.
    None,
    /// So many values, in no order.
    Choice(usize),
    /// A scale.
    Scale,
}

/// The whole number at a place from 0 up to but not 1.
fn whole(low: i64, high: i64, place: f64) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is beyond 2^53 is drawn less evenly"
    )]
    let offset = (place * (high.abs_diff(low) as f64 + 1.0)) as u64;
    low.saturating_add_unsigned(offset).min(high).into()
}

#[expect(clippy::cast_precision_loss, reason = "what is beyond 2^53 has a neighbour's place")]
const fn to_f64(number: i64) -> f64 {
    number as f64
}

fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Integer(_) | Json::Float(_) => leaves::number(value).filter(|number| number.is_finite()),
        _ => None,
    }
}

/// Whether a run was told this value. 1 and 1.0 are one number.
fn is_same(value: &Value, told: &Json) -> bool {
    match (value, told) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(value), Json::Bool(told)) => value == told,
        (Value::String(value), Json::Text(told)) => value == told,
        (Value::Number(value), told) => value.as_f64().is_some_and(|value| number(told) == Some(value)),
        (Value::Array(_) | Value::Object(_), Json::List(_) | Json::Object(_)) => {
            serde_json::from_str::<Value>(&told.to_string()).is_ok_and(|told| told == *value)
        }
        _ => false,
    }
}
