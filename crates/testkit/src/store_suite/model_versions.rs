//! Model versions: numbers, stages, tags and deletion.

use trackside_core::{
    LoggedModelId, ModelVersion, ModelVersionChange as Change, NewModelVersion, RunId, Stage, Store, VersionNumber,
    fault, ledger::Origin,
};

use super::{
    registered_models::{alias, model, read_model},
    scene::assert_fault,
};
use crate::fixture::{at, key, new_model_version, pair, tag_list};

/// Reads a version that must be there.
pub(super) async fn version(store: &dyn Store, model: &str, number: VersionNumber) -> ModelVersion {
    store.model_version(&key(model), number).await.unwrap().expect("the version is there")
}

/// Moves a version to a stage at 4,000.
pub(super) async fn stage(store: &dyn Store, model: &str, number: VersionNumber, stage: Stage, archive_others: bool) {
    change(store, model, number, Change::Stage { stage, archive_others }, 4_000).await;
}

async fn change(store: &dyn Store, model: &str, number: VersionNumber, change: Change, time: i64) {
    store.change_model_version(&key(model), number, change, at(time), &Origin::NOBODY).await.unwrap();
}

/// Creates model `M` with so many versions.
async fn versions(store: &dyn Store, count: VersionNumber) {
    model(store, "M").await;
    for number in 1..=count {
        assert_eq!(store.create_model_version(new_model_version("M"), &Origin::NOBODY).await.unwrap().number, number);
    }
}

pub async fn a_new_model_version_reads_back_as_it_was_returned(store: &dyn Store) {
    model(store, "M").await;
    let full = NewModelVersion {
        created_at: at(5_000),
        description: Some("words".to_owned()),
        storage_location: Some("mem:/real".to_owned()),
        run: Some(RunId::fresh(77)),
        run_link: Some("javascript:alert(1)".to_owned()),
        logged_model: Some(LoggedModelId::fresh(88)),
        tags: tag_list(&[("b", "1"), ("a", "2"), ("b", "3")]),
        ..new_model_version("M")
    };
    let sorted = tag_list(&[("a", "2"), ("b", "3")]);
    for (number, new, tags) in [(1, full, sorted), (2, new_model_version("M"), vec![])] {
        let expected = ModelVersion {
            model: key("M"),
            number,
            created_at: new.created_at,
            updated_at: new.created_at,
            description: new.description.clone(),
            stage: Stage::None,
            source: "mem:/source".to_owned(),
            storage_location: new.storage_location.clone(),
            run: new.run.clone(),
            run_link: new.run_link.clone(),
            tags,
            aliases: vec![],
        };
        assert_eq!(store.create_model_version(new, &Origin::NOBODY).await.unwrap(), expected);
        assert_eq!(version(store, "M", number).await, expected);
    }
}

pub async fn a_model_version_needs_a_registered_model(store: &dyn Store) {
    let refused = store.create_model_version(new_model_version("M"), &Origin::NOBODY).await;
    assert_fault(refused, &fault::registered_model_not_found(&key("M")));
}

pub async fn a_new_version_marks_its_model_as_changed(store: &dyn Store) {
    versions(store, 1).await;
    let read = read_model(store, "M").await;
    assert_eq!((read.created_at, read.updated_at), (at(1_000), at(2_000)));
}

pub async fn numbers_count_per_model_and_are_never_reused(store: &dyn Store) {
    versions(store, 3).await;
    model(store, "other").await;
    assert_eq!(store.create_model_version(new_model_version("other"), &Origin::NOBODY).await.unwrap().number, 1);
    for deleted in [3, 1] {
        change(store, "M", deleted, Change::Delete, 3_000).await;
    }
    assert_eq!(store.create_model_version(new_model_version("M"), &Origin::NOBODY).await.unwrap().number, 4);
    for deleted in [4, 2] {
        change(store, "M", deleted, Change::Delete, 3_000).await;
    }
    assert_eq!(store.create_model_version(new_model_version("M"), &Origin::NOBODY).await.unwrap().number, 5);
}

pub async fn a_number_may_be_asked_for(store: &dyn Store) {
    model(store, "M").await;
    let asked = |number| NewModelVersion { number: Some(number), ..new_model_version("M") };
    for number in [3, 1] {
        let created = store.create_model_version(asked(number), &Origin::NOBODY).await.unwrap();
        assert_eq!(created.number, number);
        assert_eq!(version(store, "M", number).await, created);
    }
    assert_eq!(store.create_model_version(new_model_version("M"), &Origin::NOBODY).await.unwrap().number, 4);
    for taken in [1, 3, 4] {
        let refused = store.create_model_version(asked(taken), &Origin::NOBODY).await;
        assert_fault(refused, &fault::model_version_exists(&key("M"), taken));
    }
    change(store, "M", 4, Change::Delete, 3_000).await;
    assert_eq!(store.create_model_version(asked(4), &Origin::NOBODY).await.unwrap().number, 4);
    assert_eq!(store.create_model_version(new_model_version("M"), &Origin::NOBODY).await.unwrap().number, 5);
    assert_eq!(store.model_version(&key("M"), 2).await.unwrap(), None);
    let refused = store.create_model_version(NewModelVersion { model: key("x"), ..asked(1) }, &Origin::NOBODY).await;
    assert_fault(refused, &fault::registered_model_not_found(&key("x")));
}

pub async fn every_change_of_an_unknown_version_finds_nothing(store: &dyn Store) {
    versions(store, 2).await;
    change(store, "M", 2, Change::Delete, 3_000).await;
    for (model, number) in [("M", 0), ("M", 2), ("M", VersionNumber::MAX), ("x", 1)] {
        assert_eq!(store.model_version(&key(model), number).await.unwrap(), None);
        for change in [
            Change::Describe(None),
            Change::Stage { stage: Stage::Staging, archive_others: true },
            Change::SetTag(pair("k", "v")),
            Change::DeleteTag(key("k")),
            Change::Delete,
        ] {
            let refused = store.change_model_version(&key(model), number, change, at(3_000), &Origin::NOBODY).await;
            assert_fault(refused, &fault::model_version_not_found(&key(model), number));
        }
    }
}

pub async fn a_version_description_is_set_and_cleared(store: &dyn Store) {
    versions(store, 2).await;
    let (before, other) = (version(store, "M", 1).await, version(store, "M", 2).await);
    for (time, text) in [(3_000, Some("a")), (4_000, None)] {
        let description = text.map(str::to_owned);
        change(store, "M", 1, Change::Describe(description.clone()), time).await;
        let expected = ModelVersion { description, updated_at: at(time), ..before.clone() };
        assert_eq!(version(store, "M", 1).await, expected);
    }
    assert_eq!(version(store, "M", 2).await, other);
}

pub async fn version_tags_are_replaced_and_removed(store: &dyn Store) {
    versions(store, 2).await;
    for set in [("b", "1"), ("a", ""), ("b", "2"), ("c", "3")] {
        change(store, "M", 1, Change::SetTag(pair(set.0, set.1)), 3_000).await;
    }
    for _ in 0..2 {
        change(store, "M", 1, Change::DeleteTag(key("c")), 3_000).await;
        assert_eq!(version(store, "M", 1).await.tags, tag_list(&[("a", ""), ("b", "2")]));
    }
    assert_eq!(version(store, "M", 2).await.tags, []);
}

pub async fn a_stage_is_shared_unless_others_are_archived(store: &dyn Store) {
    versions(store, 4).await;
    for number in [1, 2] {
        stage(store, "M", number, Stage::Production, false).await;
    }
    stage(store, "M", 3, Stage::Staging, true).await;
    assert_eq!(version(store, "M", 1).await.stage, Stage::Production);
    assert_eq!(version(store, "M", 2).await.stage, Stage::Production);

    let archiving = Change::Stage { stage: Stage::Production, archive_others: true };
    for _ in 0..2 {
        change(store, "M", 4, archiving.clone(), 8_000).await;
        let mut stages = Vec::new();
        for number in 1..=4 {
            let read = version(store, "M", number).await;
            stages.push((read.stage, read.updated_at));
        }
        let archived = (Stage::Archived, at(8_000));
        assert_eq!(stages, [archived.clone(), archived, (Stage::Staging, at(4_000)), (Stage::Production, at(8_000))]);
    }
}

pub async fn archiving_stays_within_its_model(store: &dyn Store) {
    versions(store, 1).await;
    model(store, "other").await;
    store.create_model_version(new_model_version("other"), &Origin::NOBODY).await.unwrap();
    stage(store, "other", 1, Stage::Production, false).await;
    stage(store, "M", 1, Stage::Production, true).await;
    assert_eq!(version(store, "other", 1).await.stage, Stage::Production);
}

pub async fn stages_and_deletions_mark_the_model_as_changed(store: &dyn Store) {
    versions(store, 2).await;
    change(store, "M", 1, Change::Stage { stage: Stage::Staging, archive_others: false }, 5_000).await;
    assert_eq!(read_model(store, "M").await.updated_at, at(5_000));
    change(store, "M", 2, Change::Delete, 6_000).await;
    assert_eq!(read_model(store, "M").await.updated_at, at(6_000));
}

pub async fn a_deleted_version_takes_its_aliases_with_it(store: &dyn Store) {
    versions(store, 2).await;
    for (name, number) in [("a", 2), ("b", 1), ("c", 2)] {
        alias(store, "M", name, number).await;
    }
    change(store, "M", 2, Change::Delete, 5_000).await;
    let read = read_model(store, "M").await;
    let latest: Vec<_> = read.latest_versions.iter().map(|version| version.number).collect();
    assert_eq!((read.aliases, latest), (vec![(key("b"), 1)], vec![1]));
    assert_eq!(store.model_version(&key("M"), 2).await.unwrap(), None);
}
