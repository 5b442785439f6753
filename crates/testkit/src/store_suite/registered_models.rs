//! Registered models: names, tags, aliases and what follows a model when it is renamed or deleted.

use trackside_core::{
    NewRegisteredModel, RegisteredModel, RegisteredModelChange as Change, Stage, Store, VersionNumber, fault,
    ledger::Origin,
};

use super::{
    model_versions::{stage, version},
    scene::assert_fault,
};
use crate::fixture::{at, key, new_model_version, new_registered_model, pair, tag_list};

/// Creates a registered model.
pub(super) async fn model(store: &dyn Store, name: &str) -> RegisteredModel {
    store.create_registered_model(new_registered_model(name), &Origin::NOBODY).await.unwrap()
}

/// Reads a registered model that must be there.
pub(super) async fn read_model(store: &dyn Store, name: &str) -> RegisteredModel {
    store.registered_model(&key(name)).await.unwrap().expect("the model is there")
}

/// Applies a change that must be accepted.
pub(super) async fn change(store: &dyn Store, name: &str, change: Change, time: i64) {
    store.change_registered_model(&key(name), change, at(time), &Origin::NOBODY).await.unwrap();
}

/// Points an alias at a version of that model.
pub(super) async fn alias(store: &dyn Store, model: &str, alias: &str, number: VersionNumber) {
    change(store, model, Change::SetAlias(key(alias), number), 3_000).await;
}

pub async fn a_new_registered_model_reads_back_as_it_was_returned(store: &dyn Store) {
    let new = NewRegisteredModel {
        description: Some("words".to_owned()),
        tags: tag_list(&[("b", "1"), ("a", "2"), ("b", "3")]),
        ..new_registered_model("My model")
    };
    let created = store.create_registered_model(new, &Origin::NOBODY).await.unwrap();
    let expected = RegisteredModel {
        name: key("My model"),
        created_at: at(1_000),
        updated_at: at(1_000),
        description: Some("words".to_owned()),
        tags: tag_list(&[("a", "2"), ("b", "3")]),
        aliases: vec![],
        latest_versions: vec![],
    };
    assert_eq!(created, expected);
    assert_eq!(read_model(store, "My model").await, expected);
}

pub async fn registered_model_names_are_unique_and_told_apart_by_case(store: &dyn Store) {
    model(store, "M").await;
    let refused = store.create_registered_model(new_registered_model("M"), &Origin::NOBODY).await;
    assert_fault(refused, &fault::registered_model_exists(&key("M")));
    model(store, "m").await;
    assert_eq!(store.registered_model(&key("M ")).await.unwrap(), None);
}

pub async fn every_change_of_an_unknown_registered_model_finds_nothing(store: &dyn Store) {
    for change in [
        Change::Rename(key("x")),
        Change::Describe(None),
        Change::SetTag(pair("k", "v")),
        Change::DeleteTag(key("k")),
        Change::SetAlias(key("a"), 1),
        Change::DeleteAlias(key("a")),
        Change::Delete,
    ] {
        let refused = store.change_registered_model(&key("M"), change, at(2_000), &Origin::NOBODY).await;
        assert_fault(refused, &fault::registered_model_not_found(&key("M")));
    }
}

pub async fn a_description_is_set_and_cleared(store: &dyn Store) {
    let created = model(store, "M").await;
    for (time, text) in [(2_000, Some("a")), (3_000, Some("")), (4_000, None)] {
        let description = text.map(str::to_owned);
        change(store, "M", Change::Describe(description.clone()), time).await;
        let expected = RegisteredModel { description, updated_at: at(time), ..created.clone() };
        assert_eq!(read_model(store, "M").await, expected);
    }
}

pub async fn registered_model_tags_are_replaced_and_removed(store: &dyn Store) {
    model(store, "M").await;
    for set in [("b", "1"), ("a", ""), ("b", "2"), ("c", "3")] {
        change(store, "M", Change::SetTag(pair(set.0, set.1)), 2_000).await;
    }
    for _ in 0..2 {
        change(store, "M", Change::DeleteTag(key("c")), 2_000).await;
        assert_eq!(read_model(store, "M").await.tags, tag_list(&[("a", ""), ("b", "2")]));
    }
}

pub async fn an_alias_names_one_version_and_a_version_may_have_many(store: &dyn Store) {
    model(store, "M").await;
    for _ in 0..2 {
        store.create_model_version(new_model_version("M"), &Origin::NOBODY).await.unwrap();
    }
    for (name, number) in [("b", 1), ("a", 1), ("c", 2), ("b", 1)] {
        alias(store, "M", name, number).await;
    }
    assert_eq!(read_model(store, "M").await.aliases, [(key("a"), 1), (key("b"), 1), (key("c"), 2)]);
    assert_eq!(version(store, "M", 1).await.aliases, ["a", "b"].map(key));

    alias(store, "M", "a", 2).await;
    assert_eq!(read_model(store, "M").await.aliases, [(key("a"), 2), (key("b"), 1), (key("c"), 2)]);
    assert_eq!(version(store, "M", 1).await.aliases, [key("b")]);
    assert_eq!(version(store, "M", 2).await.aliases, ["a", "c"].map(key));
    for _ in 0..2 {
        change(store, "M", Change::DeleteAlias(key("a")), 4_000).await;
        assert_eq!(version(store, "M", 2).await.aliases, [key("c")]);
    }
}

pub async fn an_alias_needs_a_version_that_exists(store: &dyn Store) {
    model(store, "M").await;
    model(store, "other").await;
    store.create_model_version(new_model_version("M"), &Origin::NOBODY).await.unwrap();
    store.create_model_version(new_model_version("other"), &Origin::NOBODY).await.unwrap();
    store.create_model_version(new_model_version("other"), &Origin::NOBODY).await.unwrap();
    alias(store, "M", "a", 1).await;
    for absent in [0, 2, VersionNumber::MAX] {
        let refused = store
            .change_registered_model(&key("M"), Change::SetAlias(key("a"), absent), at(3_000), &Origin::NOBODY)
            .await;
        assert_fault(refused, &fault::model_version_not_found(&key("M"), absent));
    }
    assert_eq!(read_model(store, "M").await.aliases, [(key("a"), 1)]);
    assert_eq!(read_model(store, "other").await.aliases, []);
}

pub async fn the_highest_version_of_each_stage_is_among_the_latest(store: &dyn Store) {
    model(store, "M").await;
    for n in 1..=6 {
        assert_eq!(store.create_model_version(new_model_version("M"), &Origin::NOBODY).await.unwrap().number, n);
    }
    for (number, to) in [
        (1, Stage::Archived),
        (2, Stage::Production),
        (3, Stage::Production),
        (4, Stage::Archived),
        (6, Stage::Staging),
    ] {
        stage(store, "M", number, to, false).await;
    }
    alias(store, "M", "champion", 3).await;
    let latest = read_model(store, "M").await.latest_versions;
    let found: Vec<_> = latest.iter().map(|version| (version.stage.clone(), version.number)).collect();
    assert_eq!(found, [(Stage::None, 5), (Stage::Staging, 6), (Stage::Production, 3), (Stage::Archived, 4)]);
    for mut expected in latest {
        assert_eq!(expected.aliases, []);
        let read = version(store, "M", expected.number).await;
        expected.aliases.clone_from(&read.aliases);
        assert_eq!(read, expected);
    }
}

/// Model `M` with tag, description, two versions, the second in production, tagged and under an alias.
async fn rich_model(store: &dyn Store) {
    model(store, "M").await;
    change(store, "M", Change::Describe(Some("words".to_owned())), 2_000).await;
    change(store, "M", Change::SetTag(pair("k", "v")), 2_000).await;
    store.create_model_version(new_model_version("M"), &Origin::NOBODY).await.unwrap();
    let tagged = trackside_core::NewModelVersion { tags: tag_list(&[("k", "v2")]), ..new_model_version("M") };
    store.create_model_version(tagged, &Origin::NOBODY).await.unwrap();
    stage(store, "M", 2, Stage::Production, false).await;
    alias(store, "M", "champion", 2).await;
}

pub async fn renaming_a_registered_model_carries_everything_along(store: &dyn Store) {
    rich_model(store).await;
    let before = read_model(store, "M").await;
    let second = version(store, "M", 2).await;
    change(store, "M", Change::Rename(key("N")), 9_000).await;

    assert_eq!(store.registered_model(&key("M")).await.unwrap(), None);
    assert_eq!(store.model_version(&key("M"), 2).await.unwrap(), None);
    let after = read_model(store, "N").await;
    assert_eq!((after.created_at, after.updated_at), (before.created_at, at(9_000)));
    assert_eq!((after.description, after.tags, after.aliases), (before.description, before.tags, before.aliases));
    let latest: Vec<_> = after.latest_versions.iter().map(|version| (version.model.as_str(), version.number)).collect();
    assert_eq!(latest, [("N", 1), ("N", 2)]);
    let moved = version(store, "N", 2).await;
    let expected = trackside_core::ModelVersion { model: key("N"), updated_at: moved.updated_at, ..second };
    assert_eq!(moved, expected);

    model(store, "M").await;
    assert_eq!(store.create_model_version(new_model_version("M"), &Origin::NOBODY).await.unwrap().number, 1);
    assert_eq!(store.create_model_version(new_model_version("N"), &Origin::NOBODY).await.unwrap().number, 3);
}

pub async fn renaming_a_registered_model_needs_a_free_name(store: &dyn Store) {
    rich_model(store).await;
    model(store, "N").await;
    let before = read_model(store, "M").await;
    let refused = store.change_registered_model(&key("M"), Change::Rename(key("N")), at(9_000), &Origin::NOBODY).await;
    assert_fault(refused, &fault::registered_model_exists(&key("N")));
    assert_eq!(read_model(store, "M").await, before);
}

pub async fn deleting_a_registered_model_leaves_nothing_behind(store: &dyn Store) {
    rich_model(store).await;
    change(store, "M", Change::Delete, 9_000).await;
    assert_eq!(store.registered_model(&key("M")).await.unwrap(), None);
    assert_eq!(store.model_version(&key("M"), 1).await.unwrap(), None);
    let again = model(store, "M").await;
    assert_eq!(read_model(store, "M").await, again);
    assert_eq!((again.tags, again.aliases, again.latest_versions), (vec![], vec![], vec![]));
    let first = store.create_model_version(new_model_version("M"), &Origin::NOBODY).await.unwrap();
    assert_eq!((first.number, first.tags, first.aliases), (1, vec![], vec![]));
}
