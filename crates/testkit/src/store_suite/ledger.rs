//! The ledger of the registry: each change has an entry, and the entries are the registry.

use trackside_core::{
    ErrorKind, ModelVersionChange, RegisteredModelChange as Change, Stage, Store, Timestamp,
    ledger::{Action, Effect, Facet, LedgerDigest, NewLedgerEntry, Origin, RegistryState},
    store::LedgerQuery,
};

use super::{
    model_versions::stage,
    registered_models::{alias, change, model},
};
use crate::fixture::{at, key, new_model_version, new_registered_model, pair, tag_list};

/// What the entries say, each checked to follow the one before.
async fn told(store: &dyn Store, name: Option<&str>) -> Vec<NewLedgerEntry> {
    let query = LedgerQuery { model: name.map(key), after: 0, limit: 1_000 };
    let entries = store.ledger(query).await.unwrap();
    if name.is_some() {
        return entries.iter().map(|entry| entry.read().unwrap()).collect();
    }
    let (mut seq, mut digest, mut told) = (0, LedgerDigest::NONE, Vec::new());
    for entry in entries {
        told.push(entry.follows(seq, digest).unwrap());
        (seq, digest) = (entry.seq, entry.digest);
    }
    assert_eq!(store.ledger_end().await.unwrap(), (seq, digest));
    told
}

async fn replayed(store: &dyn Store) -> RegistryState {
    let mut state = RegistryState::default();
    for entry in told(store, None).await {
        state.apply(&entry).unwrap();
    }
    state
}

fn effect(what: Facet, before: Option<&str>, after: Option<&str>) -> Effect {
    Effect::of_model(what, before.map(str::to_owned), after.map(str::to_owned))
}

pub async fn a_change_is_written_down_with_who_made_it(store: &dyn Store) {
    assert_eq!(store.ledger_end().await.unwrap(), (0, LedgerDigest::NONE));
    let by = Origin {
        name: Some(key("alice")),
        address: Some("127.0.0.1".to_owned()),
        client: Some("a \"client\"".to_owned()),
        reason: Some("it was time\n".to_owned()),
        warrant: None,
    };
    let mut new = new_registered_model("m");
    new.tags = tag_list(&[("a", "1")]);
    store.create_registered_model(new, &by).await.unwrap();
    let tag = Change::SetTag(pair("a", "2"));
    store.change_registered_model(&key("m"), tag, at(2_000), &Origin::NOBODY).await.unwrap();
    let entries = told(store, None).await;
    let expected = NewLedgerEntry {
        at: at(1_000),
        model: key("m"),
        action: Action::CreateModel,
        origin: by,
        evidence: None,
        effects: vec![effect(Facet::Present, None, Some("true")), effect(Facet::Tag, None, Some("1")).at("a")],
    };
    assert_eq!(entries[0], expected);
    assert_eq!(
        (entries[1].action, entries[1].at, &entries[1].origin),
        (Action::SetModelTag, at(2_000), &Origin::NOBODY)
    );
    assert_eq!(entries[1].effects, [effect(Facet::Tag, Some("1"), Some("2")).at("a")]);
}

pub async fn what_changes_nothing_or_fails_is_not_written_down(store: &dyn Store) {
    model(store, "m").await;
    let (seq, _) = store.ledger_end().await.unwrap();
    for harmless in [Change::DeleteTag(key("none")), Change::DeleteAlias(key("none")), Change::Describe(None)] {
        change(store, "m", harmless, 2_000).await;
    }
    let taken = store.create_registered_model(new_registered_model("m"), &Origin::NOBODY).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    let missing = Change::SetAlias(key("a"), 7);
    let missing = store.change_registered_model(&key("m"), missing, at(1), &Origin::NOBODY).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert_eq!(store.ledger_end().await.unwrap().0, seq);
}

pub async fn entries_are_the_registry(store: &dyn Store) {
    model(store, "m").await;
    model(store, "other").await;
    for _ in 0..3 {
        store.create_model_version(new_model_version("m"), &Origin::NOBODY).await.unwrap();
    }
    stage(store, "m", 1, Stage::Production, false).await;
    stage(store, "m", 2, Stage::Production, true).await;
    alias(store, "m", "champion", 1).await;
    alias(store, "m", "champion", 2).await;
    let moved = told(store, Some("m")).await.into_iter().rev().nth(2).unwrap();
    let archived = |number, before: Stage, after: Stage| {
        Effect::of_version(number, Facet::Stage, Some(before.as_str().to_owned()), Some(after.as_str().to_owned()))
    };
    let both = [archived(1, Stage::Production, Stage::Archived), archived(2, Stage::None, Stage::Production)];
    assert_eq!(moved.effects, both);

    let state = replayed(store).await;
    let found = &state.models["m"];
    assert_eq!(found.aliases.iter().collect::<Vec<_>>(), [(&"champion".to_owned(), &2)]);
    let stages: Vec<_> = found.versions.values().map(|version| version.stage.as_str()).collect();
    assert_eq!(stages, ["Archived", "Production", "None"]);

    // A deletion ends what the version held.
    let delete = ModelVersionChange::Delete;
    store.change_model_version(&key("m"), 2, delete, at(5_000), &Origin::NOBODY).await.unwrap();
    let gone = told(store, Some("m")).await.pop().unwrap();
    assert_eq!(gone.effects[0], effect(Facet::Alias, Some("2"), None).at("champion"));
    assert_eq!(gone.effects[1], Effect::of_version(2, Facet::Stage, Some("Production".to_owned()), None));
    let state = replayed(store).await;
    assert_eq!(state.models["m"].versions.keys().collect::<Vec<_>>(), [&1, &3]);
    assert!(state.models["m"].aliases.is_empty());
    change(store, "m", Change::Delete, 6_000).await;
    assert_eq!(replayed(store).await.models.keys().collect::<Vec<_>>(), ["other"]);
    assert_eq!(told(store, Some("m")).await.len(), 10, "its history remains");
}

pub async fn a_renamed_model_has_its_history_under_both_names(store: &dyn Store) {
    model(store, "a").await;
    change(store, "a", Change::Rename(key("b")), 2_000).await;
    change(store, "b", Change::Describe(Some("words".to_owned())), 3_000).await;
    model(store, "a").await;
    let of = async |name| told(store, Some(name)).await.iter().map(|entry| entry.action).collect::<Vec<_>>();
    assert_eq!(of("a").await, [Action::CreateModel, Action::RenameModel, Action::CreateModel]);
    assert_eq!(of("b").await, [Action::RenameModel, Action::DescribeModel]);
    let state = replayed(store).await;
    assert_eq!(state.models["b"].description.as_deref(), Some("words"));
    assert_eq!(state.models["a"].description, None);
}

pub async fn entries_are_read_in_pages(store: &dyn Store) {
    for n in 0..7 {
        model(store, &format!("m{n}")).await;
    }
    let mut query = LedgerQuery { model: None, after: 0, limit: 3 };
    let mut seen = Vec::new();
    loop {
        let page = store.ledger(query.clone()).await.unwrap();
        let Some(last) = page.last() else { break };
        query.after = last.seq;
        seen.extend(page.iter().map(|entry| entry.seq));
    }
    assert_eq!(seen, (1..=7).collect::<Vec<_>>());
    let unknown = LedgerQuery { model: Some(key("none")), after: 0, limit: 3 };
    assert_eq!(store.ledger(unknown).await.unwrap(), []);
    assert_eq!(told(store, Some("m3")).await[0].at, Timestamp::from_millis(1_000));
}
