//! Runs as training code makes them: every point with its step and time, names in any script, runs below runs.

use std::sync::Arc;

use trackside_core::{
    Batch, Event, MetricPoint, Point, RunBatch, RunId, RunStarted, RunStatus, RunUpdate, Seq, TrackerInterface,
};
use trackside_testkit::{
    Inspect, MemoryArtifacts,
    fixture::{at, key, metric, point, tag_list},
};

use crate::{
    peer::{cut, tag, text},
    tracker_of,
};

fn begin(n: u128, tags: &[(&str, &str)], events: Vec<Event>) -> Batch {
    let started = RunStarted {
        experiment: key("Übung 漢字 🦀"),
        name: "Lauf ä漢🦀".to_owned(),
        user: "ädä".to_owned(),
        started_at: at(1_700_000_000_123),
        tags: tag_list(tags),
    };
    Batch::Run(RunBatch { run: RunId::fresh(n), started: Some(started), events, last: Seq(1) })
}

#[tokio::test]
async fn special_values_repeated_and_falling_steps_arrive_point_by_point() {
    let (tracker, peer) = tracker_of(Arc::new(MemoryArtifacts::new()));
    let points = [
        point(0, 1_000, f64::NAN),
        point(0, 1_000, 0.0),
        point(0, 1_000, 0.5),
        point(0, 1_001, 0.5),
        point(5, 1_002, f64::INFINITY),
        point(3, 1_003, f64::NEG_INFINITY),
        point(-7, 1_004, f64::MIN_POSITIVE),
        point(i64::MAX, 1_005, -0.1 + 0.2),
        point(i64::MIN, 4_102_444_800_000, 1e308),
    ];
    let names = ["loss", "Verlust/ä 漢:1", "a.b-c_d"];
    let all: Vec<MetricPoint> = names.iter().flat_map(|name| points.map(|point| metric(name, point))).collect();
    let params = Event::Params(tag_list(&[("Größe", "🦀 \"quoted\" \\ \n"), ("leer", "")]));
    let tags = Event::Tags(tag_list(&[("mlflow.note.content", "# Notiz\n<b>漢</b>"), ("mlflow.user", "ädä")]));
    let ended = RunUpdate { status: Some(RunStatus::Failed), ended_at: Some(at(1_700_000_001_999)), name: None };
    let events = vec![params, Event::Points(all), tags, Event::Updated(ended)];
    tracker.deliver(&begin(1, &[("mlflow.source.name", "train.py")], events), None).await.unwrap();

    let shown = peer.runs().await;
    let [run] = &shown[..] else { panic!("one run: {shown:?}") };
    assert_eq!((run.experiment.as_str(), run.name.as_str(), run.user.as_str()), ("Übung 漢字 🦀", "Lauf ä漢🦀", "ädä"));
    assert_eq!((run.started_at, run.ended_at), (at(1_700_000_000_123), Some(at(1_700_000_001_999))));
    assert_eq!(run.status, RunStatus::Failed);
    assert_eq!(run.params[&key("Größe")], "🦀 \"quoted\" \\ \n");
    assert_eq!(run.tags[&key("mlflow.note.content")], "# Notiz\n<b>漢</b>");
    assert_eq!(run.tags[&key("mlflow.source.name")], "train.py");
    assert_eq!(run.points.len(), names.len());
    for name in names {
        let shown = &run.points[&key(name)];
        assert_eq!(shown.len(), points.len(), "{name}: {shown:?}");
        for point in points {
            assert!(shown.contains(&Point { value: cut(point.value), ..point }), "{name} lacks {point:?}: {shown:?}");
        }
    }
}

#[tokio::test]
async fn ten_thousand_points_arrive_in_order_and_once() {
    let (tracker, peer) = tracker_of(Arc::new(MemoryArtifacts::new()));
    let series: Vec<Point> =
        (0..10_000).map(|n| point(n, 1_000 + n, f64::from(u16::try_from(n).unwrap()).sin())).collect();
    let batch = begin(1, &[], vec![Event::Points(series.iter().map(|point| metric("loss", *point)).collect())]);
    let memory = tracker.deliver(&batch, None).await.unwrap().memory;
    assert_eq!(tracker.deliver(&batch, None).await.unwrap().memory, memory);
    let run = peer.found().await.remove(0);
    assert_eq!(peer.history(&text(&run["info"]["run_id"]), "loss").await, series);
}

#[tokio::test]
async fn a_run_is_below_the_servers_run_whichever_comes_first() {
    let (tracker, peer) = tracker_of(Arc::new(MemoryArtifacts::new()));
    let above = RunId::fresh(1).to_string();
    let below = [("mlflow.parentRunId", above.as_str())];
    tracker.deliver(&begin(2, &below, vec![]), None).await.unwrap();
    let early = peer.found().await.remove(0);
    assert_eq!(tag(&early["data"]["tags"], "mlflow.parentRunId"), None);
    assert_eq!(tag(&early["data"]["tags"], "trackside.parent_run_id").as_deref(), Some(above.as_str()));

    tracker.deliver(&begin(1, &[], vec![]), None).await.unwrap();
    tracker.deliver(&begin(3, &below, vec![]), None).await.unwrap();
    let runs = peer.found().await;
    let tags = |n: u128| {
        let id = RunId::fresh(n).to_string();
        let run = runs.iter().find(|run| tag(&run["data"]["tags"], "trackside.run_id").as_ref() == Some(&id)).unwrap();
        (text(&run["info"]["run_id"]), tag(&run["data"]["tags"], "mlflow.parentRunId"))
    };
    let (parent, _) = tags(1);
    assert_eq!((tags(2).1, tags(3).1), (Some(parent.clone()), Some(parent)));
}
