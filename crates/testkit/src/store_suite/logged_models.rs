//! Logged models and the points that measure them.

use trackside_core::{
    ErrorKind, Event, ExperimentChange, ExperimentId, LoggedModel, LoggedModelChange as Change, LoggedModelId,
    LoggedModelStatus, ModelMetric, NewLoggedModel, RunId, Store, fault,
};

use super::scene::{append, assert_fault, assert_kind, experiment, history, read_run, run};
use crate::fixture::{at, key, metric, model_metric, new_logged_model, pair, params, point, tag_list};

async fn model(store: &dyn Store, experiment: ExperimentId, n: u128) -> LoggedModel {
    store.create_logged_model(new_logged_model(experiment, n)).await.unwrap()
}

async fn lone_model(store: &dyn Store) -> LoggedModel {
    model(store, experiment(store, "alone").await, 1).await
}

async fn read(store: &dyn Store, id: &LoggedModelId) -> LoggedModel {
    store.logged_model(id, false).await.unwrap().expect("the model is there")
}

async fn change(store: &dyn Store, id: &LoggedModelId, change: Change, time: i64) {
    store.change_logged_model(id, change, at(time)).await.unwrap();
}

pub async fn a_new_logged_model_is_pending_and_reads_back_as_it_was_returned(store: &dyn Store) {
    let experiment = experiment(store, "e").await;
    let new = NewLoggedModel {
        source_run: Some(RunId::fresh(77)),
        tags: tag_list(&[("b", "1"), ("a", "2"), ("b", "3")]),
        params: tag_list(&[("q", "1"), ("p", "")]),
        ..new_logged_model(experiment, 1)
    };
    let created = store.create_logged_model(new.clone()).await.unwrap();
    let expected = LoggedModel {
        id: new.id,
        experiment,
        name: new.name,
        created_at: at(1_000),
        updated_at: at(1_000),
        artifact_uri: new.artifact_uri,
        status: LoggedModelStatus::Pending,
        model_type: "Agent".to_owned(),
        source_run: Some(RunId::fresh(77)),
        tags: tag_list(&[("a", "2"), ("b", "3")]),
        params: tag_list(&[("p", ""), ("q", "1")]),
        metrics: vec![],
    };
    assert_eq!(created, expected);
    assert_eq!(read(store, &expected.id).await, expected);
}

pub async fn a_logged_model_needs_an_experiment_that_exists_and_is_active(store: &dyn Store) {
    let unknown = ExperimentId::new(987_654);
    let refused = store.create_logged_model(new_logged_model(unknown, 1)).await;
    assert_fault(refused, &fault::experiment_not_found(unknown));
    let deleted = experiment(store, "e").await;
    store.change_experiment(deleted, ExperimentChange::Delete, at(2_000)).await.unwrap();
    let refused = store.create_logged_model(new_logged_model(deleted, 1)).await;
    assert_fault(refused, &fault::experiment_not_active(deleted));
}

pub async fn a_first_model_param_given_twice_is_invalid(store: &dyn Store) {
    let experiment = experiment(store, "e").await;
    let new = NewLoggedModel { params: tag_list(&[("twice", "1"), ("twice", "1")]), ..new_logged_model(experiment, 1) };
    assert_kind(store.create_logged_model(new.clone()).await, ErrorKind::Invalid, "twice");
    assert_eq!(store.logged_model(&new.id, true).await.unwrap(), None);
}

pub async fn each_change_of_a_logged_model_counts_as_update(store: &dyn Store) {
    let mut expected = lone_model(store).await;
    let id = expected.id.clone();
    for (n, status) in (2_001..).zip(LoggedModelStatus::ALL) {
        change(store, &id, Change::Status(status), n).await;
        (expected.status, expected.updated_at) = (status, at(n));
        assert_eq!(read(store, &id).await, expected);
    }
    change(store, &id, Change::SetTags(tag_list(&[("b", "1"), ("a", "1"), ("b", "2")])), 3_000).await;
    expected.tags = tag_list(&[("a", "1"), ("b", "2")]);
    assert_eq!(read(store, &id).await, expected);

    change(store, &id, Change::SetTags(tag_list(&[("a", "3")])), 4_000).await;
    change(store, &id, Change::DeleteTag(key("b")), 5_000).await;
    expected.tags = tag_list(&[("a", "3")]);
    assert_eq!(read(store, &id).await, expected);

    change(store, &id, Change::AddParams(tag_list(&[("q", "1"), ("p", "2")])), 6_000).await;
    expected.params = tag_list(&[("p", "2"), ("q", "1")]);
    assert_eq!(read(store, &id).await, expected);
}

pub async fn a_refused_change_leaves_a_logged_model_as_it_was(store: &dyn Store) {
    let id = lone_model(store).await.id;
    change(store, &id, Change::AddParams(vec![pair("p", "1")]), 2_000).await;
    let before = read(store, &id).await;
    let repeated = Change::AddParams(tag_list(&[("new", "1"), ("p", "1")]));
    let refused = store.change_logged_model(&id, repeated, at(3_000)).await;
    assert_fault(refused, &fault::logged_model_param_exists(&id, &key("p")));
    let refused = store.change_logged_model(&id, Change::DeleteTag(key("t")), at(3_000)).await;
    assert_fault(refused, &fault::logged_model_tag_not_found(&id, &key("t")));
    assert_eq!(read(store, &id).await, before);
}

pub async fn a_deleted_logged_model_is_seen_only_when_asked_for(store: &dyn Store) {
    let created = lone_model(store).await;
    for time in [2_000, 3_000] {
        change(store, &created.id, Change::Delete, time).await;
        assert_eq!(store.logged_model(&created.id, false).await.unwrap(), None);
        let seen = store.logged_model(&created.id, true).await.unwrap().map(|model| model.id);
        assert_eq!(seen.as_ref(), Some(&created.id));
    }
}

pub async fn unknown_logged_models_are_not_found(store: &dyn Store) {
    let unknown = LoggedModelId::fresh(9);
    assert_eq!(store.logged_model(&unknown, true).await.unwrap(), None);
    for change in [
        Change::Status(LoggedModelStatus::Ready),
        Change::SetTags(tag_list(&[("k", "v")])),
        Change::DeleteTag(key("k")),
        Change::AddParams(tag_list(&[("k", "v")])),
        Change::Delete,
    ] {
        let refused = store.change_logged_model(&unknown, change, at(2_000)).await;
        assert_fault(refused, &fault::logged_model_not_found(&unknown));
    }
}

pub async fn points_that_name_a_model_are_its_metrics_by_key_time_and_step(store: &dyn Store) {
    let model = lone_model(store).await;
    let (id, other) = (&model.id, experiment(store, "other").await);
    let runs = [run(store, model.experiment, 1, vec![]).await, run(store, other, 2, vec![]).await];
    let train = Some(("train", "abc"));
    let logged = [
        ("b", point(1, 1, 1.0), None, 0),
        ("a", point(2, 2, f64::NAN), train, 1),
        ("a", point(3, 1, f64::INFINITY), Some(("train", "")), 0),
        ("a", point(1, 2, -0.5), train, 0),
    ];
    for (name, point, dataset, run) in logged {
        append(store, &runs[run], vec![Event::Points(vec![model_metric(name, point, id, dataset)])]).await;
    }
    append(store, &runs[0], vec![Event::Points(vec![metric("a", point(0, 0, 7.0))])]).await;
    let expected: Vec<_> = [2, 3, 1, 0]
        .map(|n: usize| {
            let (name, point, dataset, run) = logged[n];
            let dataset = dataset.map(|(name, digest)| (name.to_owned(), digest.to_owned()));
            ModelMetric { key: key(name), point, run: runs[run].clone(), dataset }
        })
        .into();
    assert_eq!(read(store, id).await.metrics, expected);
    assert_eq!(history(store, &runs[0], "a").await, [point(0, 0, 7.0), point(3, 1, f64::INFINITY), point(1, 2, -0.5)]);
    assert_eq!(read(store, id).await.updated_at, model.updated_at);
}

pub async fn a_model_metric_written_twice_is_there_once(store: &dyn Store) {
    let model = lone_model(store).await;
    let run = run(store, model.experiment, 1, vec![]).await;
    for (time, value) in [(1, 1.0), (2, f64::NAN)] {
        let measured = model_metric("m", point(1, time, value), &model.id, Some(("d", "1")));
        append(store, &run, vec![Event::Points(vec![measured.clone(); 2])]).await;
        append(store, &run, vec![Event::Points(vec![measured])]).await;
    }
    assert_eq!(read(store, &model.id).await.metrics.len(), 2);
    assert_eq!(history(store, &run, "m").await.len(), 2);
}

pub async fn model_metrics_of_one_instant_are_all_kept(store: &dyn Store) {
    let model = lone_model(store).await;
    let run = run(store, model.experiment, 1, vec![]).await;
    let (train, test) = (Some(("train", "1")), Some(("test", "1")));
    let measured =
        [(1.0, train), (2.0, train), (f64::NAN, train), (1.0, test), (1.0, Some(("test", "2"))), (1.0, None)]
            .map(|(value, dataset)| model_metric("m", point(1, 1, value), &model.id, dataset));
    append(store, &run, vec![Event::Points(measured.into())]).await;
    assert_eq!(read(store, &model.id).await.metrics.len(), 6);
    assert_eq!(history(store, &run, "m").await, [point(1, 1, f64::NAN), point(1, 1, 1.0), point(1, 1, 2.0)]);
}

pub async fn one_point_may_measure_several_models(store: &dyn Store) {
    let first = lone_model(store).await;
    let second = model(store, first.experiment, 2).await;
    let run = run(store, first.experiment, 1, vec![]).await;
    let same = point(1, 1, 0.5);
    append(store, &run, vec![Event::Points(vec![metric("m", same), model_metric("m", same, &first.id, None)])]).await;
    append(store, &run, vec![Event::Points(vec![model_metric("m", same, &second.id, None)])]).await;
    for id in [first.id, second.id] {
        assert_eq!(read(store, &id).await.metrics.len(), 1);
    }
    assert_eq!(history(store, &run, "m").await, [same]);
}

pub async fn a_point_of_an_unknown_model_undoes_its_batch(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let run = run(store, id, 1, vec![]).await;
    let unknown = LoggedModelId::fresh(9);
    let measured = vec![metric("m", point(1, 1, 1.0)), model_metric("m", point(2, 2, 2.0), &unknown, None)];
    let refused = store.append(&run, vec![params(&[("p", "1")]), Event::Points(measured)]).await;
    assert_fault(refused, &fault::logged_model_not_found(&unknown));
    assert_eq!(history(store, &run, "m").await, []);
    assert_eq!(read_run(store, &run).await.params, []);
}
