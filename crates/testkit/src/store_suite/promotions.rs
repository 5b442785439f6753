//! Promotions that wait for approval, and warrants of changes.

use serde_json::json;
use trackside_core::{
    ErrorKind, ModelVersionChange, NewPromotion, Promotion, PromotionChange, PromotionState, RegisteredModelChange,
    Stage, Store, Target,
    ledger::{Action, Facet, Origin, RegistryState, Warrant},
    store::{LedgerQuery, PromotionQuery},
};

use super::registered_models::model;
use crate::fixture::{at, key, new_model_version};

fn by(name: &str) -> Origin {
    Origin { name: Some(key(name)), reason: Some(format!("{name} says so")), ..Origin::NOBODY }
}

fn wanted(version: u32, target: &str) -> NewPromotion {
    let target = Target::parse(target).unwrap();
    NewPromotion { model: key("m"), version, target, archive_others: true, at: at(5_000) }
}

async fn versions(store: &dyn Store, count: u32) {
    model(store, "m").await;
    for _ in 0..count {
        store.create_model_version(new_model_version("m"), &Origin::NOBODY).await.unwrap();
    }
}

async fn ask(store: &dyn Store, version: u32, target: &str) -> Promotion {
    store.request_promotion(wanted(version, target), &by("alice")).await.unwrap()
}

async fn replayed(store: &dyn Store) -> RegistryState {
    let mut state = RegistryState::default();
    for entry in store.ledger(LedgerQuery { model: None, after: 0, limit: 1_000 }).await.unwrap() {
        state.apply(&entry.read().unwrap()).unwrap();
    }
    state
}

pub async fn a_promotion_that_is_asked_for_reads_back_and_is_told_of(store: &dyn Store) {
    versions(store, 1).await;
    let asked = ask(store, 1, "Production").await;
    assert_eq!(store.promotion(asked.id).await.unwrap(), Some(asked.clone()));
    assert_eq!((asked.version, asked.state, asked.archive_others), (1, PromotionState::Pending, true));
    assert_eq!((asked.requested_by.as_str(), asked.requested_at), ("alice", at(5_000)));
    assert_eq!(asked.reason.as_deref(), Some("alice says so"));
    // Who asks for the same finds it, whoever it is.
    let again = store.request_promotion(wanted(1, "Production"), &by("bob")).await.unwrap();
    assert_eq!(again, asked);
    assert_ne!(ask(store, 1, "@champion").await.id, asked.id);
    let entries = store.ledger(LedgerQuery { model: None, after: 0, limit: 1_000 }).await.unwrap();
    let told =
        entries.iter().map(|entry| entry.read().unwrap()).filter(|entry| entry.action == Action::RequestPromotion);
    assert_eq!(told.count(), 2);
    let unknown = store.request_promotion(wanted(2, "Production"), &by("alice")).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    assert_eq!(store.promotion(99).await.unwrap(), None);
}

pub async fn who_is_for_a_promotion_has_one_vote(store: &dyn Store) {
    versions(store, 1).await;
    let id = ask(store, 1, "Production").await.id;
    for name in ["bob", "carol", "bob"] {
        store.change_promotion(id, PromotionChange::Approve, at(6_000), &by(name)).await.unwrap();
    }
    let found = store.promotion(id).await.unwrap().unwrap();
    let votes: Vec<_> = found.votes.iter().map(|vote| (vote.by.as_str(), vote.approves)).collect();
    assert_eq!((found.state, votes), (PromotionState::Pending, vec![("bob", true), ("carol", true)]));
    let version = &replayed(store).await.models["m"].versions[&1];
    assert_eq!(version.votes.len(), 2, "{version:?}");
    assert_eq!(version.promotions[&id.to_string()], found.told(PromotionState::Pending));
}

pub async fn a_promotion_ends_once(store: &dyn Store) {
    versions(store, 1).await;
    for (change, state) in
        [(PromotionChange::Reject, PromotionState::Rejected), (PromotionChange::Withdraw, PromotionState::Withdrawn)]
    {
        let id = ask(store, 1, "Production").await.id;
        let ended = store.change_promotion(id, change, at(7_000), &by("bob")).await.unwrap();
        assert_eq!((ended.state, ended.ended_at), (state, Some(at(7_000))));
        for late in [PromotionChange::Approve, PromotionChange::Reject, PromotionChange::Withdraw] {
            let refused = store.change_promotion(id, late, at(8_000), &by("carol")).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Conflict);
        }
        assert_eq!(store.promotion(id).await.unwrap().unwrap(), ended);
    }
    let unknown = store.change_promotion(99, PromotionChange::Approve, at(1), &by("bob")).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
}

pub async fn only_somebody_who_is_known_can_ask_or_decide(store: &dyn Store) {
    versions(store, 1).await;
    let refused = store.request_promotion(wanted(1, "Production"), &Origin::NOBODY).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
    let id = ask(store, 1, "Production").await.id;
    let refused = store.change_promotion(id, PromotionChange::Approve, at(1), &Origin::NOBODY).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
}

pub async fn a_warrant_holds_until_the_model_changes(store: &dyn Store) {
    versions(store, 2).await;
    let warrant = |as_of| Origin {
        warrant: Some(Warrant { as_of, evidence: Some(json!({"rules": []})), promotion: None }),
        ..by("alice")
    };
    let as_of = store.ledger_end_of(&key("m")).await.unwrap();
    assert!(as_of > 0);
    assert_eq!(store.ledger_end_of(&key("other")).await.unwrap(), 0);
    model(store, "other").await;
    let to = |stage| ModelVersionChange::Stage { stage, archive_others: false };
    store.change_model_version(&key("m"), 1, to(Stage::Staging), at(2), &warrant(as_of)).await.unwrap();
    let stale = store.change_model_version(&key("m"), 2, to(Stage::Staging), at(3), &warrant(as_of)).await.unwrap_err();
    assert_eq!(stale.kind(), ErrorKind::Conflict);
    let alias = RegisteredModelChange::SetAlias(key("champion"), 1);
    let stale = store.change_registered_model(&key("m"), alias, at(3), &warrant(as_of)).await.unwrap_err();
    assert_eq!(stale.kind(), ErrorKind::Conflict);
    let entries = store.ledger(LedgerQuery { model: Some(key("m")), after: as_of, limit: 9 }).await.unwrap();
    let [moved] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!(moved.read().unwrap().evidence, Some(json!({"rules": []})));
    // A model that got the name counts by what happened to it.
    store.change_registered_model(&key("m"), RegisteredModelChange::Rename(key("n")), at(4), &by("bob")).await.unwrap();
    assert_eq!(store.ledger_end_of(&key("n")).await.unwrap(), store.ledger_end().await.unwrap().0);
}

pub async fn a_change_does_the_promotion_that_its_warrant_names(store: &dyn Store) {
    versions(store, 2).await;
    let id = ask(store, 2, "@champion").await.id;
    let as_of = store.ledger_end_of(&key("m")).await.unwrap();
    let warrant = Warrant { as_of, evidence: None, promotion: Some(id) };
    let origin = Origin { warrant: Some(warrant), ..by("bob") };
    let alias = RegisteredModelChange::SetAlias(key("champion"), 2);
    store.change_registered_model(&key("m"), alias.clone(), at(9_000), &origin).await.unwrap();
    let done = store.promotion(id).await.unwrap().unwrap();
    assert_eq!((done.state, done.ended_at), (PromotionState::Done, Some(at(9_000))));
    let last = store.ledger(LedgerQuery { model: None, after: as_of, limit: 9 }).await.unwrap().pop().unwrap();
    let facets: Vec<_> = last.read().unwrap().effects.iter().map(|effect| effect.what).collect();
    assert_eq!(facets, [Facet::Alias, Facet::Promotion]);
    replayed(store).await;
    // It is not done twice.
    let as_of = store.ledger_end_of(&key("m")).await.unwrap();
    let warrant = Warrant { as_of, evidence: None, promotion: Some(id) };
    let again = Origin { warrant: Some(warrant), ..by("bob") };
    let refused = store.change_registered_model(&key("m"), alias, at(9_001), &again).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
}

pub async fn promotions_are_listed_newest_first_and_go_with_their_version(store: &dyn Store) {
    versions(store, 2).await;
    let first = ask(store, 1, "Production").await;
    let second = ask(store, 2, "Production").await;
    let third = ask(store, 2, "@champion").await;
    store.change_promotion(second.id, PromotionChange::Reject, at(6_000), &by("bob")).await.unwrap();
    let listed = |query: PromotionQuery| async move {
        let found = store.promotions(PromotionQuery { limit: query.limit.max(1), ..query }).await.unwrap();
        found.into_iter().map(|promotion| promotion.id).collect::<Vec<_>>()
    };
    let all = || PromotionQuery { limit: 9, ..PromotionQuery::default() };
    assert_eq!(listed(all()).await, [third.id, second.id, first.id]);
    assert_eq!(listed(PromotionQuery { limit: 2, ..all() }).await, [third.id, second.id]);
    assert_eq!(listed(PromotionQuery { before: Some(second.id), ..all() }).await, [first.id]);
    assert_eq!(listed(PromotionQuery { state: Some(PromotionState::Pending), ..all() }).await, [third.id, first.id]);
    assert_eq!(listed(PromotionQuery { model: Some(key("m")), version: Some(1), ..all() }).await, [first.id]);
    assert_eq!(listed(PromotionQuery { model: Some(key("other")), ..all() }).await, Vec::<u64>::new());
    store.change_model_version(&key("m"), 2, ModelVersionChange::Delete, at(7_000), &by("bob")).await.unwrap();
    assert_eq!(listed(all()).await, [first.id]);
    let state = replayed(store).await;
    assert_eq!(state.models["m"].versions.keys().collect::<Vec<_>>(), [&1]);
    assert!(ask(store, 1, "@other").await.id > third.id, "numbers are not given twice");
}
