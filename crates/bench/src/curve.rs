//! Curves as training makes them: what is stored must not be tidier than that.
//!
//! Every point is a function of curve, run and number, so it need not be kept to be checked.

use std::f64::consts::PI;

use serde::Serialize;

use crate::{
    client::{Client, Empty},
    history::Point,
    progress,
    stats::float,
};

/// MLflow's limit of points per request.
const BATCH: usize = 1_000;
const FIRST_TIME: i64 = 1_700_000_000_000;
/// Milliseconds of a step, and by how much they vary.
const STEP_MILLIS: i64 = 180;
const JITTER_MILLIS: u64 = 40;
/// Steps from one evaluation to the next.
const EVALUATION: u64 = 50;

/// Points from one line of progress to the next.
const TOLD: u64 = 1_000_000;

/// What a run logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    /// Falls with noise; an `f32` widened to `f64`, as frameworks give it.
    TrainLoss,
    /// Rises with noise; four decimals.
    TrainAccuracy,
    /// Warm-up, then half a cosine, in full precision.
    LearningRate,
    /// Noise in full precision: next to nothing of it can be packed.
    GradientNorm,
    /// As the loss, every 50 steps.
    EvaluationLoss,
    /// As the accuracy, every 50 steps.
    EvaluationAccuracy,
}

impl Curve {
    pub(crate) const ALL: [Self; 6] = [
        Self::TrainLoss,
        Self::TrainAccuracy,
        Self::LearningRate,
        Self::GradientNorm,
        Self::EvaluationLoss,
        Self::EvaluationAccuracy,
    ];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::TrainLoss => "train.loss",
            Self::TrainAccuracy => "train.accuracy",
            Self::LearningRate => "lr",
            Self::GradientNorm => "grad_norm",
            Self::EvaluationLoss => "eval.loss",
            Self::EvaluationAccuracy => "eval.accuracy",
        }
    }

    fn is_logged_at(self, step: u64) -> bool {
        !matches!(self, Self::EvaluationLoss | Self::EvaluationAccuracy) || step.is_multiple_of(EVALUATION)
    }

    /// The point of a step. All curves of a step have one time.
    pub(crate) fn point(self, run: u64, step: u64, n_steps: u64) -> Point {
        let jitter = mixed(run ^ step.rotate_left(20)) % JITTER_MILLIS;
        let signed = step.cast_signed();
        let timestamp = FIRST_TIME + signed * STEP_MILLIS + jitter.cast_signed();
        Point { step: signed, value: self.value(run, step, n_steps), timestamp }
    }

    fn value(self, run: u64, step: u64, n_steps: u64) -> f64 {
        let (x, noise) = (float(step), bell(run, step, self));
        match self {
            Self::TrainLoss | Self::EvaluationLoss => {
                single((2.3 / (1.0 + x / 400.0).sqrt() + 0.1) * (1.0 + 0.04 * noise))
            }
            Self::TrainAccuracy | Self::EvaluationAccuracy => {
                let accuracy = (1.0 - 0.9 * (-x / 3_000.0).exp() + 0.01 * noise).clamp(0.0, 1.0);
                (accuracy * 1e4).round() / 1e4
            }
            Self::LearningRate if step < 500 => 3e-4 * x / 500.0,
            Self::LearningRate => 1.5e-4 * (1.0 + (PI * x / float(n_steps)).cos()),
            Self::GradientNorm => (0.4 * noise).exp() * (0.3 + 2.0 / (1.0 + x / 1_000.0)),
        }
    }

    /// All points of a run with so many steps.
    pub(crate) fn points(self, run: u64, n_steps: u64) -> impl Iterator<Item = Point> {
        (0..n_steps).filter(move |step| self.is_logged_at(*step)).map(move |step| self.point(run, step, n_steps))
    }
}

#[derive(Serialize)]
struct LogBatch<'a> {
    run_id: &'a str,
    metrics: &'a [Metric],
}

#[derive(Serialize)]
struct Metric {
    key: &'static str,
    value: f64,
    timestamp: i64,
    step: i64,
}

/// Logs curves of one run step by step, 1,000 points a request. Returns how many points that were.
pub(crate) async fn log(
    client: &mut Client,
    run_id: &str,
    curves: &[Curve],
    run: u64,
    n_steps: u64,
) -> anyhow::Result<u64> {
    let (mut metrics, mut n_points) = (Vec::with_capacity(BATCH), 0);
    for step in 0..n_steps {
        for curve in curves.iter().filter(|curve| curve.is_logged_at(step)) {
            let Point { step, value, timestamp } = curve.point(run, step, n_steps);
            metrics.push(Metric { key: curve.key(), value, timestamp, step });
            if metrics.len() == BATCH {
                n_points += post(client, run_id, &mut metrics).await?;
                if n_points.is_multiple_of(TOLD) {
                    progress::step(&format!("{n_points} points"));
                }
            }
        }
    }
    Ok(n_points + post(client, run_id, &mut metrics).await?)
}

async fn post(client: &mut Client, run_id: &str, metrics: &mut Vec<Metric>) -> anyhow::Result<u64> {
    if !metrics.is_empty() {
        let body = serde_json::to_vec(&LogBatch { run_id, metrics })?;
        let _: Empty = client.post_raw("/api/2.0/mlflow/runs/log-batch", body.into()).await?;
    }
    let n_points = metrics.len() as u64;
    metrics.clear();
    Ok(n_points)
}

/// Nearly normal: mean 0, deviation 1.
fn bell(run: u64, step: u64, curve: Curve) -> f64 {
    let seed = mixed(run.wrapping_mul(31).wrapping_add(curve as u64)) ^ step;
    let uniform = |number: u64| float(mixed(seed.wrapping_add(number << 48)) >> 11) / float(1 << 53);
    (0..12).map(uniform).sum::<f64>() - 6.0
}

/// Every bit of the result depends on every bit of the number (the finaliser of splitmix64).
pub(crate) fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[expect(clippy::cast_possible_truncation, reason = "the precision that a framework computes in")]
fn single(value: f64) -> f64 {
    f64::from(value as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_what_they_are_called() {
        let values = |curve: Curve| curve.points(1, 10_000).map(|point| point.value).collect::<Vec<_>>();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / float(values.len() as u64);
        let loss = values(Curve::TrainLoss);
        assert!(mean(&loss[..100]) > 3.0 * mean(&loss[9_900..]));
        assert!(loss.iter().all(|&value| (single(value) - value).abs() == 0.0));
        let accuracy = values(Curve::TrainAccuracy);
        assert!(accuracy.iter().all(|value| (0.0..=1.0).contains(value) && format!("{value}").len() <= 6));
        assert_eq!(values(Curve::EvaluationLoss).len(), 200);
        let noise: Vec<f64> = (0..10_000).map(|step| bell(1, step, Curve::TrainLoss)).collect();
        assert!(mean(&noise).abs() < 0.05);
        assert!((mean(&noise.iter().map(|x| x * x).collect::<Vec<_>>()) - 1.0).abs() < 0.05);
    }

    #[test]
    fn times_rise_and_jitter() {
        let times: Vec<i64> = Curve::LearningRate.points(1, 1_000).map(|point| point.timestamp).collect();
        let steps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| (140..=220).contains(step)));
        assert!(steps.iter().any(|&step| step != STEP_MILLIS));
    }
}
