//! Which destinations answer.

use std::time::Duration;

use futures_util::future::join_all;
use trackside_fanout::Sink;

/// Asks all at once, each for as long as one call may take. Returns those that do not answer, and why.
pub(crate) async fn unreachable(sinks: &[Sink]) -> Vec<(String, String)> {
    let asked = sinks.iter().map(|sink| async {
        let name = sink.tracker.name().to_owned();
        match tokio::time::timeout(sink.policy.timeout, sink.tracker.probe()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some((name, error.to_string())),
            Err(_) => Some((name, silence(sink.policy.timeout))),
        }
    });
    join_all(asked).await.into_iter().flatten().collect()
}

fn silence(timeout: Duration) -> String {
    format!("no answer within {} s", timeout.as_secs())
}
