//! Searching logged models: fields, order and pages.

use trackside_core::{
    Event, ExperimentId, LoggedModelChange, LoggedModelId, LoggedModelStatus, NewLoggedModel, Query, RunId, Store,
    query::{
        Compare::{Equal, Greater, GreaterOrEqual, Less, NotEqual},
        Filter, LoggedModelField, Order, Test,
    },
};

use super::scene::{ALL, append, experiment, refuses_forged_tokens, run, walk};
use crate::fixture::{
    ascending, at, descending, ilike, key, like, model_metric, new_logged_model, none_of, number, one_of, point,
    tag_list, text,
};

/// Numbers of the models that a query finds, in its order.
async fn found(store: &dyn Store, experiment: ExperimentId, query: Query<LoggedModelField>) -> Vec<u128> {
    let page = store.search_logged_models(vec![experiment], query, ALL).await.unwrap();
    assert_eq!(page.next, None);
    page.items.iter().map(|model| u128::from_str_radix(&model.id.as_str()[2..], 16).unwrap()).collect()
}

fn by(order: Order<LoggedModelField>) -> Query<LoggedModelField> {
    Query { order: vec![order], ..Query::default() }
}

fn measured(datasets: &[(&str, Option<&str>)]) -> LoggedModelField {
    let datasets = datasets.iter().map(|(name, digest)| ((*name).to_owned(), digest.map(str::to_owned))).collect();
    LoggedModelField::Metric { key: key("m"), datasets }
}

async fn create(store: &dyn Store, experiment: ExperimentId, n: u128, created: i64) -> LoggedModelId {
    let new = NewLoggedModel { created_at: at(created), ..new_logged_model(experiment, n) };
    store.create_logged_model(new).await.unwrap().id
}

/// Models 1 to 3, newest last; only the second has been made ready, tagged and given everything else.
async fn three_models(store: &dyn Store) -> ExperimentId {
    let id = experiment(store, "three").await;
    create(store, id, 1, 1_000).await;
    let special = NewLoggedModel {
        name: "It's 100%".to_owned(),
        created_at: at(2_000),
        model_type: "Chat".to_owned(),
        source_run: Some(RunId::fresh(7)),
        tags: tag_list(&[("k", "Value"), ("it's", "x")]),
        params: tag_list(&[("k", "0.1")]),
        ..new_logged_model(id, 2)
    };
    let special = store.create_logged_model(special).await.unwrap().id;
    create(store, id, 3, 3_000).await;
    let ready = LoggedModelChange::Status(LoggedModelStatus::Ready);
    store.change_logged_model(&special, ready, at(9_000)).await.unwrap();
    id
}

pub async fn found_logged_models_are_whole_active_and_of_the_named_experiments(store: &dyn Store) {
    let id = three_models(store).await;
    let other = experiment(store, "other").await;
    let elsewhere = create(store, other, 4, 1_000).await;
    let run = run(store, id, 1, vec![]).await;
    let model = LoggedModelId::fresh(2);
    append(store, &run, vec![Event::Points(vec![model_metric("m", point(1, 1, 1.0), &model, None)])]).await;
    store.change_logged_model(&LoggedModelId::fresh(3), LoggedModelChange::Delete, at(4_000)).await.unwrap();

    let page = store.search_logged_models(vec![id], Query::default(), ALL).await.unwrap();
    let mut expected = Vec::new();
    for id in [model, LoggedModelId::fresh(1)] {
        expected.push(store.logged_model(&id, false).await.unwrap().unwrap());
    }
    assert_eq!(page.items, expected);
    let page = store.search_logged_models(vec![other, id], Query::default(), ALL).await.unwrap();
    assert!(page.items.iter().any(|model| model.id == elsewhere));
    assert_eq!(page.items.len(), 3);
    let page = store.search_logged_models(vec![], Query::default(), ALL).await.unwrap();
    assert_eq!((page.items, page.next), (vec![], None));
}

pub async fn every_field_of_a_logged_model_takes_its_tests(store: &dyn Store) {
    let id = three_models(store).await;
    let (model, source) = (LoggedModelId::fresh(2), RunId::fresh(7));
    let (param, tag) = (LoggedModelField::Param(key("k")), LoggedModelField::Tag(key("k")));
    for (field, test, expected) in [
        (LoggedModelField::Id, text(Equal, model.as_str()), &[2][..]),
        (LoggedModelField::Id, none_of(&[model.as_str()]), &[3, 1]),
        (LoggedModelField::Name, text(Equal, "It's 100%"), &[2]),
        (LoggedModelField::Name, like("model-_"), &[3, 1]),
        (LoggedModelField::Name, ilike("it's%"), &[2]),
        (LoggedModelField::Type, one_of(&["Chat", "x"]), &[2]),
        (LoggedModelField::Type, text(NotEqual, "Chat"), &[3, 1]),
        (LoggedModelField::Status, text(Equal, "READY"), &[2]),
        (LoggedModelField::Status, text(NotEqual, "READY"), &[3, 1]),
        (LoggedModelField::SourceRun, text(Equal, source.as_str()), &[2]),
        (LoggedModelField::SourceRun, text(NotEqual, "x"), &[2]),
        (LoggedModelField::SourceRun, Test::Present(false), &[3, 1]),
        (LoggedModelField::CreatedAt, number(GreaterOrEqual, 2_000.0), &[3, 2]),
        (LoggedModelField::UpdatedAt, number(Greater, 3_000.0), &[2]),
        (param.clone(), text(Equal, "0.1"), &[2]),
        (param, Test::Present(false), &[3, 1]),
        (tag.clone(), ilike("VALUE"), &[2]),
        (tag.clone(), like("VALUE"), &[]),
        (tag, text(NotEqual, "x"), &[2]),
        (LoggedModelField::Tag(key("it's")), text(Equal, "x"), &[2]),
    ] {
        let filter = Filter::Field(field.clone(), test.clone());
        let found = found(store, id, Query { filter, ..Query::default() }).await;
        assert_eq!(found, expected, "{field:?} {test:?}");
    }
}

pub async fn logged_models_come_newest_first_then_by_id(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for (n, created) in [(4, 2_000), (1, 1_000), (2, 3_000), (3, 2_000)] {
        create(store, id, n, created).await;
    }
    assert_eq!(found(store, id, Query::default()).await, [2, 3, 4, 1]);
    assert_eq!(found(store, id, by(ascending(LoggedModelField::CreatedAt))).await, [1, 3, 4, 2]);
    assert_eq!(found(store, id, by(ascending(LoggedModelField::Type))).await, [2, 3, 4, 1]);
    assert_eq!(found(store, id, by(descending(LoggedModelField::Id))).await, [4, 3, 2, 1]);
    assert_eq!(found(store, id, by(descending(LoggedModelField::Name))).await, [4, 3, 2, 1]);
}

pub async fn missing_logged_model_fields_come_last_in_both_directions(store: &dyn Store) {
    let id = three_models(store).await;
    for field in [LoggedModelField::SourceRun, LoggedModelField::Param(key("k")), LoggedModelField::Tag(key("k"))] {
        assert_eq!(found(store, id, by(ascending(field.clone()))).await, [2, 3, 1], "{field:?}");
        assert_eq!(found(store, id, by(descending(field.clone()))).await, [2, 3, 1], "{field:?}");
    }
}

/// Models 1 to 6 with metric `m`: 0.5, 0.9, NaN, none, infinite, 0.9; the later are newer.
async fn measured_models(store: &dyn Store) -> ExperimentId {
    let id = experiment(store, "measured").await;
    let run = run(store, id, 1, vec![]).await;
    for (n, value) in (1..).zip([Some(0.5), Some(0.9), Some(f64::NAN), None, Some(f64::INFINITY), Some(0.9)]) {
        let model = create(store, id, n, i64::try_from(n).unwrap()).await;
        let points = value.map(|value| model_metric("m", point(1, 1, value), &model, None));
        append(store, &run, vec![Event::Points(points.into_iter().collect())]).await;
    }
    id
}

pub async fn models_are_ordered_and_filtered_by_metric(store: &dyn Store) {
    let id = measured_models(store).await;
    assert_eq!(found(store, id, by(ascending(measured(&[])))).await, [1, 6, 2, 5, 3, 4]);
    assert_eq!(found(store, id, by(descending(measured(&[])))).await, [5, 6, 2, 1, 3, 4]);
    for (test, expected) in
        [(number(Less, 0.9), &[1][..]), (number(NotEqual, 0.9), &[5, 3, 1]), (Test::Present(false), &[4])]
    {
        let filter = Filter::Field(measured(&[]), test.clone());
        assert_eq!(found(store, id, Query { filter, ..Query::default() }).await, expected, "{test:?}");
    }
}

pub async fn a_model_metric_is_ordered_by_its_latest_point_and_filtered_by_any(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let run = run(store, id, 1, vec![]).await;
    let models = [create(store, id, 1, 1_000).await, create(store, id, 2, 2_000).await];
    let measure = async |model, point| {
        append(store, &run, vec![Event::Points(vec![model_metric("m", point, model, None)])]).await;
    };
    measure(&models[1], point(0, 0, 2.5)).await;
    // Model 1 comes first while the point with its latest time, then step, is below that of model 2.
    for (point, order) in [
        (point(5, 2, 1.0), [1, 2]),
        (point(9, 1, 4.0), [1, 2]),
        (point(4, 2, 9.0), [1, 2]),
        (point(6, 2, 3.0), [2, 1]),
        (point(0, 3, 2.0), [1, 2]),
    ] {
        measure(&models[0], point).await;
        assert_eq!(found(store, id, by(ascending(measured(&[])))).await, order, "after {point:?}");
    }
    for (value, expected) in [(1.0, &[1][..]), (9.0, &[1]), (2.0, &[1]), (2.5, &[2]), (7.0, &[])] {
        let filter = Filter::Field(measured(&[]), number(Equal, value));
        assert_eq!(found(store, id, Query { filter, ..Query::default() }).await, expected, "{value}");
    }
}

pub async fn model_metrics_can_be_held_to_datasets(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let run = run(store, id, 1, vec![]).await;
    let models =
        [create(store, id, 1, 1_000).await, create(store, id, 2, 2_000).await, create(store, id, 3, 3_000).await];
    for (n, time, value, dataset) in [
        (0, 1, 0.1, Some(("train", "1"))),
        (0, 2, 0.9, Some(("test", "1"))),
        (1, 1, 0.2, Some(("train", "2"))),
        (2, 1, 0.3, None),
    ] {
        let measured = model_metric("m", point(1, time, value), &models[n], dataset);
        append(store, &run, vec![Event::Points(vec![measured])]).await;
    }
    let low = number(Less, 0.5);
    for (datasets, expected) in [
        (&[][..], &[3, 2, 1][..]),
        (&[("train", None)], &[2, 1]),
        (&[("train", Some("1"))], &[1]),
        (&[("train", Some("1")), ("train", Some("2"))], &[2, 1]),
        (&[("test", None), ("train", Some("2"))], &[2]),
        (&[("' OR 1=1 --", None)], &[]),
    ] {
        let filter = Filter::Field(measured(datasets), low.clone());
        assert_eq!(found(store, id, Query { filter, ..Query::default() }).await, expected, "{datasets:?}");
    }
    assert_eq!(found(store, id, by(descending(measured(&[("train", None)])))).await, [2, 1, 3]);
}

pub async fn logged_model_pages_are_disjoint_complete_and_in_order(store: &dyn Store) {
    let id = measured_models(store).await;
    for order in [vec![], vec![ascending(measured(&[]))], vec![descending(LoggedModelField::Type)]] {
        let query = Query { order, ..Query::default() };
        let whole = store.search_logged_models(vec![id], query.clone(), ALL).await.unwrap().items;
        assert_eq!(whole.len(), 6);
        for limit in [1, 2, 4, 6] {
            let paged = walk(limit, |page| store.search_logged_models(vec![id], query.clone(), page)).await;
            assert_eq!(paged, whole, "pages of {limit} ordered by {:?}", query.order);
        }
    }
}

pub async fn forged_logged_model_tokens_are_invalid(store: &dyn Store) {
    let id = measured_models(store).await;
    refuses_forged_tokens(|page| store.search_logged_models(vec![id], Query::default(), page)).await;
}
