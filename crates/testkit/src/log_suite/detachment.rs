//! Giving up what a sink has yet to get.

use trackside_core::{
    ExperimentId, LoggedModelId, Seq, Store, Subject,
    ledger::Origin,
    store::{Lag, Log, Mark, Progress},
};

use super::{
    cursors::listed,
    scene::{SINK, append_points, end, logged, logged_run, move_to, positions, run_subject, set_marks, to},
};
use crate::fixture::{key, new_logged_model, new_registered_model, new_run};

/// Run 1, which the sink has already, then runs 2 and 3 and one model of each sort.
async fn scene(store: &dyn Store, log: &dyn Log) -> Vec<Subject> {
    let run = logged_run(store, log).await;
    let experiment = store.run(&run).await.unwrap().unwrap().info.experiment;
    append_points(store, &run, 0..3).await;
    move_to(log, SINK, end(log).await).await;
    for n in [2, 3] {
        let run = store.create_run(new_run(experiment, n)).await.unwrap().info.id;
        append_points(store, &run, 0..2).await;
    }
    store.create_logged_model(new_logged_model(experiment, 1)).await.unwrap();
    store.create_registered_model(new_registered_model("r"), &Origin::NOBODY).await.unwrap();
    vec![
        run_subject(2),
        run_subject(3),
        Subject::LoggedModel(LoggedModelId::fresh(1)),
        Subject::RegisteredModel(key("r")),
    ]
}

pub async fn a_detached_sink_has_lost_what_it_had_yet_to_get(store: &dyn Store, log: &dyn Log) {
    let subjects = scene(store, log).await;
    let end = end(log).await;
    let all = positions(log).await;
    log.advance(SINK, Progress { window_end: Some(all[1]), ..to(listed(log, SINK).await.unwrap().position) })
        .await
        .unwrap();
    assert_eq!(log.detach(SINK).await.unwrap(), 4);
    let lost = Mark { lost: true, ..Mark::default() };
    assert_eq!(log.marks(SINK, subjects).await.unwrap(), vec![Some(lost); 4]);
    assert_eq!(log.marks(SINK, vec![run_subject(1)]).await.unwrap(), [None]);
    let cursor = listed(log, SINK).await.unwrap();
    assert_eq!((cursor.position, cursor.window_end, cursor.lost), (end, None, 4));
    assert_eq!(cursor.lag, Lag::default());
    assert_eq!(logged(log).await, []);
}

pub async fn only_subjects_that_were_not_lost_before_are_counted(store: &dyn Store, log: &dyn Log) {
    scene(store, log).await;
    let known =
        |n, lost| (run_subject(n), Mark { memory: Some("m".to_owned()), keep_alive: true, lost, ..Mark::default() });
    let (second, third) = (known(2, true), known(3, false));
    set_marks(log, SINK, [&second, &third].map(|(subject, mark)| (subject.clone(), Some(mark.clone()))).into()).await;
    assert_eq!(log.detach(SINK).await.unwrap(), 3);
    let marks = log.marks(SINK, vec![run_subject(2), run_subject(3)]).await.unwrap();
    assert_eq!(marks, [Some(second.1), Some(known(3, true).1)], "all else is kept");
    assert_eq!(log.detach(SINK).await.unwrap(), 0);
}

pub async fn what_was_delivered_as_history_is_not_lost(store: &dyn Store, log: &dyn Log) {
    scene(store, log).await;
    let all = positions(log).await;
    let upto = |seq| Some(Mark { upto: seq, ..Mark::default() });
    // The last entries of runs 2 and 3 are the third and the sixth.
    set_marks(log, SINK, vec![(run_subject(2), upto(all[2])), (run_subject(3), upto(all[4]))]).await;
    assert_eq!(log.detach(SINK).await.unwrap(), 3);
    let marks = log.marks(SINK, vec![run_subject(2), run_subject(3)]).await.unwrap();
    assert_eq!(marks, [upto(all[2]), Some(Mark { upto: all[4], lost: true, ..Mark::default() })]);
}

pub async fn a_detached_sink_gets_what_comes_later(store: &dyn Store, log: &dyn Log) {
    scene(store, log).await;
    let position = listed(log, SINK).await.unwrap().position;
    log.open_cursor("other").await.unwrap();
    log.advance(SINK, to(position)).await.unwrap();
    log.detach(SINK).await.unwrap();
    let run = store.create_run(new_run(ExperimentId::new(1), 9)).await.unwrap().info.id;
    append_points(store, &run, 0..1).await;
    assert_eq!(logged(log).await.len(), 2);
    assert_eq!(listed(log, SINK).await.unwrap().lag, listed(log, "other").await.unwrap().lag);
    assert_eq!(listed(log, SINK).await.unwrap().lag.items, 2);
    assert!(end(log).await > Seq(position.0));
}

pub async fn what_was_under_way_of_a_lost_subject_is_forgotten(store: &dyn Store, log: &dyn Log) {
    scene(store, log).await;
    let half = |upto, lost| Mark { upto, lost, catch_up: Some("half".to_owned()), cuts: vec![1, 2], ..Mark::default() };
    let marks = [half(Seq(0), false), half(Seq(0), true), half(end(log).await, false)];
    let subjects = vec![run_subject(2), run_subject(3), Subject::RegisteredModel(key("r"))];
    set_marks(log, SINK, subjects.iter().cloned().zip(marks.clone().map(Some)).collect()).await;
    assert_eq!(log.detach(SINK).await.unwrap(), 2, "run 2 and the logged model");
    let lost = Mark { lost: true, ..Mark::default() };
    let [_, _, has_everything] = marks;
    assert_eq!(log.marks(SINK, subjects).await.unwrap(), [lost.clone(), lost, has_everything].map(Some));
}
