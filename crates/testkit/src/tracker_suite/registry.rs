//! Registered models and their versions, where a destination knows them.

use trackside_core::{
    Batch, ErrorKind, ModelVersionChange, NewModelVersion, NewRegisteredModel, RegisteredModelBatch,
    RegisteredModelChange as Change, RegistryEvent, Seq, Stage, TrackerInterface, VersionNumber,
};

use super::{courier::Courier, history::merged};
use crate::{
    Inspect, RegistryState,
    fixture::{at, key, new_model_version, new_registered_model, pair, tag_list},
};

/// Batches of the model of that name, one event each, from this position on.
fn batches(model: &str, from: u64, events: &[RegistryEvent]) -> Vec<Batch> {
    let batch = |(last, event): (u64, &RegistryEvent)| {
        let events = vec![event.clone()];
        Batch::RegisteredModel(RegisteredModelBatch { model: key(model), events, last: Seq(last) })
    };
    (from..).zip(events).map(batch).collect()
}

fn created(model: &str) -> RegistryEvent {
    RegistryEvent::Created(NewRegisteredModel {
        description: Some("words".to_owned()),
        tags: tag_list(&[("first", "1"), ("t", "0")]),
        ..new_registered_model(model)
    })
}

fn changed(change: Change) -> RegistryEvent {
    RegistryEvent::Changed(change, at(5_000))
}

fn version(model: &str, number: VersionNumber) -> RegistryEvent {
    let new = NewModelVersion {
        description: Some(format!("number {number}")),
        tags: tag_list(&[("of", model)]),
        ..new_model_version(model)
    };
    RegistryEvent::VersionCreated(number, new)
}

fn version_changed(number: VersionNumber, change: ModelVersionChange) -> RegistryEvent {
    RegistryEvent::VersionChanged(number, change, at(6_000))
}

fn staged(number: VersionNumber, stage: Stage, archive_others: bool) -> RegistryEvent {
    version_changed(number, ModelVersionChange::Stage { stage, archive_others })
}

/// Every kind of event but renaming and deleting the model, some of them meeting.
fn life(model: &str) -> Vec<RegistryEvent> {
    let alias = |alias, number| changed(Change::SetAlias(key(alias), number));
    vec![
        created(model),
        version(model, 1),
        changed(Change::Describe(None)),
        alias("a", 1),
        alias("b", 1),
        staged(1, Stage::Production, false),
        version(model, 2),
        version(model, 3),
        alias("a", 2),
        alias("c", 3),
        changed(Change::DeleteAlias(key("b"))),
        changed(Change::SetTag(pair("t", "1"))),
        changed(Change::DeleteTag(key("first"))),
        changed(Change::Describe(Some("other words".to_owned()))),
        staged(2, Stage::Production, true),
        version_changed(1, ModelVersionChange::SetTag(pair("k", "v"))),
        version_changed(1, ModelVersionChange::SetTag(pair("l", "v"))),
        version_changed(1, ModelVersionChange::DeleteTag(key("k"))),
        version_changed(2, ModelVersionChange::Describe(None)),
        version_changed(3, ModelVersionChange::SetTag(pair("k", "v"))),
        version_changed(3, ModelVersionChange::Delete),
        version(model, 4),
    ]
}

/// How the registry stands after these events of these models.
fn outcome(events: &[(&str, &[RegistryEvent])]) -> RegistryState {
    let mut state = RegistryState::default();
    for (model, events) in events {
        state.apply(&key(model), events).expect("a source never contradicts itself");
    }
    state
}

/// A destination that knows registered models.
async fn with_registry<'a>(tracker: &'a dyn TrackerInterface, inspect: &'a dyn Inspect) -> Option<Courier<'a>> {
    if tracker.capability().registry { Some(Courier::new(tracker, inspect).await) } else { None }
}

pub async fn registered_models_arrive(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let Some(mut courier) = with_registry(tracker, inspect).await else { return };
    let (first, second) = (life("m"), [created("n"), version("n", 1)]);
    courier.deliver(&[batches("m", 1, &first), batches("n", 1, &second)].concat()).await;
    courier.assert_registry(&outcome(&[("m", &first), ("n", &second)])).await;
}

pub async fn registered_models_may_be_delivered_again(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let Some(mut courier) = with_registry(tracker, inspect).await else { return };
    let (one_by_one, at_once, in_two) = (life("m"), life("n"), life("o"));
    for batch in batches("m", 1, &one_by_one) {
        courier.insist(&batch, 3).await;
    }
    courier.insist(&merged(&batches("n", 1, &at_once)), 3).await;
    let parts = batches("o", 1, &in_two);
    for part in [merged(&parts[..8]), merged(&parts[8..])] {
        courier.insist(&part, 2).await;
    }
    courier.assert_registry(&outcome(&[("m", &one_by_one), ("n", &at_once), ("o", &in_two)])).await;
}

pub async fn versions_keep_their_numbers(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let Some(mut courier) = with_registry(tracker, inspect).await else { return };
    // As a catch-up tells it: versions that were deleted are never heard of.
    let events = [created("m"), version("m", 2), version("m", 5), version("m", 6)];
    for batch in batches("m", 1, &events) {
        courier.insist(&batch, 2).await;
    }
    courier.assert_registry(&outcome(&[("m", &events)])).await;
}

pub async fn a_model_may_be_renamed(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let Some(mut courier) = with_registry(tracker, inspect).await else { return };
    let before = life("m");
    let rename = [changed(Change::SetTag(pair("u", "1"))), changed(Change::Rename(key("other")))];
    let after = [version("other", 5), changed(Change::SetAlias(key("d"), 5))];
    courier.deliver(&batches("m", 1, &before)).await;
    courier.insist(&merged(&batches("m", 100, &rename)), 3).await;
    for batch in batches("other", 200, &after) {
        courier.insist(&batch, 2).await;
    }
    courier.assert_registry(&outcome(&[("m", &before), ("m", &rename), ("other", &after)])).await;
}

pub async fn a_model_may_be_renamed_in_the_batch_that_begins_it(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let Some(mut courier) = with_registry(tracker, inspect).await else { return };
    let events = [life("m"), vec![changed(Change::Rename(key("other")))]].concat();
    courier.insist(&merged(&batches("m", 1, &events)), 3).await;
    courier.assert_registry(&outcome(&[("m", &events)])).await;
}

pub async fn a_deleted_model_stays_deleted(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let Some(mut courier) = with_registry(tracker, inspect).await else { return };
    let end = [changed(Change::SetAlias(key("d"), 4)), changed(Change::Delete)];
    courier.deliver(&batches("m", 1, &life("m"))).await;
    courier.insist(&merged(&batches("m", 100, &end)), 3).await;
    let whole = [life("n"), end.to_vec()].concat();
    courier.insist(&merged(&batches("n", 1, &whole)), 3).await;
    courier.assert_registry(&RegistryState::default()).await;
}

pub async fn a_name_may_be_taken_anew(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let Some(mut courier) = with_registry(tracker, inspect).await else { return };
    let (old, new) = (life("m"), [created("m"), version("m", 1)]);
    let [deleted, renamed] = [Change::Delete, Change::Rename(key("other"))].map(|change| [changed(change)]);
    let lives = [(1, &old[..]), (100, &deleted), (200, &old), (300, &renamed), (400, &new)];
    for (from, events) in lives {
        courier.insist(&merged(&batches("m", from, events)), 2).await;
    }
    courier.assert_registry(&outcome(&lives.map(|(_, events)| ("m", events)))).await;
}

pub async fn registered_models_are_refused_where_there_are_none(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    if tracker.capability().registry {
        return;
    }
    let courier = Courier::new(tracker, inspect).await;
    for batch in &batches("m", 1, &life("m")) {
        assert_eq!(courier.attempt(batch).await.unwrap_err().kind(), ErrorKind::Unsupported, "{batch:?}");
    }
    courier.assert_registry(&RegistryState::default()).await;
}
