//! Removes for good, while the server runs, what has been in the bin for long enough.

use std::time::Duration;

use trackside_service::Gc;

/// How often to look, at most and at least; in between, a quarter of the age itself.
const OFTEN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_hours(1);

/// Runs until it is dropped; without an age it does nothing.
pub(crate) async fn run(gc: Gc, age: Option<Duration>) {
    let Some(age) = age else { return std::future::pending().await };
    loop {
        // Large, and held by everything that the server does until its end.
        match Box::pin(gc.remove_older(age)).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "removed for good what was deleted long ago"),
            Err(error) => tracing::warn!(%error, "what was deleted long ago cannot be removed; it is tried again"),
        }
        tokio::time::sleep((age / 4).clamp(OFTEN, SELDOM)).await;
    }
}
