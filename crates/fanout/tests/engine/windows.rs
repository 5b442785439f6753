//! A window that was begun is cut the same way again, with the same memories.

use std::{sync::Arc, time::Duration};

use trackside_core::{
    Batch, ExperimentId, LoggedModelBatch, LoggedModelCreated, RunBatch, RunId, RunStarted, Seq, Subject,
    store::Cursors,
};
use trackside_fanout::{Fanout, Limits, Policy};
use trackside_testkit::{
    DeliveryFault, Inspect, MemoryTracker,
    fixture::{at, key, new_logged_model, tag_list},
};

use crate::scene::{Scene, history, parts, scene, without_artifacts};

#[tokio::test(start_paused = true)]
async fn a_window_that_was_begun_is_delivered_again_as_it_was() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    let history = without_artifacts(1);
    let (first, second) = history.batches.split_at(7);
    scene.log(first);
    // It takes effect, and the process dies before it hears of it.
    tracker.fail_next(1, DeliveryFault::Slow(Duration::from_secs(10)));
    tracker.fail_next(1_000, DeliveryFault::Hang);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = scene.log.cursors().await.unwrap()[0].window_end;
    assert_eq!(begun, Some(first.last().unwrap().last()));
    scene.log(second);
    scene.fanout.close(Duration::ZERO).await;

    tracker.recover();
    let next = Scene { fanout: Fanout::start(parts(&scene.log, Limits::default())), log: Arc::clone(&scene.log) };
    next.put(&tracker, Policy { window_bytes: 1, ..Policy::default() }).await;
    next.caught_up("memory").await;
    let delivered = tracker.delivered();
    assert_eq!(Some(delivered[0].last), begun, "not smaller, although windows are smaller now");
    assert_eq!(delivered.len(), 1 + second.len());
    assert_eq!(tracker.runs().await, [history.outcome]);
}

#[tokio::test(start_paused = true)]
async fn windows_are_bounded_by_bytes() {
    let scene = scene();
    let tracker = scene.add_with(MemoryTracker::new(), Policy { window_bytes: 500, ..Policy::default() }).await;
    scene.log(&history(1).batches);
    scene.caught_up("memory").await;
    assert!(tracker.delivered().len() > 3);
    assert_eq!(tracker.runs().await, [history(1).outcome]);
}

#[tokio::test(start_paused = true)]
async fn a_logged_model_comes_after_the_run_that_made_it() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    let run = without_artifacts(1);
    let Batch::Run(beginning) = &run.batches[0] else { panic!("a run begins with a run") };
    let mut new = new_logged_model(ExperimentId::DEFAULT, 7);
    new.source_run = Some(beginning.run.clone());
    let model = new.id.clone();
    let created = Some(LoggedModelCreated { experiment: key("e"), new });
    scene.log(&run.batches[..1]);
    let batch = LoggedModelBatch { model: model.clone(), created, changes: vec![], last: Seq(0) };
    scene.log(&[Batch::LoggedModel(batch)]);
    scene.log(&run.batches[1..]);
    scene.caught_up("memory").await;
    let (run, model) = (Subject::Run(beginning.run.clone()), Subject::LoggedModel(model));
    let order: Vec<_> = tracker.delivered().into_iter().map(|delivery| delivery.subject).collect();
    assert_eq!(order, [run.clone(), model, run]);
}

/// Run `n`, with its parent in a tag.
fn below(n: u128, parent: u128) -> Batch {
    let tags = tag_list(&[("mlflow.parentRunId", RunId::fresh(parent).as_str())]);
    let started =
        RunStarted { experiment: key("e"), name: String::new(), user: String::new(), started_at: at(1), tags };
    Batch::Run(RunBatch { run: RunId::fresh(n), started: Some(started), events: vec![], last: Seq(0) })
}

#[tokio::test(start_paused = true)]
async fn each_of_many_runs_above_each_other_comes_after_its_parent() {
    let scene = scene();
    let tracker = scene.add_with(MemoryTracker::new(), Policy { window_bytes: u64::MAX, ..Policy::default() }).await;
    let runs: Vec<Batch> = (1..=20_000).rev().map(|n| below(n, n - 1)).collect();
    scene.log(&runs);
    scene.caught_up("memory").await;
    let order: Vec<_> = tracker.delivered().into_iter().map(|delivery| delivery.subject).collect();
    assert_eq!(order, runs.iter().rev().map(Batch::subject).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn runs_above_each_other_in_a_circle_arrive() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    scene.log(&[below(1, 2), below(2, 3), below(3, 1), below(4, 2), below(5, 5)]);
    assert_eq!(scene.caught_up("memory").await.dead, 0);
    assert_eq!(tracker.runs().await.len(), 5);
}
