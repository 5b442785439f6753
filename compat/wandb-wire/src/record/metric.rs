//! What is known of a metric.

use prost::Message;
use serde_json::{Map, Value, json};

/// What is known of a metric.
#[derive(Clone, PartialEq, Message)]
pub struct Metric {
    /// Which; empty when it is a pattern.
    #[prost(string, tag = "1")]
    pub name: String,
    /// A pattern of names, such as `train/*`.
    #[prost(string, tag = "2")]
    pub glob_name: String,
    /// The metric that it is plotted over.
    #[prost(string, tag = "4")]
    pub step_metric: String,
    /// What holds of it.
    #[prost(message, optional, tag = "6")]
    pub options: Option<MetricOptions>,
    /// What its summary is.
    #[prost(message, optional, tag = "7")]
    pub summary: Option<MetricSummary>,
    /// What is best: 1 the lowest, 2 the highest.
    #[prost(int32, tag = "8")]
    pub goal: i32,
}

impl Metric {
    /// As the config has it in `_wandb.m`; `index` finds the place of a metric in that list, from 1.
    pub fn to_config(&self, index: impl Fn(&str) -> Option<usize>) -> Value {
        let mut entry = Map::new();
        for (number, name) in [("1", &self.name), ("2", &self.glob_name)] {
            if !name.is_empty() {
                entry.insert(number.to_owned(), json!(name));
            }
        }
        if let Some(index) = index(&self.step_metric) {
            entry.insert("5".to_owned(), json!(index));
        }
        let options = self.options.unwrap_or_default();
        entry.insert("6".to_owned(), numbers(&[options.step_sync, options.hidden, options.defined]));
        let summary = self.summary.unwrap_or_default();
        let kinds = [
            summary.min,
            summary.max,
            summary.mean,
            summary.best,
            summary.last,
            summary.none,
            summary.copy,
            summary.first,
        ];
        entry.insert("7".to_owned(), numbers(&kinds));
        if self.goal != 0 {
            entry.insert("8".to_owned(), json!(self.goal));
        }
        Value::Object(entry)
    }
}

/// The numbers of those that are set, from 1.
fn numbers(set: &[bool]) -> Value {
    let set = set.iter().zip(1..).filter(|(is_set, _)| **is_set);
    set.map(|(_, number): (_, u32)| number).collect()
}

/// What holds of a metric.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct MetricOptions {
    /// A row without it gets its latest value.
    #[prost(bool, tag = "1")]
    pub step_sync: bool,
    /// Not shown of its own accord.
    #[prost(bool, tag = "2")]
    pub hidden: bool,
    /// Defined by hand.
    #[prost(bool, tag = "3")]
    pub defined: bool,
}

/// What the summary of a metric is, instead of its latest value.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
#[expect(clippy::struct_excessive_bools, reason = "the protocol has them so")]
pub struct MetricSummary {
    /// The lowest value.
    #[prost(bool, tag = "1")]
    pub min: bool,
    /// The highest.
    #[prost(bool, tag = "2")]
    pub max: bool,
    /// Their mean.
    #[prost(bool, tag = "3")]
    pub mean: bool,
    /// The best, by the goal.
    #[prost(bool, tag = "4")]
    pub best: bool,
    /// The latest.
    #[prost(bool, tag = "5")]
    pub last: bool,
    /// Nothing.
    #[prost(bool, tag = "6")]
    pub none: bool,
    /// A copy.
    #[prost(bool, tag = "7")]
    pub copy: bool,
    /// The first.
    #[prost(bool, tag = "8")]
    pub first: bool,
}
