//! What is logged of runs, and what is not.

use trackside_core::{
    Batch, ErrorKind, Event, ExperimentChange, ExperimentId, NewRun, RunBatch, RunId, RunStarted, RunStatus, RunUpdate,
    Seq, Store, Tag,
    store::{Log, LogSize},
};

use super::scene::{SINK, append_points, batch, experiment, logged, logged_run, logged_since};
use crate::{
    fixture::{
        at, dataset_input, key, model_metric, new_experiment, new_logged_model, new_run, params, point, points,
        tag_list, tags, value,
    },
    tracker_suite::history::one_of_each,
};

pub async fn nothing_is_logged_while_there_is_no_cursor(store: &dyn Store, log: &dyn Log) {
    assert!(!log.is_logging());
    let experiment = experiment(store, "e").await;
    let run = store.create_run(new_run(experiment, 1)).await.unwrap().info.id;
    for event in one_of_each() {
        store.append(&run, vec![event]).await.unwrap();
    }
    assert_eq!(logged(log).await, []);
    assert_eq!(log.log_size().await.unwrap(), LogSize::default());
    assert_eq!(log.cursors().await.unwrap(), []);

    log.open_cursor(SINK).await.unwrap();
    assert!(log.is_logging());
    assert_eq!(logged(log).await, [], "what came before stays unlogged");
}

pub async fn a_run_is_logged_with_its_beginning(store: &dyn Store, log: &dyn Log) {
    log.open_cursor(SINK).await.unwrap();
    let experiment = experiment(store, "vision").await;
    let new = NewRun { tags: tag_list(&[("b", "2"), ("a", "1")]), ..new_run(experiment, 1) };
    store.create_run(new.clone()).await.unwrap();
    store.change_experiment(experiment, ExperimentChange::Rename(key("audio")), at(2_000)).await.unwrap();
    let second = new_run(experiment, 2);
    store.create_run(second.clone()).await.unwrap();
    let begun = |new: &NewRun, experiment: &str| {
        let started = RunStarted {
            experiment: key(experiment),
            name: new.name.clone(),
            user: new.user.clone(),
            started_at: new.started_at,
            tags: new.tags.clone(),
        };
        Batch::Run(RunBatch { run: new.id.clone(), started: Some(started), events: vec![], last: Seq(0) })
    };
    assert_eq!(logged(log).await, [begun(&new, "vision"), begun(&second, "audio")]);
}

pub async fn events_are_logged_as_they_were_given(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    let experiment = store.run(&run).await.unwrap().unwrap().info.experiment;
    let model = store.create_logged_model(new_logged_model(experiment, 1)).await.unwrap().id;
    let mut together = one_of_each();
    together.pop();
    together.extend([
        Event::Restored,
        points("m", &[point(i64::MAX, i64::MIN, f64::NAN), point(-1, 0, f64::NEG_INFINITY), point(-1, 0, -0.0)]),
        Event::Points(vec![model_metric("acc", point(1, 1, 1.0 / 3.0), &model, Some(("d", "")))]),
        params(&[("", ""), ("ключ", "a\n\"\u{1f980}\u{2028}\\")]),
        tags(&[("twice", "1"), ("twice", "2")]),
        Event::DatasetInputs(vec![dataset_input("d", "1"), dataset_input("d", "2")]),
        Event::Updated(RunUpdate::default()),
        Event::Updated(RunUpdate {
            status: Some(RunStatus::Killed),
            ended_at: Some(at(-1)),
            name: Some(String::new()),
        }),
    ]);
    store.append(&run, together.clone()).await.unwrap();
    store.append(&run, vec![Event::Restored]).await.unwrap();
    let expected = [batch(&run, together), batch(&run, vec![Event::Restored])];
    assert_eq!(logged_since(log, 2).await, expected);
}

pub async fn points_that_are_there_already_are_not_logged_again(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    let experiment = store.run(&run).await.unwrap().unwrap().info.experiment;
    let model = store.create_logged_model(new_logged_model(experiment, 1)).await.unwrap().id;
    let (a, b, c) = (point(1, 1, f64::NAN), point(2, 2, 0.5), point(3, 3, 0.5));
    let of_model = || Event::Points(vec![model_metric("m", b, &model, None)]);
    // A client repeats a request that was not answered, whole or as part of a larger one.
    store.append(&run, vec![points("m", &[a, b, b])]).await.unwrap();
    store.append(&run, vec![points("m", &[a, b]), tags(&[("t", "1")])]).await.unwrap();
    store.append(&run, vec![points("m", &[b, c, a])]).await.unwrap();
    store.append(&run, vec![points("m", &[c])]).await.unwrap();
    store.append(&run, vec![of_model()]).await.unwrap();
    store.append(&run, vec![of_model()]).await.unwrap();
    let expected = [
        batch(&run, vec![points("m", &[a, b])]),
        batch(&run, vec![tags(&[("t", "1")])]),
        batch(&run, vec![points("m", &[c])]),
        // New to the model.
        batch(&run, vec![of_model()]),
    ];
    assert_eq!(logged_since(log, 2).await, expected);
}

pub async fn files_are_logged_although_they_change_nothing(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    store.append(&run, vec![Event::Deleted(at(2_000))]).await.unwrap();
    let before = store.run(&run).await.unwrap();
    let files: Vec<_> = one_of_each()
        .into_iter()
        .filter(|event| matches!(event, Event::ArtifactStored(_) | Event::ArtifactDeleted(_)))
        .collect();
    assert!(files.len() > 1);
    for file in &files {
        store.append(&run, vec![file.clone()]).await.unwrap();
    }
    let expected: Vec<_> = files.iter().map(|file| batch(&run, vec![file.clone()])).collect();
    assert_eq!(logged_since(log, 2).await, expected);
    assert_eq!(store.run(&run).await.unwrap(), before);
    let unknown = store.append(&RunId::fresh(7), files).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
}

pub async fn an_append_without_events_is_not_logged(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    store.append(&run, vec![]).await.unwrap();
    assert_eq!(logged_since(log, 1).await, []);
}

pub async fn the_bin_of_an_experiment_is_logged_for_each_run_that_changes(store: &dyn Store, log: &dyn Log) {
    let first = logged_run(store, log).await;
    let experiment = store.run(&first).await.unwrap().unwrap().info.experiment;
    let second = store.create_run(new_run(experiment, 2)).await.unwrap().info.id;
    let third = store.create_run(new_run(experiment, 3)).await.unwrap().info.id;
    let elsewhere = self::experiment(store, "other").await;
    store.create_run(new_run(elsewhere, 4)).await.unwrap();
    store.append(&second, vec![Event::Deleted(at(2_000))]).await.unwrap();

    let before = logged(log).await.len();
    store.change_experiment(experiment, ExperimentChange::Delete, at(3_000)).await.unwrap();
    let binned = |run| batch(run, vec![Event::Deleted(at(3_000))]);
    assert_eq!(by_subject(logged_since(log, before).await), [binned(&first), binned(&third)]);

    let before = logged(log).await.len();
    store.change_experiment(experiment, ExperimentChange::Restore, at(4_000)).await.unwrap();
    let restored = [&first, &second, &third].map(|run| batch(run, vec![Event::Restored]));
    assert_eq!(by_subject(logged_since(log, before).await), restored);
}

fn by_subject(mut batches: Vec<Batch>) -> Vec<Batch> {
    batches.sort_by_key(Batch::subject);
    batches
}

pub async fn what_a_run_is_refused_is_not_logged(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    store.append(&run, vec![params(&[("p", "1")])]).await.unwrap();
    let experiment = store.run(&run).await.unwrap().unwrap().info.experiment;
    let before = (logged(log).await, log.log_size().await.unwrap());

    let twice = NewRun { tags: tag_list(&[("t", "1"), ("t", "2")]), ..new_run(experiment, 2) };
    store.create_run(twice).await.unwrap_err();
    store.create_run(new_run(experiment, 1)).await.unwrap_err();
    store.create_run(new_run(ExperimentId::new(99), 3)).await.unwrap_err();
    store.append(&run, vec![value("m", 1.0), params(&[("p", "2")])]).await.unwrap_err();
    store.append(&run, vec![value("m", 1.0), Event::TagDeleted(key("absent"))]).await.unwrap_err();
    store.append(&run, vec![Event::Deleted(at(2_000)), value("m", 1.0)]).await.unwrap_err();
    store.append(&RunId::fresh(9), vec![value("m", 1.0)]).await.unwrap_err();
    store.change_experiment(experiment, ExperimentChange::Restore, at(2_000)).await.unwrap_err();
    assert_eq!((logged(log).await, log.log_size().await.unwrap()), before);

    append_points(store, &run, 0..1).await;
    assert_eq!(logged(log).await.len(), before.0.len() + 1, "the next one is logged");
}

pub async fn experiments_themselves_are_not_logged(store: &dyn Store, log: &dyn Log) {
    log.open_cursor(SINK).await.unwrap();
    let id = experiment(store, "e").await;
    store.ensure_default_experiment(new_experiment("default")).await.unwrap();
    for change in [
        ExperimentChange::SetTag(Tag::new("t", "1").unwrap()),
        ExperimentChange::DeleteTag(key("t")),
        ExperimentChange::Rename(key("f")),
        ExperimentChange::Delete,
        ExperimentChange::Restore,
    ] {
        store.change_experiment(id, change, at(2_000)).await.unwrap();
    }
    assert_eq!(logged(log).await, []);
}
