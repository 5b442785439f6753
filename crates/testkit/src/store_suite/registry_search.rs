//! Searching registered models and model versions: fields, order and pages.

use trackside_core::{
    ModelVersionChange, NewModelVersion, NewRegisteredModel, Query, RegisteredModelChange, RunId, Store,
    ledger::Origin,
    query::{
        Compare::{Equal, Greater, GreaterOrEqual, Less, NotEqual},
        Filter, ModelVersionField, Order, RegisteredModelField, Test, View,
    },
};

use super::{
    registered_models::{alias, change, model, read_model},
    scene::{ALL, refuses_forged_tokens, walk},
};
use crate::fixture::{
    ascending, at, descending, ilike, key, like, new_model_version, new_registered_model, none_of, number, one_of,
    tag_list, text,
};

async fn names(store: &dyn Store, query: Query<RegisteredModelField>) -> Vec<String> {
    let page = store.search_registered_models(query, ALL).await.unwrap();
    assert_eq!(page.next, None);
    page.items.into_iter().map(|model| model.name.as_str().to_owned()).collect()
}

/// Versions that a query finds, as `model/number`, in its order.
async fn versions(store: &dyn Store, query: Query<ModelVersionField>) -> Vec<String> {
    let page = store.search_model_versions(query, ALL).await.unwrap();
    assert_eq!(page.next, None);
    page.items.into_iter().map(|version| format!("{}/{}", version.model, version.number)).collect()
}

fn by<F>(order: Order<F>) -> Query<F> {
    Query { order: vec![order], ..Query::default() }
}

async fn create(store: &dyn Store, name: &str, created: i64, tags: &[(&str, &str)]) {
    let new = NewRegisteredModel { created_at: at(created), tags: tag_list(tags), ..new_registered_model(name) };
    store.create_registered_model(new, &Origin::NOBODY).await.unwrap();
}

pub async fn found_registered_models_are_whole(store: &dyn Store) {
    create(store, "a", 1_000, &[("k", "v"), ("j", "w")]).await;
    store.create_model_version(new_model_version("a"), &Origin::NOBODY).await.unwrap();
    alias(store, "a", "champion", 1).await;
    model(store, "b").await;
    let page = store.search_registered_models(Query::default(), ALL).await.unwrap();
    assert_eq!(page.items, [read_model(store, "a").await, read_model(store, "b").await]);
}

pub async fn every_field_of_a_registered_model_takes_its_tests(store: &dyn Store) {
    create(store, "it's", 3_000, &[]).await;
    create(store, "B_1", 2_000, &[("team", "Red")]).await;
    create(store, "a", 1_000, &[("team", "blue"), ("it's", "1")]).await;
    change(store, "a", RegisteredModelChange::Describe(None), 9_000).await;
    let team = RegisteredModelField::Tag(key("team"));
    for (field, test, expected) in [
        (RegisteredModelField::Name, text(Equal, "it's"), &["it's"][..]),
        (RegisteredModelField::Name, text(NotEqual, "a"), &["B_1", "it's"]),
        (RegisteredModelField::Name, like("b%"), &[]),
        (RegisteredModelField::Name, ilike("b__"), &["B_1"]),
        (RegisteredModelField::Name, one_of(&["a", "b_1"]), &["a"]),
        (RegisteredModelField::Name, none_of(&["a"]), &["B_1", "it's"]),
        (RegisteredModelField::CreatedAt, number(Less, 2_500.0), &["B_1", "a"]),
        (RegisteredModelField::UpdatedAt, number(Greater, 3_000.0), &["a"]),
        (team.clone(), text(Equal, "Red"), &["B_1"]),
        (team.clone(), text(NotEqual, "Red"), &["a"]),
        (team.clone(), ilike("BLUE"), &["a"]),
        (team.clone(), Test::Present(true), &["B_1", "a"]),
        (team, Test::Present(false), &["it's"]),
        (RegisteredModelField::Tag(key("it's")), text(Equal, "1"), &["a"]),
    ] {
        let filter = Filter::Field(field.clone(), test.clone());
        assert_eq!(names(store, Query { filter, ..Query::default() }).await, expected, "{field:?} {test:?}");
    }
    let blue = Filter::Field(RegisteredModelField::Tag(key("team")), text(Equal, "blue"));
    let not_blue = Filter::Not(Box::new(blue));
    assert_eq!(names(store, Query { filter: not_blue, ..Query::default() }).await, ["B_1", "it's"]);
}

pub async fn registered_models_come_by_name_and_so_do_ties(store: &dyn Store) {
    for (name, created) in [("b", 2_000), ("a", 2_000), ("ä", 1_000), ("B", 2_000)] {
        create(store, name, created, if created == 1_000 { &[("k", "v")] } else { &[] }).await;
    }
    for (query, expected) in [
        (Query::default(), ["B", "a", "b", "ä"]),
        (by(descending(RegisteredModelField::Name)), ["ä", "b", "a", "B"]),
        (by(ascending(RegisteredModelField::CreatedAt)), ["ä", "B", "a", "b"]),
        (by(descending(RegisteredModelField::UpdatedAt)), ["B", "a", "b", "ä"]),
        (by(descending(RegisteredModelField::Tag(key("k")))), ["ä", "B", "a", "b"]),
    ] {
        assert_eq!(names(store, query.clone()).await, expected, "{query:?}");
    }
}

pub async fn registered_model_pages_are_disjoint_complete_and_in_order(store: &dyn Store) {
    for n in 0..10 {
        create(store, &format!("m{n}"), n / 4, &[]).await;
    }
    for order in [vec![], vec![descending(RegisteredModelField::CreatedAt)]] {
        let query = Query { order, ..Query::default() };
        let whole = store.search_registered_models(query.clone(), ALL).await.unwrap().items;
        assert_eq!(whole.len(), 10);
        for limit in [1, 3, 5, 10] {
            let paged = walk(limit, |page| store.search_registered_models(query.clone(), page)).await;
            assert_eq!(paged, whole, "pages of {limit}");
        }
    }
}

pub async fn forged_registered_model_tokens_are_invalid(store: &dyn Store) {
    model(store, "M").await;
    refuses_forged_tokens(|page| store.search_registered_models(Query::default(), page)).await;
}

/// `a/1` to `a/3` and `b/1`; `a/2` has a run and a tag and was described last.
async fn four_versions(store: &dyn Store) {
    for name in ["b", "a"] {
        model(store, name).await;
    }
    let special = NewModelVersion {
        created_at: at(3_000),
        source: "s3://it's/100%".to_owned(),
        run: Some(RunId::fresh(7)),
        tags: tag_list(&[("k", "Value")]),
        ..new_model_version("a")
    };
    for new in [new_model_version("a"), special, new_model_version("a"), new_model_version("b")] {
        store.create_model_version(new, &Origin::NOBODY).await.unwrap();
    }
    let described = ModelVersionChange::Describe(Some("words".to_owned()));
    store.change_model_version(&key("a"), 2, described, at(9_000), &Origin::NOBODY).await.unwrap();
}

pub async fn found_versions_are_whole_but_for_their_aliases(store: &dyn Store) {
    four_versions(store).await;
    alias(store, "a", "champion", 3).await;
    store.change_model_version(&key("a"), 1, ModelVersionChange::Delete, at(9_999), &Origin::NOBODY).await.unwrap();
    let page = store.search_model_versions(Query::default(), ALL).await.unwrap();
    let mut expected = Vec::new();
    for (model, number) in [("a", 2), ("a", 3), ("b", 1)] {
        let read = store.model_version(&key(model), number).await.unwrap().unwrap();
        expected.push(trackside_core::ModelVersion { aliases: vec![], ..read });
    }
    assert_eq!(page.items, expected);
}

pub async fn the_view_does_not_matter_where_there_is_no_bin(store: &dyn Store) {
    four_versions(store).await;
    for view in [View::Active, View::Deleted, View::All] {
        assert_eq!(names(store, Query { view, ..Query::default() }).await, ["a", "b"]);
        assert_eq!(versions(store, Query { view, ..Query::default() }).await.len(), 4);
    }
}

pub async fn every_field_of_a_version_takes_its_tests(store: &dyn Store) {
    four_versions(store).await;
    let run = RunId::fresh(7);
    let tag = ModelVersionField::Tag(key("k"));
    for (field, test, expected) in [
        (ModelVersionField::Model, text(Equal, "b"), &["b/1"][..]),
        (ModelVersionField::Model, ilike("A"), &["a/2", "a/3", "a/1"]),
        (ModelVersionField::Model, one_of(&["b", "'"]), &["b/1"]),
        (ModelVersionField::Number, number(Equal, 1.0), &["a/1", "b/1"]),
        (ModelVersionField::Number, number(GreaterOrEqual, 1.5), &["a/2", "a/3"]),
        (ModelVersionField::Run, text(Equal, run.as_str()), &["a/2"]),
        (ModelVersionField::Run, text(NotEqual, "x"), &["a/2"]),
        (ModelVersionField::Stage, text(Equal, "Production"), &[]),
        (ModelVersionField::Stage, text(NotEqual, "Production"), &["a/2", "a/3", "a/1", "b/1"]),
        (ModelVersionField::Run, none_of(&["x"]), &["a/2"]),
        (ModelVersionField::Run, Test::Present(false), &["a/3", "a/1", "b/1"]),
        (ModelVersionField::Source, text(Equal, "s3://it's/100%"), &["a/2"]),
        (ModelVersionField::Source, like("mem:%"), &["a/3", "a/1", "b/1"]),
        (ModelVersionField::CreatedAt, number(Greater, 2_000.0), &["a/2"]),
        (ModelVersionField::UpdatedAt, number(Less, 9_000.0), &["a/3", "a/1", "b/1"]),
        (tag.clone(), ilike("value"), &["a/2"]),
        (tag.clone(), text(NotEqual, "Value"), &[]),
        (tag, Test::Present(false), &["a/3", "a/1", "b/1"]),
    ] {
        let filter = Filter::Field(field.clone(), test.clone());
        assert_eq!(versions(store, Query { filter, ..Query::default() }).await, expected, "{field:?} {test:?}");
    }
}

pub async fn versions_come_latest_change_first_then_by_name_then_highest_first(store: &dyn Store) {
    four_versions(store).await;
    for (query, expected) in [
        (Query::default(), ["a/2", "a/3", "a/1", "b/1"]),
        (by(ascending(ModelVersionField::UpdatedAt)), ["a/3", "a/1", "b/1", "a/2"]),
        (by(ascending(ModelVersionField::Model)), ["a/3", "a/2", "a/1", "b/1"]),
        (by(descending(ModelVersionField::Model)), ["b/1", "a/3", "a/2", "a/1"]),
        (by(ascending(ModelVersionField::Number)), ["a/1", "b/1", "a/2", "a/3"]),
        (by(descending(ModelVersionField::CreatedAt)), ["a/2", "a/3", "a/1", "b/1"]),
        (by(ascending(ModelVersionField::Run)), ["a/2", "a/3", "a/1", "b/1"]),
        (by(descending(ModelVersionField::Tag(key("k")))), ["a/2", "a/3", "a/1", "b/1"]),
    ] {
        assert_eq!(versions(store, query.clone()).await, expected, "{query:?}");
    }
}

pub async fn version_pages_are_disjoint_complete_and_in_order(store: &dyn Store) {
    four_versions(store).await;
    for order in [vec![], vec![descending(ModelVersionField::Run)], vec![ascending(ModelVersionField::Number)]] {
        let query = Query { order, ..Query::default() };
        let whole = store.search_model_versions(query.clone(), ALL).await.unwrap().items;
        assert_eq!(whole.len(), 4);
        for limit in [1, 2, 3, 4] {
            let paged = walk(limit, |page| store.search_model_versions(query.clone(), page)).await;
            assert_eq!(paged, whole, "pages of {limit} ordered by {:?}", query.order);
        }
    }
}

pub async fn forged_version_tokens_are_invalid(store: &dyn Store) {
    four_versions(store).await;
    refuses_forged_tokens(|page| store.search_model_versions(Query::default(), page)).await;
}
