//! Creating, looking up and changing experiments.

use trackside_core::{
    ArtifactLocation, Event, Experiment, ExperimentChange as Change, ExperimentId, Lifecycle, NewExperiment, Store,
    fault,
};

use super::scene::{append, assert_fault, experiment, read_experiment, read_run, run};
use crate::fixture::{at, key, new_experiment, pair, tag_list};

const UNKNOWN: ExperimentId = ExperimentId::new(987_654);

pub async fn a_new_experiment_is_active_and_reads_back_as_it_was_returned(store: &dyn Store) {
    let new = NewExperiment { created_at: at(1_234), tags: tag_list(&[("team", "blue")]), ..new_experiment("e") };
    let created = store.create_experiment(new).await.unwrap();
    let expected = Experiment {
        id: created.id,
        name: key("e"),
        artifact_location: format!("mem:/base/{}", created.id),
        lifecycle: Lifecycle::Active,
        created_at: at(1_234),
        updated_at: at(1_234),
        tags: tag_list(&[("team", "blue")]),
    };
    assert_eq!(created, expected);
    assert_eq!(store.experiment(created.id).await.unwrap(), Some(expected.clone()));
    assert_eq!(store.experiment_by_name("e").await.unwrap(), Some(expected));
}

pub async fn experiments_are_numbered_upwards_from_the_default(store: &dyn Store) {
    store.ensure_default_experiment(new_experiment("Default")).await.unwrap();
    assert_eq!(experiment(store, "a").await, ExperimentId::new(1));
    store.change_experiment(ExperimentId::new(1), Change::Delete, at(2_000)).await.unwrap();
    assert_eq!(experiment(store, "b").await, ExperimentId::new(2));
}

pub async fn the_artifact_location_is_a_given_uri_or_below_a_root(store: &dyn Store) {
    for (n, uri) in ["s3://bucket/x", "", "file:///a b/ä#?%"].into_iter().enumerate() {
        let location = ArtifactLocation::At(uri.to_owned());
        let new = NewExperiment { artifact_location: location, ..new_experiment(&format!("at-{n}")) };
        assert_eq!(store.create_experiment(new).await.unwrap().artifact_location, uri);
    }
    let location = ArtifactLocation::Under("mlflow-artifacts:".to_owned());
    let new = NewExperiment { artifact_location: location, ..new_experiment("under") };
    let created = store.create_experiment(new).await.unwrap();
    assert_eq!(created.artifact_location, format!("mlflow-artifacts:/{}", created.id));
}

pub async fn first_tags_are_sorted_and_the_last_value_of_a_key_stays(store: &dyn Store) {
    let new = NewExperiment { tags: tag_list(&[("b", "1"), ("a", "2"), ("b", "3")]), ..new_experiment("e") };
    let created = store.create_experiment(new).await.unwrap();
    assert_eq!(created.tags, tag_list(&[("a", "2"), ("b", "3")]));
    assert_eq!(read_experiment(store, created.id).await, created);
}

pub async fn a_taken_name_is_refused_even_when_its_holder_is_deleted(store: &dyn Store) {
    let id = experiment(store, "e").await;
    assert_fault(store.create_experiment(new_experiment("e")).await, &fault::experiment_exists(&key("e")));
    store.change_experiment(id, Change::Delete, at(2_000)).await.unwrap();
    assert_fault(store.create_experiment(new_experiment("e")).await, &fault::experiment_exists(&key("e")));
}

pub async fn the_default_experiment_is_made_once_and_only_in_an_empty_store(store: &dyn Store) {
    let new =
        NewExperiment { artifact_location: ArtifactLocation::At("mem:/0".to_owned()), ..new_experiment("Default") };
    store.ensure_default_experiment(new).await.unwrap();
    let made = read_experiment(store, ExperimentId::DEFAULT).await;
    assert_eq!((made.name.as_str(), made.artifact_location.as_str()), ("Default", "mem:/0"));

    store.change_experiment(made.id, Change::Delete, at(2_000)).await.unwrap();
    store.ensure_default_experiment(new_experiment("other")).await.unwrap();
    let kept = read_experiment(store, ExperimentId::DEFAULT).await;
    assert_eq!((kept.name.as_str(), kept.lifecycle), ("Default", Lifecycle::Deleted));
    assert_eq!(store.experiment_by_name("other").await.unwrap(), None);
}

pub async fn lookups_of_unknown_experiments_find_nothing(store: &dyn Store) {
    assert_eq!(store.experiment(UNKNOWN).await.unwrap(), None);
    assert_eq!(store.experiment(ExperimentId::new(i64::MIN)).await.unwrap(), None);
    for name in ["", "x", "'; DROP TABLE experiments; --"] {
        assert_eq!(store.experiment_by_name(name).await.unwrap(), None, "{name:?}");
    }
}

pub async fn names_are_told_apart_by_case(store: &dyn Store) {
    let lower = experiment(store, "straße").await;
    let upper = experiment(store, "STRAßE").await;
    assert_eq!(store.experiment_by_name("straße").await.unwrap().unwrap().id, lower);
    assert_eq!(store.experiment_by_name("STRAßE").await.unwrap().unwrap().id, upper);
}

pub async fn renaming_keeps_everything_but_name_and_time_of_update(store: &dyn Store) {
    let before = store.create_experiment(new_experiment("old")).await.unwrap();
    store.change_experiment(before.id, Change::Rename(key("new")), at(5_000)).await.unwrap();
    let expected = Experiment { name: key("new"), updated_at: at(5_000), ..before };
    assert_eq!(store.experiment_by_name("new").await.unwrap(), Some(expected));
    assert_eq!(store.experiment_by_name("old").await.unwrap(), None);
    experiment(store, "old").await;
}

pub async fn renaming_needs_a_free_name(store: &dyn Store) {
    let a = experiment(store, "a").await;
    let b = experiment(store, "b").await;
    store.change_experiment(b, Change::Delete, at(2_000)).await.unwrap();
    let renamed = store.change_experiment(a, Change::Rename(key("b")), at(3_000)).await;
    assert_fault(renamed, &fault::experiment_exists(&key("b")));
    assert_eq!(read_experiment(store, a).await.name, key("a"));
}

pub async fn a_deleted_experiment_refuses_changes(store: &dyn Store) {
    let new = NewExperiment { tags: tag_list(&[("k", "v")]), ..new_experiment("e") };
    let id = store.create_experiment(new).await.unwrap().id;
    store.change_experiment(id, Change::Delete, at(2_000)).await.unwrap();
    let before = read_experiment(store, id).await;
    for change in [Change::Rename(key("x")), Change::SetTag(pair("k", "w")), Change::DeleteTag(key("k"))] {
        let result = store.change_experiment(id, change.clone(), at(3_000)).await;
        assert_fault(result, &fault::experiment_not_active(id));
    }
    assert_eq!(read_experiment(store, id).await, before);
}

pub async fn deleting_an_experiment_bins_its_active_runs(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let other = experiment(store, "other").await;
    let inside = run(store, id, 1, vec![]).await;
    let outside = run(store, other, 2, vec![]).await;
    store.change_experiment(id, Change::Delete, at(2_000)).await.unwrap();
    let deleted = read_experiment(store, id).await;
    assert_eq!((deleted.lifecycle, deleted.updated_at), (Lifecycle::Deleted, at(2_000)));
    assert_eq!(read_run(store, &inside).await.info.lifecycle, Lifecycle::Deleted);
    assert_eq!(read_run(store, &outside).await.info.lifecycle, Lifecycle::Active);
}

pub async fn restoring_an_experiment_restores_all_its_runs(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let kept = run(store, id, 1, vec![]).await;
    let binned_before = run(store, id, 2, vec![]).await;
    append(store, &binned_before, vec![Event::Deleted(at(1_500))]).await;
    store.change_experiment(id, Change::Delete, at(2_000)).await.unwrap();
    store.change_experiment(id, Change::Restore, at(3_000)).await.unwrap();
    let restored = read_experiment(store, id).await;
    assert_eq!((restored.lifecycle, restored.updated_at), (Lifecycle::Active, at(3_000)));
    for run in [kept, binned_before] {
        assert_eq!(read_run(store, &run).await.info.lifecycle, Lifecycle::Active);
    }
}

pub async fn deleting_twice_and_restoring_the_active_find_nothing(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let not_found = fault::experiment_not_found(id);
    assert_fault(store.change_experiment(id, Change::Restore, at(2_000)).await, &not_found);
    store.change_experiment(id, Change::Delete, at(3_000)).await.unwrap();
    assert_fault(store.change_experiment(id, Change::Delete, at(4_000)).await, &not_found);
    assert_eq!(read_experiment(store, id).await.updated_at, at(3_000));
}

pub async fn experiment_tags_are_replaced_and_removed_without_counting_as_update(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for change in [
        Change::SetTag(pair("b", "1")),
        Change::SetTag(pair("a", "")),
        Change::SetTag(pair("b", "2")),
        Change::SetTag(pair("c", "3")),
        Change::DeleteTag(key("c")),
    ] {
        store.change_experiment(id, change, at(9_000)).await.unwrap();
    }
    let read = read_experiment(store, id).await;
    assert_eq!((read.tags, read.updated_at), (tag_list(&[("a", ""), ("b", "2")]), at(1_000)));
    run(store, id, 1, vec![]).await;
    assert_eq!(read_experiment(store, id).await.updated_at, at(1_000));
}

pub async fn removing_an_absent_experiment_tag_finds_nothing(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let removed = store.change_experiment(id, Change::DeleteTag(key("k")), at(2_000)).await;
    assert_fault(removed, &fault::experiment_tag_not_found(id, &key("k")));
}

pub async fn every_change_of_an_unknown_experiment_finds_nothing(store: &dyn Store) {
    for change in [
        Change::Rename(key("x")),
        Change::Delete,
        Change::Restore,
        Change::SetTag(pair("k", "v")),
        Change::DeleteTag(key("k")),
    ] {
        let result = store.change_experiment(UNKNOWN, change, at(2_000)).await;
        assert_fault(result, &fault::experiment_not_found(UNKNOWN));
    }
}
