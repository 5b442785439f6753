//! A log that is to grow no further.

use trackside_core::{
    Error, ErrorKind, Event, ExperimentChange, LoggedModelChange, ModelVersionChange, RegisteredModelChange, Result,
    Retry, Store, ledger::Origin, store::Log,
};

use super::scene::{SINK, append_points, end, experiment, logged, logged_run, move_to};
use crate::{
    fixture::{at, key, new_logged_model, new_model_version, new_registered_model, new_run, value},
    tracker_suite::history::one_of_each,
};

#[track_caller]
fn assert_throttled(error: &Error) {
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Throttled, Retry::Later), "{error}");
    assert!(error.message().contains("log of undelivered events"), "{error}");
}

pub async fn what_would_be_logged_is_throttled_and_not_written(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    let experiment = store.run(&run).await.unwrap().unwrap().info.experiment;
    let model = store.create_logged_model(new_logged_model(experiment, 1)).await.unwrap().id;
    store.create_registered_model(new_registered_model("m"), &Origin::NOBODY).await.unwrap();
    store.create_model_version(new_model_version("m"), &Origin::NOBODY).await.unwrap();
    let before = (logged(log).await, end(log).await, store.run(&run).await.unwrap());

    log.refuse_writes(true);
    let describe = RegisteredModelChange::Describe(None);
    let results: Vec<Result<()>> = vec![
        store.create_run(new_run(experiment, 2)).await.map(drop),
        store.append(&run, vec![value("m", 1.0)]).await,
        store.append(&run, one_of_each().into_iter().filter(|event| !event.needs_active()).take(1).collect()).await,
        store.change_experiment(experiment, ExperimentChange::Delete, at(2_000)).await,
        store.create_logged_model(new_logged_model(experiment, 2)).await.map(drop),
        store.change_logged_model(&model, LoggedModelChange::Delete, at(2_000)).await,
        store.create_registered_model(new_registered_model("n"), &Origin::NOBODY).await.map(drop),
        store.change_registered_model(&key("m"), describe.clone(), at(2_000), &Origin::NOBODY).await,
        store.create_model_version(new_model_version("m"), &Origin::NOBODY).await.map(drop),
        store.change_model_version(&key("m"), 1, ModelVersionChange::Delete, at(2_000), &Origin::NOBODY).await,
    ];
    for result in results {
        assert_throttled(&result.unwrap_err());
    }
    assert_eq!((logged(log).await, end(log).await, store.run(&run).await.unwrap()), before);
    assert!(store.model_version(&key("m"), 1).await.unwrap().is_some());
    assert!(store.logged_model(&model, false).await.unwrap().is_some());

    log.refuse_writes(false);
    append_points(store, &run, 0..1).await;
    store.change_registered_model(&key("m"), describe, at(2_000), &Origin::NOBODY).await.unwrap();
    assert_eq!(logged(log).await.len(), before.0.len() + 2);
}

pub async fn what_is_not_logged_is_not_refused(store: &dyn Store, log: &dyn Log) {
    log.refuse_writes(true);
    let first = experiment(store, "e").await;
    let run = store.create_run(new_run(first, 1)).await.unwrap().info.id;
    append_points(store, &run, 0..1).await;

    log.open_cursor(SINK).await.unwrap();
    let second = experiment(store, "f").await;
    store.change_experiment(second, ExperimentChange::Delete, at(2_000)).await.unwrap();
    move_to(log, SINK, end(log).await).await;
    assert_throttled(&store.append(&run, vec![Event::Restored]).await.unwrap_err());
    log.close_cursor(SINK).await.unwrap();
    append_points(store, &run, 1..2).await;
}
