//! What a destination cannot hold although its capability allows the kind.

use std::collections::BTreeMap;

use trackside_core::{Capability, Event, Key, MetricPoint, Timestamp};

/// Bounds of what a destination is given in the suite, so that a narrow one is held to all the rest. `true` narrows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each narrows histories in its own way")]
pub struct Limits {
    /// Values are neither NaN nor infinite.
    pub finite_values: bool,
    /// Times lie between the epoch and the year 2100.
    pub plain_times: bool,
    /// Steps and times of a metric begin at zero or later and rise from point to point, so none comes twice.
    pub rising_steps: bool,
    /// Keys and values are letters, digits and dashes, none empty.
    pub plain_texts: bool,
    /// Artifacts are never removed.
    pub lasting_artifacts: bool,
    /// Fewer histories are drawn. For a destination that is slow to call, beside another that gets them all.
    pub few_histories: bool,
}

/// 2100-01-01, in milliseconds since the epoch.
const FAR_AHEAD: i64 = 4_102_444_800_000;

impl Limits {
    /// The same events as near as the limits allow.
    pub fn fit(self, events: Vec<Event>) -> Vec<Event> {
        let mut n_points: BTreeMap<Key, i64> = BTreeMap::new();
        let kept =
            events.into_iter().filter(|event| !(self.lasting_artifacts && matches!(event, Event::ArtifactDeleted(_))));
        kept.map(|event| match event {
            Event::Points(points) => {
                Event::Points(points.into_iter().map(|point| self.fit_point(point, &mut n_points)).collect())
            }
            Event::Updated(mut update) => {
                update.ended_at = update.ended_at.map(|at| self.fit_time(at));
                Event::Updated(update)
            }
            other => other,
        })
        .collect()
    }

    fn fit_point(self, mut metric: MetricPoint, n_points: &mut BTreeMap<Key, i64>) -> MetricPoint {
        let point = &mut metric.point;
        point.time = self.fit_time(point.time);
        if self.finite_values && !point.value.is_finite() {
            point.value = if point.value.is_nan() { 0.25 } else { 1e6_f64.copysign(point.value) };
        }
        if self.rising_steps {
            let n = n_points.entry(metric.key.clone()).or_default();
            (point.step, point.time) = (*n, Timestamp::from_millis(1_000 + *n));
            *n += 1;
        }
        metric
    }

    fn fit_time(self, time: Timestamp) -> Timestamp {
        if self.plain_times { Timestamp::from_millis(time.millis().clamp(0, FAR_AHEAD)) } else { time }
    }
}

/// What histories for a destination may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// Kinds of events.
    pub capability: Capability,
    /// Bounds within a kind.
    pub limits: Limits,
}

impl From<Capability> for Terms {
    fn from(capability: Capability) -> Self {
        Self { capability, limits: Limits::default() }
    }
}
