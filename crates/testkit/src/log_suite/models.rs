//! What is logged of logged models, registered models and their versions.

use trackside_core::{
    Batch, LoggedModelBatch, LoggedModelChange, LoggedModelCreated, LoggedModelId, LoggedModelStatus,
    ModelVersionChange, NewLoggedModel, NewModelVersion, NewRegisteredModel, RegisteredModelBatch,
    RegisteredModelChange, RegistryEvent, RunId, Seq, Stage, Store, ledger::Origin, store::Log,
};

use super::scene::{SINK, experiment, logged};
use crate::fixture::{at, key, new_logged_model, new_model_version, new_registered_model, pair, tag_list};

fn registry(model: &str, event: RegistryEvent) -> Batch {
    Batch::RegisteredModel(RegisteredModelBatch { model: key(model), events: vec![event], last: Seq(0) })
}

pub async fn every_change_of_a_logged_model_is_logged(store: &dyn Store, log: &dyn Log) {
    log.open_cursor(SINK).await.unwrap();
    let experiment = experiment(store, "e").await;
    let new = NewLoggedModel {
        source_run: Some(RunId::fresh(1)),
        tags: tag_list(&[("t", "1")]),
        params: tag_list(&[("p", "1")]),
        ..new_logged_model(experiment, 1)
    };
    let id = store.create_logged_model(new.clone()).await.unwrap().id;
    let batch =
        |created, changes| Batch::LoggedModel(LoggedModelBatch { model: id.clone(), created, changes, last: Seq(0) });
    let mut expected = vec![batch(Some(LoggedModelCreated { experiment: key("e"), new }), vec![])];
    for (change, time) in [
        (LoggedModelChange::Status(LoggedModelStatus::Ready), at(2_000)),
        (LoggedModelChange::SetTags(tag_list(&[("u", "1"), ("v", "")])), at(3_000)),
        (LoggedModelChange::DeleteTag(key("t")), at(4_000)),
        (LoggedModelChange::AddParams(tag_list(&[("q", "2")])), at(5_000)),
        (LoggedModelChange::Delete, at(6_000)),
    ] {
        store.change_logged_model(&id, change.clone(), time).await.unwrap();
        expected.push(batch(None, vec![(change, time)]));
    }
    assert_eq!(logged(log).await, expected);
}

pub async fn every_change_of_a_registered_model_is_logged_under_its_name_of_then(store: &dyn Store, log: &dyn Log) {
    log.open_cursor(SINK).await.unwrap();
    let new = NewRegisteredModel {
        description: Some("text".to_owned()),
        tags: tag_list(&[("t", "1")]),
        ..new_registered_model("old")
    };
    store.create_registered_model(new.clone(), &Origin::NOBODY).await.unwrap();
    store.create_model_version(new_model_version("old"), &Origin::NOBODY).await.unwrap();
    let mut expected = vec![
        registry("old", RegistryEvent::Created(new)),
        registry("old", RegistryEvent::VersionCreated(1, new_model_version("old"))),
    ];
    for (name, change) in [
        ("old", RegisteredModelChange::Describe(None)),
        ("old", RegisteredModelChange::SetTag(pair("t", "2"))),
        ("old", RegisteredModelChange::SetAlias(key("best"), 1)),
        ("old", RegisteredModelChange::Rename(key("new"))),
        ("new", RegisteredModelChange::DeleteTag(key("t"))),
        ("new", RegisteredModelChange::DeleteAlias(key("best"))),
        ("new", RegisteredModelChange::Delete),
    ] {
        store.change_registered_model(&key(name), change.clone(), at(3_000), &Origin::NOBODY).await.unwrap();
        expected.push(registry(name, RegistryEvent::Changed(change, at(3_000))));
    }
    assert_eq!(logged(log).await, expected);
}

pub async fn every_change_of_a_version_is_logged_with_its_number(store: &dyn Store, log: &dyn Log) {
    store.create_registered_model(new_registered_model("m"), &Origin::NOBODY).await.unwrap();
    store.create_model_version(new_model_version("m"), &Origin::NOBODY).await.unwrap();
    log.open_cursor(SINK).await.unwrap();
    let new = NewModelVersion {
        description: Some(String::new()),
        storage_location: Some("mem:/files".to_owned()),
        run: Some(RunId::fresh(1)),
        run_link: Some("link".to_owned()),
        logged_model: Some(LoggedModelId::fresh(1)),
        tags: tag_list(&[("t", "1")]),
        ..new_model_version("m")
    };
    store.create_model_version(new.clone(), &Origin::NOBODY).await.unwrap();
    let mut expected = vec![registry("m", RegistryEvent::VersionCreated(2, new))];
    for (number, change) in [
        (1, ModelVersionChange::Describe(Some("text".to_owned()))),
        (2, ModelVersionChange::Stage { stage: Stage::Production, archive_others: true }),
        (2, ModelVersionChange::SetTag(pair("u", "2"))),
        (2, ModelVersionChange::DeleteTag(key("t"))),
        (1, ModelVersionChange::Delete),
    ] {
        store.change_model_version(&key("m"), number, change.clone(), at(3_000), &Origin::NOBODY).await.unwrap();
        expected.push(registry("m", RegistryEvent::VersionChanged(number, change, at(3_000))));
    }
    assert_eq!(logged(log).await, expected);
}

pub async fn what_a_model_is_refused_is_not_logged(store: &dyn Store, log: &dyn Log) {
    let experiment = experiment(store, "e").await;
    let id = store.create_logged_model(new_logged_model(experiment, 1)).await.unwrap().id;
    store.create_registered_model(new_registered_model("m"), &Origin::NOBODY).await.unwrap();
    store.create_registered_model(new_registered_model("n"), &Origin::NOBODY).await.unwrap();
    log.open_cursor(SINK).await.unwrap();

    store.create_logged_model(new_logged_model(experiment, 1)).await.unwrap_err();
    let twice = NewLoggedModel { params: tag_list(&[("p", "1"), ("p", "1")]), ..new_logged_model(experiment, 2) };
    store.create_logged_model(twice).await.unwrap_err();
    store.change_logged_model(&id, LoggedModelChange::DeleteTag(key("absent")), at(2_000)).await.unwrap_err();
    store.change_logged_model(&LoggedModelId::fresh(9), LoggedModelChange::Delete, at(2_000)).await.unwrap_err();
    store.create_registered_model(new_registered_model("m"), &Origin::NOBODY).await.unwrap_err();
    for change in [RegisteredModelChange::Rename(key("n")), RegisteredModelChange::SetAlias(key("best"), 1)] {
        store.change_registered_model(&key("m"), change, at(2_000), &Origin::NOBODY).await.unwrap_err();
    }
    store
        .change_registered_model(&key("absent"), RegisteredModelChange::Delete, at(2_000), &Origin::NOBODY)
        .await
        .unwrap_err();
    store.create_model_version(new_model_version("absent"), &Origin::NOBODY).await.unwrap_err();
    store.change_model_version(&key("m"), 1, ModelVersionChange::Delete, at(2_000), &Origin::NOBODY).await.unwrap_err();
    assert_eq!(logged(log).await, []);
}
