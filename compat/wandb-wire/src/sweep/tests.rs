//! Definitions as clients write them, and what trials they make.

use proptest::prelude::*;
use trackside_core::Json;

use super::*;

fn values(text: &str, number: u64) -> Option<Value> {
    Definition::parse(text).unwrap().trial("sweep", number, &[])
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
        (0..8).map(|number| definition.trial("s", number, &[]).unwrap().to_string()).collect();
    assert_eq!(all.len(), 8);
    assert_eq!(
        definition.trial("s", 0, &[]).unwrap(),
        json!({"a": {"value": 1}, "b": {"value": 7}, "net": {"value": {"depth": 1}}, "n": {"value": 1}})
    );
    assert_eq!(definition.trial("s", 8, &[]), None);
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
    let drawn: Vec<_> = (0..500).map(|number| definition.trial("s", number, &[]).unwrap()).collect();
    assert_eq!(definition.trial("s", 500, &[]), None);
    assert_eq!(definition.trial("s", 3, &[]), definition.trial("s", 3, &[]));
    assert_ne!(definition.trial("s", 3, &[]), definition.trial("other", 3, &[]));
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
        ("method: bayes\nparameters: {a: {values: [1]}}", "needs a metric"),
        ("method: bayes\nmetric: {goal: minimize}\nparameters: {a: {values: [1]}}", "no name"),
        ("method: bayes\nmetric: {name: a, goal: up}\nparameters: {a: {values: [1]}}", "minimize or maximize"),
        ("method: custom\nparameters: {a: {values: [1]}}", "not custom"),
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
        ("method: random\nparameters: {a: {min: -1.0e+308, max: 1.0e+308}}", "'a'"),
        ("method: random\nparameters: {a: {distribution: int_uniform, min: 1.2, max: 1.8}}", "'a'"),
        ("method: random\nparameters: {a: {distribution: log_uniform, min: 0, max: 1.0e+4}}", "'a'"),
        ("method: random\nparameters: {a: {distribution: normal, sigma: -1}}", "'a'"),
        ("method: random\nparameters: {a: {distribution: log_uniform_values, min: 0, max: 1}}", "'a'"),
    ] {
        let refused = Definition::parse(text).unwrap_err();
        assert!(refused.message().contains(why), "{text}: {refused}");
    }
    assert!(values("method: random\nparameters: {a: {values: [1]}}", u64::MAX).is_some());
}

#[test]
fn what_cannot_be_ended_early_is_told() {
    let warnings = |more: &str| {
        let text = format!("method: random\nparameters: {{a: {{values: [1]}}}}\n{more}");
        let definition = Definition::parse(&text).unwrap();
        (definition.early.is_some(), definition.warnings.len())
    };
    assert_eq!(warnings("early_terminate: {type: hyperband, min_iter: 3}"), (false, 1));
    assert_eq!(warnings("metric: {name: a}\nearly_terminate: {type: hyperband}"), (false, 1));
    assert_eq!(warnings("metric: {name: a}\nearly_terminate: {type: hyperband, min_iter: 3}"), (true, 0));
    assert_eq!(warnings("metric: {goal: up}\nearly_terminate: null"), (false, 1));
}

/// What a run of this trial tells.
fn observation(definition: &Definition, trial: &Value, summary: &Value) -> Option<Observation> {
    let object = |value: &Value| match Json::parse(&value.to_string()).unwrap() {
        Json::Object(object) => object,
        other => panic!("{other:?}"),
    };
    definition.observation(&object(trial), &object(summary))
}

/// The lowest cost of so many trials, one after the other.
fn best(definition: &Definition, sweep: &str, n_trials: u64, cost: impl Fn(&Value) -> f64) -> f64 {
    let mut told = Vec::new();
    let mut best = f64::INFINITY;
    for number in 0..n_trials {
        let trial = definition.trial(sweep, number, &told).unwrap();
        let cost = cost(&trial);
        best = best.min(cost);
        told.push(observation(definition, &trial, &json!({ "loss": cost })).unwrap());
    }
    best
}

#[test]
fn a_model_finds_more_than_chance() {
    let parameters = "
metric: {name: loss}
parameters:
  x: {min: -5.0, max: 5.0}
  lr: {distribution: log_uniform_values, min: 1.0e-5, max: 1.0}
  net: {parameters: {depth: {min: 1, max: 20}, kind: {values: [a, b, c, d]}}}
";
    let cost = |trial: &Value| {
        let number = |value: &Value| value.as_f64().unwrap();
        let net = &trial["net"]["value"];
        let kind = if net["kind"] == "c" { 0.0 } else { 2.0 };
        (number(&trial["x"]["value"]) - 1.0).powi(2)
            + (number(&trial["lr"]["value"]).log10() + 3.0).powi(2)
            + (number(&net["depth"]) - 7.0).powi(2) / 10.0
            + kind
    };
    let [bayes, random] = ["bayes", "random"].map(|method| {
        let definition = Definition::parse(&format!("method: {method}{parameters}")).unwrap();
        (0..20).map(|seed| best(&definition, &format!("sweep{seed}"), 40, cost)).collect::<Vec<_>>()
    });
    let n_better = bayes.iter().zip(&random).filter(|(bayes, random)| bayes < random).count();
    let mean = |costs: &[f64]| costs.iter().sum::<f64>() / 20.0;
    assert!(n_better >= 15 && mean(&bayes) < mean(&random) / 2.0, "{n_better}: {bayes:?} {random:?}");
}

#[test]
fn a_model_makes_great_what_it_is_told_to() {
    let text = "method: bayes\nmetric: {name: loss, goal: maximize}\nparameters: {x: {min: 0.0, max: 1.0}}";
    let definition = Definition::parse(text).unwrap();
    let told: Vec<_> = (0..20)
        .map(|n| f64::from(n) / 20.0)
        .map(|x| observation(&definition, &json!({"x": {"value": x}}), &json!({ "loss": x })).unwrap())
        .collect();
    let asked = |number| definition.trial("s", number, &told).unwrap()["x"]["value"].as_f64().unwrap();
    let n_great = (20..40).filter(|number| asked(*number) > 0.6).count();
    assert!(n_great >= 15, "{n_great}");
    assert_eq!(asked(20).to_bits(), asked(20).to_bits());
    let random = Definition::parse(&text.replace("bayes", "random")).unwrap();
    assert_eq!(definition.trial("s", 3, &told[..7]), random.trial("s", 3, &[]), "the first are drawn");
}

#[test]
fn what_came_of_a_trial_is_read_from_its_run() {
    let text = "
method: bayes
metric: {name: loss}
parameters:
  x: {min: 0.0, max: 4.0}
  n: {min: 1, max: 4}
  c: {values: [1, a, null, [1]]}
  net: {parameters: {deep: {parameters: {q: {distribution: inv_log_uniform_values, min: 1, max: 100}}}}}
";
    let definition = Definition::parse(text).unwrap();
    let places = |config: &Value| {
        let places = observation(&definition, config, &json!({"loss": 1})).unwrap().places;
        let rounded = places.into_iter().map(|place| Value::from((place * 1000.0).round() / 1000.0));
        let names = definition.parameters.iter().map(|(path, _)| path.join("."));
        names.zip(rounded).collect::<Map<_, _>>()
    };
    let told = places(&json!({
        "_wandb": {"value": {}}, "x": {"value": 1}, "n": {"value": 4.0}, "c": {"value": [1]},
        "net": {"value": {"deep": {"q": 10.0}}}
    }));
    assert_eq!(Value::from(told), json!({"x": 0.25, "n": 0.875, "c": 3.0, "net.deep.q": 0.5}));
    let nothing = places(&json!({"x": {"value": 9}, "n": {"value": "two"}, "c": {"value": 2}, "net": 3}));
    assert!(nothing.values().all(Value::is_null), "{nothing:?}");
    assert_eq!(observation(&definition, &json!({}), &json!({"other": 1})), None);
}

/// A parameter as a client may write it, and what its values must be within.
fn parameters() -> impl Strategy<Value = (Value, f64, f64)> {
    let bounds = (-1e300..1e300_f64, 0.0..1e300_f64).prop_map(|(low, width)| (low, low + width));
    let positive = (-300.0..300.0_f64, 0.0..100.0_f64)
        .prop_map(|(low, width)| (10_f64.powf(low), 10_f64.powf((low + width).min(300.0))));
    let exponents = (-300.0..300.0_f64, 0.0..300.0_f64).prop_map(|(low, width)| (low, low + width));
    let whole = (any::<i32>(), 0..1000_i32).prop_map(|(low, width)| (low, low.saturating_add(width)));
    let quantum = prop_oneof![Just(0.1), Just(1.0), Just(1e9), 1e-3..1e3_f64];
    let of = |name: &'static str, (low, high): (f64, f64)| json!({"distribution": name, "min": low, "max": high});
    prop_oneof![
        bounds.clone().prop_map(move |b| (of("uniform", b), b.0, b.1)),
        (bounds, quantum.clone()).prop_map(|((low, high), q)| {
            (json!({"distribution": "q_uniform", "min": low, "max": high, "q": q}), low, high)
        }),
        positive.clone().prop_map(move |b| (of("log_uniform_values", b), b.0, b.1)),
        positive.prop_map(move |b| (of("inv_log_uniform_values", b), b.0, b.1)),
        exponents.prop_map(move |b| (of("log_uniform", b), b.0.exp(), b.1.exp())),
        whole.prop_map(|(low, high)| (json!({"min": low, "max": high}), low.into(), high.into())),
        (-1e300..1e300_f64, 0.0..1e300_f64, quantum).prop_map(|(mean, deviation, q)| {
            let given = json!({"distribution": "q_normal", "mu": mean, "sigma": deviation, "q": q});
            (given, f64::MIN, f64::MAX)
        }),
        (-1e3..1e3_f64, 0.0..1e3_f64).prop_map(|(mean, deviation)| {
            (json!({"distribution": "log_normal", "mu": mean, "sigma": deviation}), 0.0, f64::MAX)
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_suggested_is_within_the_bounds(
        (given, low, high) in parameters(),
        costs in proptest::collection::vec(prop_oneof![any::<f64>(), -1.0..1.0_f64], 8..30),
    ) {
        let text = json!({"method": "bayes", "metric": {"name": "loss"}, "parameters": {"a": given}}).to_string();
        let definition = Definition::parse(&text).unwrap();
        let mut told = Vec::new();
        for (number, cost) in (0..).zip(&costs) {
            let trial = definition.trial("s", number, &told).unwrap();
            let value = trial["a"]["value"].as_f64().unwrap();
            prop_assert!((low..=high).contains(&value), "{value} is not within {low} and {high}");
            told.extend(observation(&definition, &trial, &json!({ "loss": cost })));
        }
    }
}
