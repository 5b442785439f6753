use std::{collections::BTreeMap, sync::Arc, time::Duration};

use trackside_core::{
    ErrorKind, LoggedModelChange, LoggedModelStatus, ModelVersionChange, RegisteredModelChange, Stage, StoreTracker,
    SystemClock,
    ledger::Origin,
    store::{Experiments, LoggedModels, ModelVersions, RegisteredModels, Runs},
};
use trackside_fanout::Selection;
use trackside_testkit::{
    DeliveryFault, Inspect, MemoryTracker, StoreInspect,
    fixture::{at, key, new_experiment, new_logged_model, new_model_version, new_registered_model, new_run, params},
};

use crate::{scene::scene, tally::Tally};

#[tokio::test]
async fn a_selection_sends_only_what_was_asked_for() {
    let scene = scene().await;
    let other = scene.store.create_experiment(new_experiment("other")).await.unwrap().id;
    scene.run(1, vec![]).await;
    let elsewhere = scene.store.create_run(new_run(other, 2)).await.unwrap().info.id;
    let late = trackside_core::NewRun { started_at: at(5_000), ..new_run(scene.experiment, 3) };
    let late = scene.store.create_run(late).await.unwrap().info.id;
    let tracker = Arc::new(MemoryTracker::new());
    scene.put(&tracker).await;
    assert_eq!(scene.fanout.backfill("memory", Selection::Experiment("other".into())).await.unwrap(), 1);
    scene.caught_up("memory").await;
    let ids = |states: Vec<trackside_testkit::RunState>| states.into_iter().map(|state| state.id).collect::<Vec<_>>();
    assert_eq!(ids(tracker.runs().await), std::slice::from_ref(&elsewhere));
    assert_eq!(scene.fanout.backfill("memory", Selection::Since(at(2_000))).await.unwrap(), 1);
    scene.caught_up("memory").await;
    assert_eq!(ids(tracker.runs().await), [elsewhere, late]);
    let unknown = scene.fanout.backfill("memory", Selection::Experiment("no".into())).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn it_does_not_repeat_what_the_sink_has() {
    let scene = scene().await;
    let tally = Arc::new(Tally::default());
    scene.put(&tally).await;
    let run = scene.run(1, vec![]).await;
    scene.measure(&run, "m", 0..10).await;
    scene.caught_up("tally").await;
    scene.fanout.backfill("tally", Selection::All).await.unwrap();
    scene.caught_up("tally").await;
    assert_eq!(tally.of(&run), BTreeMap::from([(1, 10)]));
}

#[tokio::test]
async fn it_goes_on_after_a_restart_and_beside_live_traffic() {
    let scene = scene().await;
    for n in 1..=250 {
        scene.run(n, vec![params(&[("p", "1")])]).await;
    }
    let tracker = Arc::new(MemoryTracker::new());
    scene.put(&tracker).await;
    assert_eq!(scene.fanout.backfill("memory", Selection::All).await.unwrap(), 250);
    assert_eq!(scene.fanout.backfill("memory", Selection::All).await.unwrap_err().kind(), ErrorKind::Conflict);
    scene.until("memory", |status| status.delivered > 20).await;
    let scene = scene.restarted().await;
    assert!(scene.status("memory").await.backfill.is_some(), "{:?}", scene.status("memory").await);
    scene.put(&tracker).await;
    let fresh = scene.run(1_000, vec![]).await;
    scene.until("memory", |_| tracker.run(&fresh).is_some()).await;
    scene.caught_up("memory").await;
    scene.assert_equal(tracker.as_ref()).await;
}

#[tokio::test]
async fn it_can_be_cancelled() {
    let scene = scene().await;
    let tracker = Arc::new(MemoryTracker::new());
    scene.put(&tracker).await;
    scene.fanout.pause("memory").await.unwrap();
    scene.run(1, vec![]).await;
    scene.fanout.backfill("memory", Selection::All).await.unwrap();
    let status = scene.status("memory").await.backfill.unwrap();
    assert_eq!((status.selection.as_str(), status.done, status.total), ("all", 0, 1));
    scene.fanout.cancel_backfill("memory").await.unwrap();
    assert!(scene.status("memory").await.backfill.is_none());
}

#[tokio::test]
async fn another_can_be_begun_in_the_middle_of_one() {
    let scene = scene().await;
    let other = scene.store.create_experiment(new_experiment("other")).await.unwrap().id;
    for n in 1..=150 {
        scene.run(n, vec![]).await;
        scene.store.create_run(new_run(other, 1_000 + n)).await.unwrap();
    }
    let tracker = Arc::new(MemoryTracker::new());
    tracker.fail_next(20, DeliveryFault::Slow(Duration::ZERO));
    tracker.fail_next(1_000, DeliveryFault::Hang);
    scene.put(&tracker).await;
    scene.fanout.backfill("memory", Selection::Experiment("e".into())).await.unwrap();
    scene.until("memory", |_| tracker.delivered().len() == 20).await;
    scene.fanout.cancel_backfill("memory").await.unwrap();
    assert!(scene.status("memory").await.backfill.is_none());
    scene.fanout.backfill("memory", Selection::Experiment("other".into())).await.unwrap();
    let status = scene.status("memory").await.backfill.unwrap();
    assert_eq!((status.selection.as_str(), status.total), ("experiment other", 150));
    tracker.recover();
    scene.fanout.resume("memory").await.unwrap();
    scene.caught_up("memory").await;
    let runs = tracker.runs().await;
    let of = |name: &str| runs.iter().filter(|run| run.experiment.as_str() == name).count();
    assert_eq!(of("other"), 150);
    assert!(of("e") <= 21, "only what was under way was sent to its end: {}", of("e"));
}

#[tokio::test]
async fn a_run_that_was_begun_is_sent_to_its_end_although_the_backfill_was_cancelled() {
    let scene = scene().await;
    let run = scene.run(1, vec![params(&[("p", "1")])]).await;
    scene.measure(&run, "m", 0..10).await;
    let tracker = Arc::new(MemoryTracker::new());
    tracker.fail_next(1, DeliveryFault::Slow(Duration::ZERO));
    tracker.fail_next(1_000, DeliveryFault::Hang);
    scene.put(&tracker).await;
    scene.fanout.backfill("memory", Selection::All).await.unwrap();
    scene.until("memory", |status| status.delivered > 0).await;
    scene.fanout.cancel_backfill("memory").await.unwrap();
    let scene = scene.restarted().await;
    tracker.recover();
    scene.put(&tracker).await;
    scene.until("memory", |_| tracker.run(&run).is_some_and(|run| !run.points.is_empty())).await;
    scene.assert_equal(tracker.as_ref()).await;
}

#[tokio::test]
async fn models_arrive_in_a_copy_with_their_versions() {
    let scene = scene().await;
    let store = &scene.store;
    let model = store.create_logged_model(new_logged_model(scene.experiment, 1)).await.unwrap().id;
    let ready = LoggedModelChange::Status(LoggedModelStatus::Ready);
    store.change_logged_model(&model, ready, at(3)).await.unwrap();
    store.create_registered_model(new_registered_model("fox"), &Origin::NOBODY).await.unwrap();
    for _ in 0..3 {
        store.create_model_version(new_model_version("fox"), &Origin::NOBODY).await.unwrap();
    }
    store.change_model_version(&key("fox"), 2, ModelVersionChange::Delete, at(4), &Origin::NOBODY).await.unwrap();
    let staged = ModelVersionChange::Stage { stage: Stage::Production, archive_others: false };
    store.change_model_version(&key("fox"), 3, staged, at(5), &Origin::NOBODY).await.unwrap();
    let best = RegisteredModelChange::SetAlias(key("best"), 3);
    store.change_registered_model(&key("fox"), best, at(6), &Origin::NOBODY).await.unwrap();

    let copy = crate::scene::scene().await;
    let target = Arc::new(copy.store.clone());
    let tracker = StoreTracker::new("copy", target.clone(), Arc::new(SystemClock), "mem:");
    scene.put(&Arc::new(tracker)).await;
    scene.fanout.backfill("copy", Selection::All).await.unwrap();
    scene.caught_up("copy").await;
    store.change_model_version(&key("fox"), 1, ModelVersionChange::Delete, at(7), &Origin::NOBODY).await.unwrap();
    let fox = RegisteredModelChange::Rename(key("vixen"));
    store.change_registered_model(&key("fox"), fox, at(8), &Origin::NOBODY).await.unwrap();
    let described = RegisteredModelChange::Describe(Some("sly".into()));
    store.change_registered_model(&key("vixen"), described, at(9), &Origin::NOBODY).await.unwrap();
    scene.caught_up("copy").await;
    let (source, copied) = (StoreInspect(Arc::new(store.clone())), StoreInspect(target));
    assert_eq!(copied.registered_models().await, source.registered_models().await);
    assert_eq!(copied.logged_models().await, source.logged_models().await);
    tokio::time::timeout(Duration::from_secs(10), scene.fanout.close(Duration::from_secs(5))).await.unwrap();
}
