//! Searching experiments: fields, order and pages.

use trackside_core::{
    ExperimentChange, ExperimentId, NewExperiment, Query, Store,
    query::{
        Compare::{Equal, Greater, GreaterOrEqual, Less, NotEqual},
        ExperimentField, Filter, Order, Test, View,
    },
};

use super::scene::{ALL, refuses_forged_tokens, walk};
use crate::fixture::{
    ascending, at, descending, ilike, key, like, new_experiment, none_of, number, one_of, tag_list, text,
};

/// Names of what a query finds, in its order.
async fn names(store: &dyn Store, query: Query<ExperimentField>) -> Vec<String> {
    let page = store.search_experiments(query, ALL).await.unwrap();
    assert_eq!(page.next, None);
    page.items.into_iter().map(|experiment| experiment.name.as_str().to_owned()).collect()
}

async fn create(store: &dyn Store, name: &str, created: i64, tags: &[(&str, &str)]) -> ExperimentId {
    let new = NewExperiment { created_at: at(created), tags: tag_list(tags), ..new_experiment(name) };
    store.create_experiment(new).await.unwrap().id
}

pub async fn found_experiments_are_whole(store: &dyn Store) {
    let id = create(store, "e", 1_000, &[("b", "2"), ("a", "1")]).await;
    store.change_experiment(id, ExperimentChange::Rename(key("new")), at(2_000)).await.unwrap();
    let page = store.search_experiments(Query::default(), ALL).await.unwrap();
    assert_eq!(page.items, [store.experiment(id).await.unwrap().unwrap()]);
}

pub async fn the_view_tells_active_and_deleted_experiments_apart(store: &dyn Store) {
    create(store, "active", 1_000, &[]).await;
    let id = create(store, "deleted", 2_000, &[]).await;
    store.change_experiment(id, ExperimentChange::Delete, at(3_000)).await.unwrap();
    for (view, expected) in
        [(View::Active, &["active"][..]), (View::Deleted, &["deleted"]), (View::All, &["deleted", "active"])]
    {
        assert_eq!(names(store, Query { view, ..Query::default() }).await, expected, "{view:?}");
    }
}

pub async fn every_field_of_an_experiment_takes_its_tests(store: &dyn Store) {
    let a = create(store, "a", 1_000, &[("team", "red"), ("it's", "1")]).await;
    let b = create(store, "B", 2_000, &[("team", "Blue")]).await;
    create(store, "c%", 3_000, &[]).await;
    store.change_experiment(a, ExperimentChange::Rename(key("A")), at(9_000)).await.unwrap();
    let (id, team) = (b.to_string(), ExperimentField::Tag(key("team")));
    for (field, test, expected) in [
        (ExperimentField::Id, text(Equal, &id), &["B"][..]),
        (ExperimentField::Id, text(NotEqual, &id), &["c%", "A"]),
        (ExperimentField::Id, one_of(&[&id, &a.to_string()]), &["B", "A"]),
        (ExperimentField::Id, none_of(&[&id]), &["c%", "A"]),
        (ExperimentField::Id, text(Equal, &format!("{id}.0")), &[]),
        (ExperimentField::Name, text(Equal, "b"), &[]),
        (ExperimentField::Name, text(Less, "B"), &["A"]),
        (ExperimentField::Name, like("_"), &["B", "A"]),
        (ExperimentField::Name, like("b"), &[]),
        (ExperimentField::Name, ilike("b"), &["B"]),
        (ExperimentField::Name, text(Equal, "' OR 1=1 --"), &[]),
        (ExperimentField::CreatedAt, number(GreaterOrEqual, 2_000.0), &["c%", "B"]),
        (ExperimentField::CreatedAt, number(Equal, 1_000.0), &["A"]),
        (ExperimentField::UpdatedAt, number(Greater, 3_000.0), &["A"]),
        (team.clone(), text(Equal, "red"), &["A"]),
        (team.clone(), text(NotEqual, "red"), &["B"]),
        (team.clone(), ilike("BL%"), &["B"]),
        (team.clone(), Test::Present(true), &["B", "A"]),
        (team, Test::Present(false), &["c%"]),
        (ExperimentField::Tag(key("it's")), text(Equal, "1"), &["A"]),
    ] {
        let filter = Filter::Field(field.clone(), test.clone());
        let found = names(store, Query { filter, ..Query::default() }).await;
        assert_eq!(found, expected, "{field:?} {test:?}");
    }
}

pub async fn not_also_finds_experiments_without_the_tag(store: &dyn Store) {
    create(store, "a", 1_000, &[("k", "v")]).await;
    create(store, "b", 2_000, &[]).await;
    let has = Filter::Field(ExperimentField::Tag(key("k")), text(Equal, "v"));
    let filter = Filter::Not(Box::new(has.clone()));
    assert_eq!(names(store, Query { filter, ..Query::default() }).await, ["b"]);
    let filter = Filter::Any(vec![has, Filter::Field(ExperimentField::Name, text(Equal, "b"))]);
    assert_eq!(names(store, Query { filter, ..Query::default() }).await, ["b", "a"]);
}

pub async fn experiments_come_newest_first_then_by_id_unless_told_otherwise(store: &dyn Store) {
    for (name, created) in [("a", 2_000), ("b", 3_000), ("c", 1_000), ("d", 2_000), ("e", 2_000)] {
        create(store, name, created, &[]).await;
    }
    assert_eq!(names(store, Query::default()).await, ["b", "a", "d", "e", "c"]);
}

pub async fn ties_of_a_given_experiment_order_go_by_id_downwards(store: &dyn Store) {
    for (name, created, tags) in
        [("a", 2, &[("k", "1")][..]), ("b", 1, &[]), ("c", 2, &[("k", "1")]), ("d", 2, &[("k", "2")]), ("e", 1, &[])]
    {
        create(store, name, created, tags).await;
    }
    let tag = ExperimentField::Tag(key("k"));
    for (order, expected) in [
        (ascending(ExperimentField::CreatedAt), ["e", "b", "d", "c", "a"]),
        (descending(ExperimentField::CreatedAt), ["d", "c", "a", "e", "b"]),
        (descending(ExperimentField::UpdatedAt), ["d", "c", "a", "e", "b"]),
        (ascending(ExperimentField::Name), ["a", "b", "c", "d", "e"]),
        (descending(ExperimentField::Name), ["e", "d", "c", "b", "a"]),
        (ascending(tag.clone()), ["c", "a", "d", "e", "b"]),
        (descending(tag), ["d", "c", "a", "e", "b"]),
    ] {
        assert_eq!(names(store, Query { order: vec![order.clone()], ..Query::default() }).await, expected, "{order:?}");
    }
}

pub async fn experiment_ids_are_ordered_as_numbers_and_compared_as_texts(store: &dyn Store) {
    for n in 0..12 {
        create(store, &format!("{n}"), 1_000, &[]).await;
    }
    let upwards: Vec<_> = (0..12).map(|n| n.to_string()).collect();
    let by_id = |ascending| Query { order: vec![Order { field: ExperimentField::Id, ascending }], ..Query::default() };
    assert_eq!(names(store, by_id(true)).await, upwards);
    assert_eq!(names(store, by_id(false)).await, upwards.iter().rev().cloned().collect::<Vec<_>>());
    let starting_with_one = Filter::Field(ExperimentField::Id, like("1_"));
    let found = store.search_experiments(Query { filter: starting_with_one, ..by_id(true) }, ALL).await.unwrap();
    assert!(found.items.iter().all(|experiment| (10..20).contains(&experiment.id.get())));
    assert!(!found.items.is_empty());
}

pub async fn experiment_pages_are_disjoint_complete_and_in_order(store: &dyn Store) {
    for n in 0..10 {
        create(store, &format!("e{n}"), n / 4, if n % 3 == 0 { &[("k", "v")] } else { &[] }).await;
    }
    for order in [vec![], vec![descending(ExperimentField::Tag(key("k")))], vec![ascending(ExperimentField::CreatedAt)]]
    {
        let query = Query { order, ..Query::default() };
        let whole = store.search_experiments(query.clone(), ALL).await.unwrap().items;
        assert_eq!(whole.len(), 10);
        for limit in [1, 3, 5, 10] {
            let paged = walk(limit, |page| store.search_experiments(query.clone(), page)).await;
            assert_eq!(paged, whole, "pages of {limit} ordered by {:?}", query.order);
        }
    }
}

pub async fn forged_experiment_tokens_are_invalid(store: &dyn Store) {
    create(store, "e", 1_000, &[]).await;
    refuses_forged_tokens(|page| store.search_experiments(Query::default(), page)).await;
}
