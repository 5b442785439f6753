//! A chart of a long series: `metrics/get-history-bulk-interval` of the whole, and of a tenth here and there.

use std::{ops::Range, time::Instant};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::Scope;
use crate::{
    client::{Client, excerpt},
    curve::{self, Curve, mixed},
    history::Point,
    report::sheet::{Over, Sheet},
    stats::{Latencies, grouped},
};

const CURVE: Curve = Curve::TrainLoss;
/// Points of a chart.
const SAMPLE: usize = 320;
/// Of the series, for a detail.
const DETAIL: u64 = 10;
/// Different details.
const PLACES: usize = 16;

#[derive(Debug, Deserialize)]
struct Sample {
    #[serde(default)]
    metrics: Vec<Point>,
}

/// Some steps, and the least and the greatest value among them.
struct Extent {
    uri: String,
    steps: Range<u64>,
    least: f64,
    greatest: f64,
}

pub(super) async fn measure(scope: &Scope) -> anyhow::Result<Sheet> {
    let n_points = scope.n_points;
    let mut sheet = Sheet::new(format!("Samples of a series of {} points", grouped(n_points)))
        .column("Trackside", false)
        .note(format!(
            "get-history-bulk-interval to {SAMPLE} points: of the whole series, and of a {DETAIL}th of it at {PLACES} places in \
             turn; each answer must hold the least and the greatest value; {} requests each a round",
            scope.n_requests
        ));
    let running = scope.start().await?;
    let mut client = Client::connect(running.address).await?;
    let run_id = client.create_runs(1).await?.pop().context("no run")?;
    curve::log(&mut client, &run_id, &[CURVE], 0, n_points).await?;
    scope.rest(&running).await?;
    let values: Vec<f64> = CURVE.points(0, n_points).map(|point| point.value).collect();
    let length = n_points / DETAIL;
    let places = (0..PLACES as u64).map(|number| mixed(number) % (n_points - length));
    let whole = vec![Extent::of(&values, 0..n_points, &run_id)?];
    let details: Vec<Extent> =
        places.map(|start| Extent::of(&values, start..start + length, &run_id)).collect::<anyhow::Result<_>>()?;
    drop(values);
    // The server has closed a connection that was idle for so long.
    let mut client = Client::connect(running.address).await?;
    for _ in 0..scope.n_rounds {
        for (name, extents) in [("whole", &whole), ("a tenth", &details)] {
            match ask_in_turn(&mut client, extents, scope).await {
                Ok(mut latencies) => {
                    for percent in [50, 95] {
                        let ms = latencies.percentile_ms(percent).context("nothing was asked")?;
                        sheet.add(0, &format!("{name}: p{percent} ms"), Over::Median, ms);
                    }
                }
                Err(error) => sheet.void(0, &format!("{name}: p95 ms"), &error),
            }
        }
    }
    Ok(sheet)
}

async fn ask_in_turn(client: &mut Client, extents: &[Extent], scope: &Scope) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::default();
    for extent in extents.iter().cycle().take(scope.n_requests) {
        let asked = Instant::now();
        let answer = client.get_raw(&extent.uri).await?;
        latencies.push(asked.elapsed());
        ensure!(answer.status == 200, "{} answered {}: {}", extent.uri, answer.status, excerpt(&answer.body));
        let sample: Sample = serde_json::from_slice(&answer.body)?;
        extent.check(&sample.metrics, scope.n_points).with_context(|| extent.uri.clone())?;
    }
    Ok(latencies)
}

impl Extent {
    fn of(values: &[f64], steps: Range<u64>, run_id: &str) -> anyhow::Result<Self> {
        let within = &values[usize::try_from(steps.start)?..usize::try_from(steps.end)?];
        let uri = format!(
            "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={run_id}&metric_key={}&max_results={SAMPLE}\
             &start_step={}&end_step={}",
            CURVE.key(),
            steps.start,
            steps.end - 1
        );
        let least = within.iter().copied().min_by(f64::total_cmp).context("no point")?;
        let greatest = within.iter().copied().max_by(f64::total_cmp).context("no point")?;
        Ok(Self { uri, steps, least, greatest })
    }

    /// `n_points` are those of the whole series.
    fn check(&self, points: &[Point], n_points: u64) -> anyhow::Result<()> {
        ensure!((SAMPLE / 2..=SAMPLE).contains(&points.len()), "{} points", points.len());
        ensure!(points.windows(2).all(|pair| pair[0].step < pair[1].step), "steps do not rise");
        for point in points {
            let step = point.step.cast_unsigned();
            ensure!(self.steps.contains(&step), "step {step} was not asked for");
            ensure!(*point == CURVE.point(0, step, n_points), "{point:?} was not written");
        }
        for extreme in [self.least, self.greatest] {
            ensure!(points.iter().any(|point| point.value.total_cmp(&extreme).is_eq()), "{extreme} is missing");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_without_an_extreme_or_with_a_strange_point_is_wrong() {
        let n_points = 400;
        let points: Vec<Point> = CURVE.points(0, n_points).collect();
        let values: Vec<f64> = points.iter().map(|point| point.value).collect();
        let extent = Extent::of(&values, 0..n_points, "run").unwrap();
        let is = |point: &Point, value: f64| point.value.total_cmp(&value).is_eq();
        let is_extreme = |point: &Point| is(point, extent.least) || is(point, extent.greatest);
        let thinned: Vec<Point> =
            points.iter().filter(|point| point.step % 2 == 0 || is_extreme(point)).copied().collect();
        extent.check(&thinned, n_points).unwrap();
        let without: Vec<Point> = thinned.iter().filter(|point| !is(point, extent.least)).copied().collect();
        assert!(extent.check(&without, n_points).unwrap_err().to_string().ends_with("is missing"));
        let mut strange = thinned;
        strange[7].value += 1e-9;
        assert!(extent.check(&strange, n_points).unwrap_err().to_string().ends_with("was not written"));
    }
}
