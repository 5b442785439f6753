//! What was written, read back: a server that drops or mixes up points wins no comparison.

use anyhow::{Context as _, ensure};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    client::Client,
    history::{self, Point},
    scenario::{Expected, ExpectedMetric},
};

#[derive(Debug, Deserialize)]
struct GetRun {
    run: Run,
}

#[derive(Debug, Deserialize)]
struct Run {
    data: RunData,
}

#[derive(Debug, Deserialize)]
struct RunData {
    #[serde(default)]
    metrics: Vec<Latest>,
}

#[derive(Debug, Deserialize)]
struct Latest {
    key: String,
    step: i64,
    value: f64,
}

#[derive(Debug, Deserialize)]
struct FoundRuns {
    #[serde(default)]
    runs: Vec<IgnoredAny>,
    next_page_token: Option<String>,
}

/// Checks one subject.
pub(crate) async fn check(client: &mut Client, id: &str, expected: &Expected) -> anyhow::Result<()> {
    match expected {
        Expected::Metrics(metrics) => check_run(client, id, metrics).await,
        Expected::Runs(n_runs) => {
            let n_found = count_runs(client, id).await?;
            ensure!(n_found == *n_runs, "{n_found} runs were found, {n_runs} were acknowledged");
            Ok(())
        }
    }
}

/// Runs of an experiment, page by page.
async fn count_runs(client: &mut Client, experiment_id: &str) -> anyhow::Result<u64> {
    let mut query = serde_json::json!({ "experiment_ids": [experiment_id], "max_results": 5_000 });
    let mut n_runs = 0;
    loop {
        let found: FoundRuns = client.post("/api/2.0/mlflow/runs/search", &query).await?;
        n_runs += found.runs.len() as u64;
        match found.next_page_token.filter(|token| !token.is_empty()) {
            Some(token) => query["page_token"] = token.into(),
            None => return Ok(n_runs),
        }
    }
}

/// Checks one run: per metric the number of points, and the latest one both in the history and in the run itself.
pub(crate) async fn check_run(client: &mut Client, run_id: &str, expected: &[ExpectedMetric]) -> anyhow::Result<()> {
    for metric in expected {
        let (points, _) = history::read(client, run_id, &metric.key, None).await?;
        compare(&points, metric).with_context(|| format!("history of {} in run {run_id}", metric.key))?;
    }
    let answer: GetRun = client.get(&format!("/api/2.0/mlflow/runs/get?run_id={run_id}")).await?;
    for metric in expected {
        let latest = answer.run.data.metrics.iter().find(|latest| latest.key == metric.key);
        let latest = latest.with_context(|| format!("run {run_id} has no metric {}", metric.key))?;
        compare_latest(latest.step, latest.value, metric)
            .with_context(|| format!("latest {} of run {run_id}", metric.key))?;
    }
    Ok(())
}

fn compare(points: &[Point], expected: &ExpectedMetric) -> anyhow::Result<()> {
    ensure!(
        points.len() as u64 == expected.n_points,
        "{} points were read back, {} were acknowledged",
        points.len(),
        expected.n_points
    );
    let latest = points.iter().max_by_key(|point| point.step).context("no point")?;
    compare_latest(latest.step, latest.value, expected)
}

fn compare_latest(step: i64, value: f64, expected: &ExpectedMetric) -> anyhow::Result<()> {
    // Values are halves below 2^52, which every float format on the way represents exactly.
    ensure!(
        step == expected.latest_step && (value - expected.latest_value).abs() < 0.25,
        "step {step} has value {value}; step {} with value {} was acknowledged last",
        expected.latest_step,
        expected.latest_value
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_points_and_wrong_values_are_found() {
        let expected = ExpectedMetric { key: "loss".to_owned(), n_points: 2, latest_step: 8, latest_value: 8.5 };
        let points = |steps: &[(i64, f64)]| {
            steps.iter().map(|&(step, value)| Point { step, value, timestamp: 0 }).collect::<Vec<_>>()
        };
        assert!(compare(&points(&[(8, 8.5), (7, 7.5)]), &expected).is_ok());
        let reason = |steps: &[(i64, f64)]| compare(&points(steps), &expected).unwrap_err().to_string();
        assert_eq!(reason(&[(8, 8.5)]), "1 points were read back, 2 were acknowledged");
        assert!(reason(&[(7, 7.5), (6, 6.5)]).starts_with("step 7 has value 7.5; step 8"));
        assert!(reason(&[(7, 7.5), (8, 9.5)]).starts_with("step 8 has value 9.5"));
    }
}
