//! Prometheus series. Names, units and the endings `_total`, `_seconds` and `_bytes` follow `OpenMetrics` 1.0.
//!
//! The numbers belong to fan-out and its store, so the series are made anew from them at each reading. Counts of
//! delivered and withheld items live in the store and go on over restarts; failures begin at zero.

use std::{fmt, sync::atomic::AtomicU64};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};
use trackside_fanout::{SinkState, SinkStatus};

const STATES: [SinkState; 5] =
    [SinkState::Ok, SinkState::Retrying, SinkState::Open, SinkState::Paused, SinkState::NotConfigured];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSink {
    sink: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    sink: String,
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    sink: String,
    state: &'static str,
}

/// Seconds may be fractions.
type Seconds = Gauge<f64, AtomicU64>;

#[derive(Debug, Default)]
struct Series {
    delivered: Family<OfSink, Counter>,
    withheld: Family<OfKind, Counter>,
    failures: Family<OfKind, Counter>,
    dead: Family<OfSink, Gauge>,
    lost: Family<OfSink, Gauge>,
    lag_items: Family<OfSink, Gauge>,
    lag_bytes: Family<OfSink, Gauge>,
    lag_seconds: Family<OfSink, Seconds>,
    state: Family<OfState, Gauge>,
    log_bytes: Gauge,
}

/// The text of all series.
pub(crate) fn encode(sinks: &[SinkStatus], log_bytes: u64) -> Result<String, fmt::Error> {
    let series = Series::default();
    series.log_bytes.set(signed(log_bytes));
    for sink in sinks {
        series.add(sink);
    }
    let mut registry = Registry::with_prefix("trackside");
    series.register(&mut registry);
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

impl Series {
    fn add(&self, status: &SinkStatus) {
        let of_sink = OfSink { sink: status.name.clone() };
        let of_kind = |kind| OfKind { sink: status.name.clone(), kind };
        self.delivered.get_or_create(&of_sink).inc_by(status.delivered);
        for (kind, n) in status.withheld.iter() {
            self.withheld.get_or_create(&of_kind(kind.as_str())).inc_by(n);
        }
        for (kind, n) in &status.failures {
            self.failures.get_or_create(&of_kind(kind)).inc_by(*n);
        }
        self.dead.get_or_create(&of_sink).set(signed(status.dead));
        self.lost.get_or_create(&of_sink).set(signed(status.lost));
        self.lag_items.get_or_create(&of_sink).set(signed(status.lag.items));
        self.lag_bytes.get_or_create(&of_sink).set(signed(status.lag.bytes));
        #[expect(clippy::cast_precision_loss, reason = "a lag of 2^53 milliseconds is none")]
        self.lag_seconds.get_or_create(&of_sink).set(status.lag_millis as f64 / 1000.0);
        for state in STATES {
            let label = OfState { sink: status.name.clone(), state: state.as_str() };
            self.state.get_or_create(&label).set(i64::from(state == status.state));
        }
    }

    fn register(self, registry: &mut Registry) {
        registry.register_with_unit("log", "Undelivered events", Unit::Bytes, self.log_bytes);
        let registry = registry.sub_registry_with_prefix("sink");
        registry.register("delivered_items", "Items delivered", self.delivered);
        registry.register("withheld_items", "Items that the destination cannot represent", self.withheld);
        registry.register("failures", "Failed tries since the start of the process", self.failures);
        registry.register("dead_letters", "Batches that wait for a decision", self.dead);
        registry.register("lost_subjects", "Runs and models that wait to be sent again whole", self.lost);
        registry.register("lag_items", "Items yet to be delivered", self.lag_items);
        registry.register_with_unit("lag", "Events yet to be delivered", Unit::Bytes, self.lag_bytes);
        registry.register_with_unit(
            "lag",
            "Age of the oldest event yet to be delivered",
            Unit::Seconds,
            self.lag_seconds,
        );
        registry.register("state", "1 for the state the sink is in, 0 for the others", self.state);
    }
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
