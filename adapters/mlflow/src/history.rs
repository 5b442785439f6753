//! Points that a server has already, for those that refuse to be told twice.
//!
//! Every SQL store keeps a repeated point once. Those of 2.x do it by looking for the points of a refused batch in
//! the histories, where a NaN is never found, and neither is anything once a batch has more than a hundred metrics
//! (seen with 2.16). Then we look.

use std::collections::{BTreeSet, HashSet};

use trackside_core::Result;
use trackside_mlflow_wire::{HistoryFound, LogBatch, Metric};

use crate::api::Api;

/// Points of a page, as MLflow's own client asks for.
const PAGE: &str = "25000";

/// The same request without the points that the run has.
pub(crate) async fn without_known_points(api: &Api, request: LogBatch) -> Result<LogBatch> {
    let (run_id, metrics) = (request.run_id.clone().unwrap_or_default(), request.metrics.unwrap_or_default());
    let keys: BTreeSet<&str> = metrics.iter().filter_map(|metric| metric.key.as_deref()).collect();
    let mut known = HashSet::new();
    for key in keys {
        let wanted: HashSet<Identity> =
            metrics.iter().filter(|metric| metric.key.as_deref() == Some(key)).map(identity).collect();
        let mut page_token = String::new();
        loop {
            let query = [("run_id", &*run_id), ("metric_key", key), ("max_results", PAGE), ("page_token", &page_token)];
            let query = if page_token.is_empty() { &query[..3] } else { &query[..] };
            let found: HistoryFound = api.get("metrics/get-history", query).await?;
            known.extend(found.metrics.iter().map(identity).filter(|point| wanted.contains(point)));
            match found.next_page_token {
                Some(next) => page_token = next,
                None => break,
            }
        }
    }
    let metrics = metrics.into_iter().filter(|metric| !known.contains(&identity(metric))).collect();
    Ok(LogBatch { metrics: Some(metrics), ..request })
}

/// What makes a point the same: all of it, infinities being the largest doubles and NaN equal to itself.
pub(crate) type Identity = (String, i64, i64, u64);

pub(crate) fn identity(metric: &Metric) -> Identity {
    let value = metric.value.unwrap_or_default().0;
    // The sum makes one zero of two.
    let value = if value.is_nan() { f64::NAN } else { value.clamp(f64::MIN, f64::MAX) + 0.0 };
    let (step, time) = (metric.step.unwrap_or_default().0, metric.timestamp.unwrap_or_default().0);
    (metric.key.as_deref().unwrap_or_default().to_owned(), step, time, value.to_bits())
}
