//! What a sweep searches, as its YAML says, and the parameters of its trials.
//!
//! A trial's parameters follow from the sweep's id and the trial's number alone, so a server that was restarted goes on
//! where it was. `grid` goes through all combinations, `random` draws each; to `bayes` one has to tell what came of the
//! trials before.

mod bayes;
mod draw;
mod hyperband;
mod metric;
mod parameter;
mod shape;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};
use trackside_core::{Error, ErrorKind, Object, Result};

pub use self::{
    bayes::Observation,
    hyperband::{Course, Hyperband},
    metric::Metric,
};
use self::{draw::Source, parameter::Parameter};

/// Longest definition in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Parameters of a sweep, nested ones counted one by one.
const MAX_PARAMETERS: usize = 1_000;

/// What is searched.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// How.
    pub method: Method,
    /// The most trials that are given out.
    pub run_cap: Option<u64>,
    /// What its author calls it.
    pub name: Option<String>,
    /// What its author says of it.
    pub description: Option<String>,
    /// What agents on a command line run.
    pub program: Option<String>,
    /// What is to be made small or great.
    pub metric: Option<Metric>,
    /// Which runs end early; only with a metric.
    pub early: Option<Hyperband>,
    /// What its author should know.
    pub warnings: Vec<String>,
    /// By path: those within others have several names.
    parameters: Vec<(Vec<String>, Parameter)>,
}

/// How parameters are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// All combinations, in order.
    Grid,
    /// At random.
    Random,
    /// Where what was measured lets expect the most.
    Bayes,
}

impl Method {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Random => "random",
            Self::Bayes => "bayes",
        }
    }
}

impl Definition {
    /// Reads YAML or JSON. `Invalid` for what is no sweep, `Unsupported` for what cannot be searched here.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_BYTES {
            return Err(Error::invalid(format!("the sweep is longer than {MAX_BYTES} bytes")));
        }
        let unreadable = |error: serde_saphyr::Error| Error::invalid(format!("the sweep cannot be read: {error}"));
        let fields: Map<String, Value> = serde_saphyr::from_str(text).map_err(unreadable)?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let method = match text("method").as_deref() {
            Some("grid") => Method::Grid,
            Some("random") => Method::Random,
            Some("bayes") => Method::Bayes,
            Some("custom") => {
                let why = "this server runs sweeps of the methods grid, random and bayes, not custom";
                return Err(Error::new(ErrorKind::Unsupported, why));
            }
            other => {
                let other = other.unwrap_or("none");
                return Err(Error::invalid(format!("the method of a sweep is grid, random or bayes, not {other}")));
            }
        };
        let mut warnings = Vec::new();
        let metric = match fields.get("metric").filter(|metric| !metric.is_null()).map(Metric::read) {
            None if method == Method::Bayes => {
                return Err(Error::invalid("a sweep of the method bayes needs a metric: its name, and its goal"));
            }
            Some(Err(why)) if method == Method::Bayes => return Err(Error::invalid(why)),
            Some(Err(why)) => {
                warnings.push(why);
                None
            }
            metric => metric.and_then(std::result::Result::ok),
        };
        let early = fields.get("early_terminate").filter(|early| !early.is_null()).map(|early| match metric {
            Some(_) => Hyperband::read(early),
            None => Err("the sweep has no metric".to_owned()),
        });
        let early = early.and_then(|early| {
            early.map_err(|why| warnings.push(format!("early_terminate is passed over, no run ends early: {why}"))).ok()
        });
        let mut parameters = Vec::new();
        let given = fields.get("parameters").and_then(Value::as_object);
        let given = given.ok_or_else(|| Error::invalid("the sweep has no parameters"))?;
        parameter::read(given, &[], &mut parameters)?;
        if parameters.len() > MAX_PARAMETERS {
            return Err(Error::invalid(format!("a sweep has at most {MAX_PARAMETERS} parameters")));
        }
        if method == Method::Grid {
            for (path, parameter) in &parameters {
                parameter.steps().map_err(|why| Error::invalid(format!("parameter {}: {why}", path.join("."))))?;
            }
        }
        if method == Method::Bayes {
            for (path, parameter) in &parameters {
                parameter.modelled().map_err(|why| Error::invalid(format!("parameter {}: {why}", path.join("."))))?;
            }
        }
        Ok(Self {
            method,
            run_cap: fields.get("run_cap").and_then(Value::as_u64),
            name: text("name"),
            description: text("description"),
            program: text("program"),
            metric,
            early,
            warnings,
            parameters,
        })
    }

    /// How many trials there are; `None` when there is no end.
    pub fn n_trials(&self) -> Option<u64> {
        let all = match self.method {
            Method::Random | Method::Bayes => None,
            Method::Grid => {
                let sizes = self.parameters.iter().map(|(_, parameter)| parameter.steps().unwrap_or(1));
                Some(sizes.fold(1_u64, u64::saturating_mul))
            }
        };
        match (all, self.run_cap) {
            (Some(all), Some(cap)) => Some(all.min(cap)),
            (all, cap) => all.or(cap),
        }
    }

    /// How many of the trials before are worth telling of, the latest: none unless the method asks for it.
    pub fn n_observations(&self) -> usize {
        if self.method == Method::Bayes { bayes::most_trials(self.parameters.len()) } else { 0 }
    }

    /// What came of a trial, by the config and the summary of its run; none while there is no value of the metric.
    pub fn observation(&self, config: &Object, summary: &Object) -> Option<Observation> {
        let cost = self.metric.as_ref()?.cost_in(summary)?;
        Some(Observation::new(&self.parameters, config, cost))
    }

    /// The parameters of a trial: `{"lr": {"value": 0.1}}`. None when there is no such trial. What came of others, the order
    /// being all the same, counts where the method asks for it.
    pub fn trial(&self, sweep: &str, number: u64, told: &[Observation]) -> Option<Value> {
        if self.n_trials().is_some_and(|n_trials| number >= n_trials) {
            return None;
        }
        let is_modelled = self.method == Method::Bayes && told.len() >= bayes::RANDOM_TRIALS;
        let mut rest = number;
        let mut values = Map::new();
        // The last parameter changes fastest.
        for (at, (path, parameter)) in self.parameters.iter().enumerate().rev() {
            let source = Source::new(sweep, number, path);
            let value = match self.method {
                Method::Grid => {
                    let size = parameter.steps().unwrap_or(1).max(1);
                    let step = rest % size;
                    rest /= size;
                    parameter.step(step)
                }
                Method::Bayes if is_modelled => {
                    let told = told.iter().filter_map(|trial| Some((*trial.places.get(at)?, trial.cost)));
                    bayes::suggest(parameter, &source, told)
                }
                Method::Random | Method::Bayes => parameter.draw(&source),
            };
            set(&mut values, path, value);
        }
        Some(values.into_iter().map(|(name, value)| (name, json!({ "value": value }))).collect::<Map<_, _>>().into())
    }
}

/// Puts a value where its path leads.
fn set(values: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => {
            values.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            let inner = values.entry(name.clone()).or_insert_with(|| Map::new().into());
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}
