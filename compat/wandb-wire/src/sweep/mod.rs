//! What a sweep searches, as its YAML says, and the parameters of its trials.
//!
//! A trial's parameters follow from the sweep's id and the trial's number alone, so a server that was restarted goes on
//! where it was. `grid` goes through all combinations, `random` draws each. `bayes` would need a model of what was
//! measured; such a sweep is refused.

mod draw;
mod parameter;

use serde_json::{Map, Value, json};
use trackside_core::{Error, ErrorKind, Result};

use self::parameter::Parameter;

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
}

impl Method {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Random => "random",
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
            Some(other @ ("bayes" | "custom")) => {
                let why = format!("this server runs sweeps of the methods grid and random, not {other}");
                return Err(Error::new(ErrorKind::Unsupported, why));
            }
            other => {
                let other = other.unwrap_or("none");
                return Err(Error::invalid(format!("the method of a sweep is grid or random, not {other}")));
            }
        };
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
        let early = fields.contains_key("early_terminate");
        let warning = "early_terminate is not supported by this server: no run is ended early";
        Ok(Self {
            method,
            run_cap: fields.get("run_cap").and_then(Value::as_u64),
            name: text("name"),
            description: text("description"),
            program: text("program"),
            warnings: early.then(|| warning.to_owned()).into_iter().collect(),
            parameters,
        })
    }

    /// How many trials there are; `None` when there is no end.
    pub fn n_trials(&self) -> Option<u64> {
        let all = match self.method {
            Method::Random => None,
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

    /// The parameters of a trial: `{"lr": {"value": 0.1}}`. None when there is no such trial.
    pub fn trial(&self, sweep: &str, number: u64) -> Option<Value> {
        if self.n_trials().is_some_and(|n_trials| number >= n_trials) {
            return None;
        }
        let mut rest = number;
        let mut values = Map::new();
        // The last parameter changes fastest.
        for (path, parameter) in self.parameters.iter().rev() {
            let value = match self.method {
                Method::Grid => {
                    let size = parameter.steps().unwrap_or(1).max(1);
                    let step = rest % size;
                    rest /= size;
                    parameter.step(step)
                }
                Method::Random => parameter.draw(&draw::Source::new(sweep, number, path)),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, number: u64) -> Option<Value> {
        Definition::parse(text).unwrap().trial("sweep", number)
    }

    #[test]
    fn a_grid_has_each_combination_once() {
        let text = "
method: grid
name: all
parameters:
  a: {values: [1, x]}
  b: {value: 7}
  net: {parameters: {depth: {values: [1, 2]}}}
  n: {distribution: int_uniform, min: 1, max: 2}
";
        let definition = Definition::parse(text).unwrap();
        assert_eq!((definition.n_trials(), definition.name.as_deref()), (Some(8), Some("all")));
        let all: std::collections::BTreeSet<_> =
            (0..8).map(|number| definition.trial("s", number).unwrap().to_string()).collect();
        assert_eq!(all.len(), 8);
        assert_eq!(
            definition.trial("s", 0).unwrap(),
            json!({"a": {"value": 1}, "b": {"value": 7}, "net": {"value": {"depth": 1}}, "n": {"value": 1}})
        );
        assert_eq!(definition.trial("s", 8), None);
    }

    #[test]
    fn draws_are_within_their_distributions_and_stay_the_same() {
        let text = "
method: random
run_cap: 500
parameters:
  u: {min: -1.0, max: 1.0}
  n: {min: 1, max: 3}
  l: {distribution: log_uniform_values, min: 1.0e-5, max: 0.1}
  e: {distribution: log_uniform, min: -2, max: 0}
  q: {distribution: q_uniform, min: 0, max: 1, q: 0.25}
  g: {distribution: normal, mu: 10, sigma: 1}
  i: {distribution: inv_log_uniform_values, min: 0.1, max: 0.9}
  c: {values: [a, b], probabilities: [0.9, 0.1]}
";
        let definition = Definition::parse(text).unwrap();
        let drawn: Vec<_> = (0..500).map(|number| definition.trial("s", number).unwrap()).collect();
        assert_eq!(definition.trial("s", 500), None);
        assert_eq!(definition.trial("s", 3), definition.trial("s", 3));
        assert_ne!(definition.trial("s", 3), definition.trial("other", 3));
        let numbers = |name: &str| drawn.iter().map(|trial| trial[name]["value"].as_f64().unwrap()).collect::<Vec<_>>();
        let within = |name: &str, low: f64, high: f64| numbers(name).iter().all(|n| (low..=high).contains(n));
        assert!(within("u", -1.0, 1.0) && within("n", 1.0, 3.0) && within("l", 1e-5, 0.1));
        assert!(within("e", (-2.0_f64).exp(), 1.0) && within("i", 0.1, 0.9) && within("g", 4.0, 16.0));
        assert!(numbers("q").iter().all(|n| (n * 4.0).fract() == 0.0 && (0.0..=1.0).contains(n)));
        let mean = |name: &str| numbers(name).iter().sum::<f64>() / 500.0;
        assert!(mean("u").abs() < 0.2 && (mean("n") - 2.0).abs() < 0.2 && (mean("g") - 10.0).abs() < 0.2);
        assert!(drawn.iter().all(|trial| trial["n"]["value"].is_i64()));
        let n_a = drawn.iter().filter(|trial| trial["c"]["value"] == "a").count();
        assert!((400..500).contains(&n_a), "{n_a}");
    }

    #[test]
    fn what_cannot_be_searched_is_refused() {
        for (text, why) in [
            ("method: bayes\nparameters: {a: {values: [1]}}", "not bayes"),
            ("method: magic\nparameters: {a: {values: [1]}}", "not magic"),
            ("parameters: {a: {values: [1]}}", "not none"),
            ("method: grid", "no parameters"),
            ("- 1", "cannot be read"),
            ("method: grid\nparameters: {a: {min: 0.0, max: 1.0}}", "parameter a"),
            ("method: grid\nparameters: {a: {}}", "'a'"),
            ("method: grid\nparameters: {a: 3}", "'a'"),
            ("method: random\nparameters: {a: {values: []}}", "'a'"),
            ("method: random\nparameters: {a: {distribution: beta, min: 0, max: 1}}", "beta"),
            ("method: random\nparameters: {a: {min: 2, max: 1}}", "'a'"),
            ("method: random\nparameters: {a: {distribution: log_uniform_values, min: 0, max: 1}}", "'a'"),
        ] {
            let refused = Definition::parse(text).unwrap_err();
            assert!(refused.message().contains(why), "{text}: {refused}");
        }
        let text = "method: random\nearly_terminate: {type: hyperband}\nparameters: {a: {values: [1]}}";
        assert_eq!(Definition::parse(text).unwrap().warnings.len(), 1);
        assert!(values(text, u64::MAX).is_some());
    }
}
