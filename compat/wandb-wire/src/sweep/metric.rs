//! What a sweep is to make small or great.

use serde_json::Value;
use trackside_core::{Json, Object};

use crate::leaves;

/// What `define_metric` may have put in place of a metric's value in a summary, besides the extreme that is asked for.
const SUMMARIES: [&str; 3] = ["best", "last", "mean"];

/// A metric and where it should go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Whether more is better.
    pub maximize: bool,
}

impl Metric {
    /// Reads it; why it cannot be.
    pub(super) fn read(given: &Value) -> Result<Self, String> {
        let text = |field: &str| given.get(field).and_then(Value::as_str);
        let name = text("name").filter(|name| !name.is_empty()).ok_or("the metric of the sweep has no name")?;
        let maximize = match (given.get("goal"), text("goal")) {
            (None | Some(Value::Null), _) | (_, Some("minimize")) => false,
            (_, Some("maximize")) => true,
            _ => return Err("the goal of a metric is minimize or maximize".to_owned()),
        };
        Ok(Self { name: name.to_owned(), maximize })
    }

    /// A value as something to make small.
    pub fn cost(&self, value: f64) -> f64 {
        if self.maximize { -value } else { value }
    }

    /// The cost that a summary tells of; what is no number is worst.
    pub(super) fn cost_in(&self, summary: &Object) -> Option<f64> {
        let leaves = leaves::of(summary);
        let leaf = |key: &str| leaves.iter().find(|(known, _)| known == key).map(|(_, leaf)| *leaf);
        let extreme = if self.maximize { "max" } else { "min" };
        let within =
            || std::iter::once(extreme).chain(SUMMARIES).find_map(|kind| leaf(&format!("{}.{kind}", self.name)));
        let leaf: &Json = leaf(&self.name).or_else(within)?;
        let cost = self.cost(leaves::number(leaf)?);
        Some(if cost.is_nan() { f64::INFINITY } else { cost })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cost(metric: &Value, summary: &str) -> Option<f64> {
        let Json::Object(summary) = Json::parse(summary).unwrap() else { panic!("an object") };
        Metric::read(metric).unwrap().cost_in(&summary)
    }

    #[test]
    fn a_summary_tells_the_cost() {
        let loss = json!({"name": "loss"});
        let score = json!({"name": "val.score", "goal": "maximize"});
        assert_eq!(cost(&loss, r#"{"loss": 2, "other": 1}"#), Some(2.0));
        assert_eq!(cost(&loss, r#"{"loss": {"min": 0.5, "max": 9}}"#), Some(0.5));
        assert_eq!(cost(&loss, r#"{"loss": {"last": 0.7}}"#), Some(0.7));
        assert_eq!(cost(&loss, r#"{"loss": NaN}"#), Some(f64::INFINITY));
        assert_eq!(cost(&loss, r#"{"loss": "low"}"#), None);
        assert_eq!(cost(&loss, "{}"), None);
        assert_eq!(cost(&score, r#"{"val": {"score": 3}}"#), Some(-3.0));
        assert_eq!(cost(&score, r#"{"val.score": {"min": 1, "max": 3}}"#), Some(-3.0));
    }

    #[test]
    fn a_metric_has_a_name_and_a_goal() {
        for bad in [json!({}), json!({"name": ""}), json!("loss"), json!({"name": "a", "goal": "up"})] {
            assert!(Metric::read(&bad).is_err(), "{bad}");
        }
        assert!(Metric::read(&json!({"name": "a", "goal": "maximize"})).unwrap().maximize);
    }
}
