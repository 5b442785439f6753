//! The method `bayes`: a value for each parameter where what has been tried lets expect the most.
//!
//! The model is a tree-structured Parzen estimator for each parameter. It is built anew for each trial from what came of
//! those before, and asked once; its chance is that of the trial. So nothing of it is kept. Every scale is laid between
//! 0 and 1 first, so no bounds that a client gives reach the model.

use serde_json::Value;
use tpe::{TpeOptimizerBuilder, categorical_range, histogram_estimator, parzen_estimator, range};
use trackside_core::Object;

use super::{
    draw::Source,
    parameter::{Parameter, Room},
};

/// Trials that are drawn at random before there is a model.
pub(super) const RANDOM_TRIALS: usize = 8;
/// Values of all parameters that a model is built from: what they cost in time.
const MOST_VALUES: usize = 20_000;
/// Trials that a model is built from, at most.
const MOST_TRIALS: usize = 1_000;
/// Values that a choice may have.
pub(super) const MOST_CHOICES: usize = 1_000;
/// The part of the trials that counts as good.
const GOOD: f64 = 0.25;

/// What came of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    pub(super) cost: f64,
    /// Where the value of each parameter stands; not a number where that is unknown.
    pub(super) places: Vec<f64>,
}

impl Observation {
    pub(super) fn new(parameters: &[(Vec<String>, Parameter)], config: &Object, cost: f64) -> Self {
        let place = |(path, parameter): &(Vec<String>, Parameter)| {
            let (first, rest) = path.split_first()?;
            let value = config.get(first)?.as_object()?.get("value")?;
            let value = rest.iter().try_fold(value, |value, name| value.as_object()?.get(name))?;
            parameter.place(value)
        };
        Self { cost, places: parameters.iter().map(|parameter| place(parameter).unwrap_or(f64::NAN)).collect() }
    }
}

/// How many trials a model of so many parameters is built from.
pub(super) fn most_trials(n_parameters: usize) -> usize {
    (MOST_VALUES / n_parameters.max(1)).clamp(RANDOM_TRIALS, MOST_TRIALS)
}

/// A value of a parameter, by what came of others: where they stood and what they cost.
pub(super) fn suggest(parameter: &Parameter, source: &Source, told: impl Iterator<Item = (f64, f64)>) -> Value {
    let (estimator, range) = match parameter.room() {
        Room::None => return parameter.draw(source),
        Room::Choice(n_values) => (histogram_estimator(), categorical_range(n_values)),
        Room::Scale => (parzen_estimator(), range(0.0, 1.0)),
    };
    let model = range.ok().and_then(|range| TpeOptimizerBuilder::new().gamma(GOOD).build(estimator, range).ok());
    let Some(mut model) = model else { return parameter.draw(source) };
    // A trial without the parameter counts among the good or bad ones all the same. What the model refuses is left out.
    let n_told = told.filter(|(place, cost)| model.tell(*place, *cost).is_ok()).count();
    if n_told == 0 {
        return parameter.draw(source);
    }
    let Ok(place) = model.ask(&mut source.stream());
    parameter.at(place)
}
