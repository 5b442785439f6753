//! A store as a destination, beside what the suite asks of every destination.

use std::sync::Arc;

use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{
    Batch, ErrorKind, Event, Kind, LoggedModelId, Param, RegisteredModelBatch, RegisteredModelChange, RegistryEvent,
    RunBatch, RunId, RunStatus, Seq, StoreTracker, TrackerInterface, Withheld,
    ledger::Origin,
    store::{HistoryQuery, Metrics, RegisteredModels, Runs},
};
use trackside_testkit::{
    ManualClock,
    fixture::{at, key, model_metric, new_registered_model, point},
    tracker_suite::history::History,
};

fn copy() -> (StoreTracker, SqliteStore, TempDir) {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path().join("copy.db"), Config::default()).unwrap();
    let clock = Arc::new(ManualClock::default());
    (StoreTracker::new("copy", Arc::new(store.clone()), clock, "mlflow-artifacts:"), store, folder)
}

#[tokio::test]
async fn a_point_of_an_unknown_model_is_kept_without_the_model_and_counted() {
    let (tracker, store, _folder) = copy();
    let history = History::of(1, tracker.capability(), vec![]);
    tracker.deliver(&history.merged(), None).await.unwrap();
    let points = [1, 2].map(|step| model_metric("m", point(step, step, 0.5), &LoggedModelId::fresh(7), None));
    let events = vec![Event::Points(points.to_vec())];
    let batch = Batch::Run(RunBatch { run: RunId::fresh(1), started: None, events, last: Seq(2) });
    let mut expected = Withheld::default();
    expected.add(Kind::LoggedModels, 2);
    for _ in 0..2 {
        assert_eq!(tracker.deliver(&batch, None).await.unwrap().withheld, expected);
    }
    let query = HistoryQuery { run: RunId::fresh(1), key: key("m"), limit: None, after: None, since: None };
    assert_eq!(store.history(query).await.unwrap().items, points.map(|metric| metric.point));
}

/// Renames model `a` to `b`, in one batch with its beginning if it has one.
fn rename(created_at: Option<i64>) -> Batch {
    let created = created_at.map(|created_at| {
        RegistryEvent::Created(trackside_core::NewRegisteredModel {
            created_at: at(created_at),
            ..new_registered_model("a")
        })
    });
    let rename = RegistryEvent::Changed(RegisteredModelChange::Rename(key("b")), at(9_000));
    let events = created.into_iter().chain([rename]).collect();
    Batch::RegisteredModel(RegisteredModelBatch { model: key("a"), events, last: Seq(2) })
}

#[tokio::test]
async fn a_name_that_another_model_has_is_refused() {
    let (tracker, store, _folder) = copy();
    for name in ["a", "b"] {
        store.create_registered_model(new_registered_model(name), &Origin::NOBODY).await.unwrap();
    }
    for batch in [rename(None), rename(Some(1_000))] {
        assert_eq!(tracker.deliver(&batch, None).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    }
    assert!(store.registered_model(&key("a")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_model_that_begins_is_not_mistaken_for_another_of_its_new_name() {
    let (tracker, store, _folder) = copy();
    store.create_registered_model(new_registered_model("b"), &Origin::NOBODY).await.unwrap();
    assert_eq!(tracker.deliver(&rename(Some(5_000)), None).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    let (a, b) = (store.registered_model(&key("a")).await.unwrap(), store.registered_model(&key("b")).await.unwrap());
    assert_eq!(a.map(|model| model.created_at), Some(at(5_000)));
    assert_eq!(b.map(|model| model.created_at), Some(at(1_000)));
}

#[tokio::test]
async fn changes_of_an_unknown_model_are_not_found() {
    let (tracker, _store, _folder) = copy();
    assert_eq!(tracker.deliver(&rename(None), None).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn params_that_are_replaced_may_be_delivered_again() {
    let (tracker, store, _folder) = copy();
    let history = History::of(1, tracker.capability(), vec![]);
    tracker.deliver(&history.merged(), None).await.unwrap();
    let param = |value: &str| vec![Param::new("replaced", value).unwrap()];
    let events = vec![
        Event::Params(param("1")),
        Event::ParamsReplaced(param("2")),
        Event::ParamsReplaced(param("3")),
        Event::Resumed,
    ];
    let batch = Batch::Run(RunBatch { run: RunId::fresh(1), started: None, events, last: Seq(9) });
    for _ in 0..2 {
        tracker.deliver(&batch, None).await.unwrap();
        let run = store.run(&RunId::fresh(1)).await.unwrap().unwrap();
        assert_eq!(run.params.iter().find(|param| param.key.as_str() == "replaced").unwrap().value, "3");
        assert_eq!((run.info.status, run.info.ended_at), (RunStatus::Running, None));
    }
}
