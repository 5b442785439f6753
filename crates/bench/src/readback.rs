//! What was written, read back: a server that drops or mixes up points wins no comparison.

use anyhow::{Context as _, ensure};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    client::Client,
    scenario::{Expected, ExpectedMetric},
};

#[derive(Debug, Deserialize)]
struct History {
    #[serde(default)]
    metrics: Vec<Point>,
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Point {
    step: i64,
    value: f64,
}

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
        let points = history(client, run_id, &metric.key).await?;
        compare(&points, metric).with_context(|| format!("history of {} in run {run_id}", metric.key))?;
    }
    let answer: GetRun = client.get(&format!("/api/2.0/mlflow/runs/get?run_id={run_id}")).await?;
    for metric in expected {
        let latest = answer.run.data.metrics.iter().find(|latest| latest.key == metric.key);
        let latest = latest.with_context(|| format!("run {run_id} has no metric {}", metric.key))?;
        let point = Point { step: latest.step, value: latest.value };
        compare_latest(&point, metric).with_context(|| format!("latest {} of run {run_id}", metric.key))?;
    }
    Ok(())
}

/// The whole history: one page of MLflow, several of a server that pages.
async fn history(client: &mut Client, run_id: &str, key: &str) -> anyhow::Result<Vec<Point>> {
    let path = format!("/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key={key}");
    let mut page: History = client.get(&path).await?;
    let mut points = page.metrics;
    while let Some(token) = page.next_page_token.filter(|token| !token.is_empty()) {
        // Base64, of which only the plus sign means something else in a query.
        page = client.get(&format!("{path}&page_token={}", token.replace('+', "%2B"))).await?;
        ensure!(!page.metrics.is_empty(), "an empty page of {path} has a successor");
        points.append(&mut page.metrics);
    }
    Ok(points)
}

fn compare(points: &[Point], expected: &ExpectedMetric) -> anyhow::Result<()> {
    ensure!(
        points.len() as u64 == expected.n_points,
        "{} points were read back, {} were acknowledged",
        points.len(),
        expected.n_points
    );
    let latest = points.iter().max_by_key(|point| point.step).context("no point")?;
    compare_latest(latest, expected)
}

fn compare_latest(latest: &Point, expected: &ExpectedMetric) -> anyhow::Result<()> {
    // Values are halves below 2^52, which every float format on the way represents exactly.
    ensure!(
        latest.step == expected.latest_step && (latest.value - expected.latest_value).abs() < 0.25,
        "step {} has value {}; step {} with value {} was acknowledged last",
        latest.step,
        latest.value,
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
        let points =
            |steps: &[(i64, f64)]| steps.iter().map(|&(step, value)| Point { step, value }).collect::<Vec<_>>();
        assert!(compare(&points(&[(8, 8.5), (7, 7.5)]), &expected).is_ok());
        let reason = |steps: &[(i64, f64)]| compare(&points(steps), &expected).unwrap_err().to_string();
        assert_eq!(reason(&[(8, 8.5)]), "1 points were read back, 2 were acknowledged");
        assert!(reason(&[(7, 7.5), (6, 6.5)]).starts_with("step 7 has value 7.5; step 8"));
        assert!(reason(&[(7, 7.5), (8, 9.5)]).starts_with("step 8 has value 9.5"));
    }

    #[test]
    fn an_answer_without_points_is_an_empty_history() {
        let history: History = serde_json::from_str("{}").unwrap();
        assert!(history.metrics.is_empty() && history.next_page_token.is_none());
    }
}
