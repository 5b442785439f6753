use trackside_core::{Capability, ErrorKind, RunId, store::Runs};
use trackside_testkit::{DeliveryFault, MemoryTracker, fixture};

use crate::scene::scene;

#[tokio::test]
async fn every_sink_has_all_series() {
    let scene = scene().await;
    let tracker =
        scene.add(MemoryTracker::with_capability(Capability { tags: false, ..Capability::ALL }).named("a")).await;
    tracker.fail_next(1, DeliveryFault::Before(ErrorKind::Throttled));
    scene.run(1).await;
    scene.store.append(&RunId::fresh(1), vec![fixture::tags(&[("t", "1")])]).await.unwrap();
    scene.sink_when("a", |sink| sink["withheld"]["tags"] == 1 && sink["lag"]["items"] == 0).await;
    let (status, text) = scene.raw("GET", "/metrics", None).await;
    assert_eq!(status, 200);
    for line in [
        "# TYPE trackside_sink_delivered_items counter",
        "# UNIT trackside_sink_lag_seconds seconds",
        "trackside_sink_delivered_items_total{sink=\"a\"} 1",
        "trackside_sink_withheld_items_total{sink=\"a\",kind=\"tags\"} 1",
        "trackside_sink_failures_total{sink=\"a\",kind=\"throttled\"} 1",
        "trackside_sink_dead_letters{sink=\"a\"} 0",
        "trackside_sink_lost_subjects{sink=\"a\"} 0",
        "trackside_sink_lag_items{sink=\"a\"} 0",
        "trackside_sink_lag_bytes{sink=\"a\"} 0",
        "trackside_sink_lag_seconds{sink=\"a\"} 0.0",
        "trackside_sink_state{sink=\"a\",state=\"ok\"} 1",
        "trackside_sink_state{sink=\"a\",state=\"paused\"} 0",
        "# TYPE trackside_log_bytes gauge",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}
