//! What is known of a run from its records so far.

use serde_json::{Map, Value, json};
use trackside_wandb_wire::{
    config::{Document, RESERVED},
    extended_json::{self, Object},
    file_stream::HISTORY,
    record::{Items, Metric, Record, Run},
};

use super::{
    EVENTS, OUTPUT, Replayed,
    console::{self, Console},
    tree::Tree,
};

/// What is known of a run from its records so far.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) run: Run,
    producer: String,
    pub(super) config: Tree,
    pub(super) summary: Tree,
    metrics: Vec<Metric>,
    pub(super) files: Vec<String>,
}

impl Told {
    /// Takes a record in; the lines that it makes.
    pub(super) fn take(
        &mut self,
        record: Record,
        console: &mut Console,
        replayed: &mut Replayed,
    ) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        if let Some(header) = record.header {
            self.producer = header.version_info.unwrap_or_default().producer;
        }
        if let Some(row) = record.history {
            let mut tree = Tree::default();
            tree.apply(&Items { update: row.item, remove: Vec::new() });
            lines.push((HISTORY, tree.text()));
            replayed.rows += 1;
        }
        if let Some(stats) = record.stats {
            let at = console::instant(&stats.timestamp.unwrap_or_default());
            let started = console::instant(&self.run.start_time.unwrap_or_default());
            let mut event = Object::default();
            event.raw("_wandb", "true");
            event.number("_timestamp", seconds(at.millis()));
            event.number("_runtime", seconds(at.millis().saturating_sub(started.millis())));
            for item in &stats.item {
                event.raw(&format!("system.{}", item.key), &item.value_json);
            }
            lines.push((EVENTS, event.finish()));
        }
        if let Some(piece) = record.output_raw {
            lines.extend(console.push(&piece).into_iter().map(|line| (OUTPUT, line)));
        }
        for (items, tree) in [(record.config, &mut self.config), (record.summary, &mut self.summary)] {
            tree.apply(&items.unwrap_or_default());
        }
        self.metrics.extend(record.metric);
        for file in record.files.unwrap_or_default().files {
            if !self.files.contains(&file.path) {
                self.files.push(file.path);
            }
        }
        replayed.artifacts += u64::from(record.artifact.is_some());
        if let Some(exit) = record.exit {
            replayed.exit_code = Some(exit.exit_code);
        }
        lines
    }

    /// With what the client keeps there itself.
    pub(super) fn config_document(&self) -> Document {
        let mut document = Document::default();
        for (key, value) in self.config.entries() {
            // NaN has no place in a config; W&B's client writes null.
            let value = serde_json::from_str(&value).ok();
            document.set(key, value.unwrap_or_else(|| strict(&self.config, key)));
        }
        let index = |name: &str| self.metrics.iter().position(|metric| metric.name == name).map(|place| place + 1);
        let metrics: Vec<Value> = self
            .metrics
            .iter()
            .map(|metric| metric.to_config(|name| if name.is_empty() { None } else { index(name) }))
            .collect();
        document.edit(RESERVED, |own: &mut Map<String, Value>| {
            own.insert("t".to_owned(), json!({ "5": self.producer }));
            own.insert("cli_version".to_owned(), json!(self.producer));
            if let Some(started) = self.run.start_time {
                own.insert("start_time".to_owned(), json!(seconds(console::instant(&started).millis())));
            }
            if !metrics.is_empty() {
                own.insert("m".to_owned(), Value::Array(metrics));
            }
        });
        document
    }
}

/// The value with texts for the numbers that JSON lacks.
fn strict(config: &Tree, key: &str) -> Value {
    let text = config.entries().find(|(other, _)| *other == key).map(|(_, text)| text).unwrap_or_default();
    serde_json::from_str(&extended_json::strict(&text)).unwrap_or(Value::Null)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of this age fit")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}
