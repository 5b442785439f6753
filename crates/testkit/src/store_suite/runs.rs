//! Creating, looking up and changing runs, and what a batch of events is worth as a whole.

use trackside_core::{
    ErrorKind, Event, ExperimentChange, ExperimentId, Lifecycle, LoggedModelId, ModelOutput, NewRun, Run, RunId,
    RunInfo, RunStatus, RunUpdate, Store, fault,
};

use super::scene::{append, assert_fault, assert_kind, experiment, history, lone_run, read_run, run};
use crate::fixture::{at, dataset_input, key, new_run, params, tag_list, tags, value};

fn updated(status: RunStatus) -> Event {
    Event::Updated(RunUpdate { status: Some(status), ..RunUpdate::default() })
}

fn one_of_each_that_needs_an_active_run() -> Vec<Event> {
    let model = LoggedModelId::fresh(1);
    vec![
        params(&[("p", "1")]),
        value("m", 1.0),
        tags(&[("t", "new")]),
        Event::TagDeleted(key("old")),
        Event::DatasetInputs(vec![dataset_input("d", "1")]),
        Event::ModelInputs(vec![model.clone()]),
        Event::ModelOutputs(vec![ModelOutput { model, step: 1 }]),
        updated(RunStatus::Finished),
        Event::ParamsReplaced(tag_list(&[("p", "2")])),
        Event::Resumed,
    ]
}

pub async fn a_new_run_is_running_and_reads_back_as_it_was_returned(store: &dyn Store) {
    let experiment = experiment(store, "e").await;
    let new = NewRun {
        id: RunId::parse("My_run-1").unwrap(),
        experiment,
        name: "läufer".to_owned(),
        user: String::new(),
        started_at: at(1_234),
        artifact_uri: "s3://bucket/x y".to_owned(),
        tags: tag_list(&[("b", "2"), ("a", "1")]),
    };
    let created = store.create_run(new.clone()).await.unwrap();
    let info = RunInfo {
        id: new.id,
        experiment,
        name: new.name,
        user: new.user,
        status: RunStatus::Running,
        started_at: at(1_234),
        ended_at: None,
        artifact_uri: new.artifact_uri,
        lifecycle: Lifecycle::Active,
    };
    let expected = Run {
        info,
        metrics: vec![],
        params: vec![],
        tags: tag_list(&[("a", "1"), ("b", "2")]),
        dataset_inputs: vec![],
        model_inputs: vec![],
        model_outputs: vec![],
    };
    assert_eq!(created, expected);
    assert_eq!(read_run(store, &expected.info.id).await, expected);
}

pub async fn a_run_needs_an_experiment_that_exists_and_is_active(store: &dyn Store) {
    let unknown = ExperimentId::new(987_654);
    assert_fault(store.create_run(new_run(unknown, 1)).await, &fault::experiment_not_found(unknown));
    let deleted = experiment(store, "e").await;
    store.change_experiment(deleted, ExperimentChange::Delete, at(2_000)).await.unwrap();
    assert_fault(store.create_run(new_run(deleted, 1)).await, &fault::experiment_not_active(deleted));
    assert_eq!(store.run(&RunId::fresh(1)).await.unwrap(), None);
}

pub async fn a_taken_run_id_is_refused_even_when_its_holder_is_deleted(store: &dyn Store) {
    let id = lone_run(store, vec![]).await;
    let experiment = experiment(store, "other").await;
    assert_fault(store.create_run(new_run(experiment, 1)).await, &fault::run_exists(&id));
    append(store, &id, vec![Event::Deleted(at(2_000))]).await;
    assert_fault(store.create_run(new_run(experiment, 1)).await, &fault::run_exists(&id));
}

pub async fn a_first_tag_given_twice_is_invalid(store: &dyn Store) {
    let experiment = experiment(store, "e").await;
    for second in ["1", "2"] {
        let new = NewRun { tags: tag_list(&[("twice", "1"), ("twice", second)]), ..new_run(experiment, 1) };
        assert_kind(store.create_run(new).await, ErrorKind::Invalid, "twice");
    }
    assert_eq!(store.run(&RunId::fresh(1)).await.unwrap(), None);
}

pub async fn lookups_of_unknown_runs_find_nothing(store: &dyn Store) {
    assert_eq!(store.run(&RunId::fresh(7)).await.unwrap(), None);
}

pub async fn an_update_changes_only_what_it_names(store: &dyn Store) {
    let id = lone_run(store, vec![]).await;
    let mut expected = read_run(store, &id).await;
    append(store, &id, vec![Event::Updated(RunUpdate::default())]).await;
    assert_eq!(read_run(store, &id).await, expected);

    append(store, &id, vec![updated(RunStatus::Failed)]).await;
    expected.info.status = RunStatus::Failed;
    assert_eq!(read_run(store, &id).await, expected);

    append(store, &id, vec![Event::Updated(RunUpdate { ended_at: Some(at(9)), ..RunUpdate::default() })]).await;
    expected.info.ended_at = Some(at(9));
    assert_eq!(read_run(store, &id).await, expected);

    append(store, &id, vec![Event::Updated(RunUpdate { name: Some(String::new()), ..RunUpdate::default() })]).await;
    expected.info.name = String::new();
    assert_eq!(read_run(store, &id).await, expected);
}

pub async fn any_status_may_follow_any_other(store: &dyn Store) {
    let id = lone_run(store, vec![]).await;
    for status in RunStatus::ALL.into_iter().flat_map(|before| RunStatus::ALL.map(|after| [before, after])).flatten() {
        append(store, &id, vec![updated(status)]).await;
        assert_eq!(read_run(store, &id).await.info.status, status);
    }
}

pub async fn a_resumed_run_is_running_and_has_no_end(store: &dyn Store) {
    let ended = RunUpdate { status: Some(RunStatus::Failed), ended_at: Some(at(9)), ..RunUpdate::default() };
    let id = lone_run(store, vec![Event::Updated(ended)]).await;
    for _ in 0..2 {
        append(store, &id, vec![Event::Resumed]).await;
        let info = read_run(store, &id).await.info;
        assert_eq!((info.status, info.ended_at), (RunStatus::Running, None));
    }
}

pub async fn extreme_times_read_back(store: &dyn Store) {
    let experiment = experiment(store, "e").await;
    for (n, time) in [i64::MIN, -1, 0, i64::MAX].into_iter().enumerate() {
        let new = NewRun { started_at: at(time), ..new_run(experiment, n as u128) };
        let id = store.create_run(new).await.unwrap().info.id;
        append(store, &id, vec![Event::Updated(RunUpdate { ended_at: Some(at(time)), ..RunUpdate::default() })]).await;
        let info = read_run(store, &id).await.info;
        assert_eq!((info.started_at, info.ended_at), (at(time), Some(at(time))));
    }
}

pub async fn deleting_and_restoring_are_harmless_when_done_already(store: &dyn Store) {
    let id = lone_run(store, one_of_each_except_removal()).await;
    let before = read_run(store, &id).await;
    append(store, &id, vec![Event::Restored]).await;
    assert_eq!(read_run(store, &id).await, before);
    for time in [2_000, 3_000] {
        append(store, &id, vec![Event::Deleted(at(time))]).await;
        assert_eq!(read_run(store, &id).await.info.lifecycle, Lifecycle::Deleted);
    }
    append(store, &id, vec![]).await;
    for _ in 0..2 {
        append(store, &id, vec![Event::Restored]).await;
        assert_eq!(read_run(store, &id).await, before);
    }
}

fn one_of_each_except_removal() -> Vec<Event> {
    one_of_each_that_needs_an_active_run().into_iter().filter(|event| !matches!(event, Event::TagDeleted(_))).collect()
}

pub async fn a_deleted_run_refuses_all_but_deletion_and_restoration(store: &dyn Store) {
    let id = lone_run(store, vec![tags(&[("old", "1")]), Event::Deleted(at(2_000))]).await;
    let before = read_run(store, &id).await;
    for event in one_of_each_that_needs_an_active_run() {
        assert!(event.needs_active());
        assert_fault(store.append(&id, vec![event]).await, &fault::run_not_active(&id));
    }
    assert_eq!(read_run(store, &id).await, before);
}

pub async fn events_of_one_batch_see_each_other(store: &dyn Store) {
    let id = lone_run(store, vec![Event::Deleted(at(2_000))]).await;
    append(store, &id, vec![Event::Restored, tags(&[("t", "1")]), Event::TagDeleted(key("t")), tags(&[("u", "2")])])
        .await;
    assert_eq!(read_run(store, &id).await.tags, tag_list(&[("u", "2")]));
    let refused = store.append(&id, vec![Event::Deleted(at(3_000)), tags(&[("v", "3")])]).await;
    assert_fault(refused, &fault::run_not_active(&id));
    assert_eq!(read_run(store, &id).await.info.lifecycle, Lifecycle::Active);
}

pub async fn a_bad_last_event_undoes_the_whole_batch(store: &dyn Store) {
    let id = lone_run(store, vec![params(&[("known", "1")]), tags(&[("old", "1")])]).await;
    let before = read_run(store, &id).await;
    for bad in [params(&[("known", "2")]), Event::TagDeleted(key("absent"))] {
        let mut events = one_of_each_that_needs_an_active_run();
        events.extend([Event::Deleted(at(2_000)), Event::Restored, bad]);
        store.append(&id, events).await.unwrap_err();
        assert_eq!(read_run(store, &id).await, before);
        assert_eq!(history(store, &id, "m").await, []);
    }
}

pub async fn events_of_an_unknown_run_find_nothing(store: &dyn Store) {
    let experiment = experiment(store, "e").await;
    run(store, experiment, 1, vec![]).await;
    let unknown = RunId::fresh(2);
    let mut batches: Vec<_> = one_of_each_that_needs_an_active_run().into_iter().map(|event| vec![event]).collect();
    batches.extend([vec![Event::Deleted(at(2_000))], vec![Event::Restored], vec![]]);
    for events in batches {
        assert_fault(store.append(&unknown, events).await, &fault::run_not_found(&unknown));
    }
    assert_eq!(store.run(&unknown).await.unwrap(), None);
}
