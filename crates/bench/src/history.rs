//! The history of a metric, page by page.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::client::{Client, excerpt};

/// Page that the Python client asks for: `GET_METRIC_HISTORY_MAX_RESULTS` in `mlflow/store/tracking/__init__.py`,
/// 3.17.2.
pub(crate) const CLIENT_PAGE: u32 = 25_000;

#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    metrics: Vec<Point>,
    next_page_token: Option<String>,
}

/// A point as it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(crate) struct Point {
    pub(crate) step: i64,
    pub(crate) value: f64,
    pub(crate) timestamp: i64,
}

/// The whole history, and how long the server took for it: what is done with an answer here is not counted. Without a
/// size of pages MLflow answers one page.
pub(crate) async fn read(
    client: &mut Client,
    run_id: &str,
    key: &str,
    page: Option<u32>,
) -> anyhow::Result<(Vec<Point>, Duration)> {
    let path = uri(run_id, key, page);
    let (mut points, mut time) = (Vec::new(), Duration::ZERO);
    let mut rest = String::new();
    loop {
        let uri = format!("{path}{rest}");
        let asked = Instant::now();
        let answer = client.get_raw(&uri).await?;
        time += asked.elapsed();
        ensure!(answer.status == 200, "{uri} answered {}: {}", answer.status, excerpt(&answer.body));
        let mut page: Page = serde_json::from_slice(&answer.body)
            .with_context(|| format!("{uri} answered {}", excerpt(&answer.body)))?;
        let is_empty = page.metrics.is_empty();
        points.append(&mut page.metrics);
        let Some(token) = page.next_page_token.filter(|token| !token.is_empty()) else { return Ok((points, time)) };
        ensure!(!is_empty, "an empty page of {path} has a successor");
        // Base64, of which only the plus sign means something else in a query.
        rest = format!("&page_token={}", token.replace('+', "%2B"));
    }
}

/// Of the first page.
pub(crate) fn uri(run_id: &str, key: &str, page: Option<u32>) -> String {
    let size = page.map(|page| format!("&max_results={page}")).unwrap_or_default();
    format!("/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key={key}{size}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_points_is_an_empty_page() {
        let page: Page = serde_json::from_str("{}").unwrap();
        assert!(page.metrics.is_empty() && page.next_page_token.is_none());
    }
}
