//! Evaluation datasets: what they are, how they change, and which are found.

use trackside_core::{
    EvaluationDataset, EvaluationDatasetChange as Change, EvaluationDatasetId, ExperimentChange, ExperimentId,
    NewEvaluationDataset, PageRequest, Query, Store, fault,
    query::{Compare, EvaluationDatasetField as Field, Filter, Test},
    store::BinItem,
};

use super::scene::{ALL, assert_fault, experiment, refuses_forged_tokens, walk};
use crate::fixture::{ascending, at, descending, key, pair};

fn new(n: u128, time: i64) -> NewEvaluationDataset {
    NewEvaluationDataset {
        id: EvaluationDatasetId::fresh(n),
        name: key(&format!("dataset-{n}")),
        created_at: at(time),
        created_by: None,
        tags: Vec::new(),
        experiments: Vec::new(),
    }
}

async fn create(store: &dyn Store, new: NewEvaluationDataset) -> EvaluationDatasetId {
    store.create_evaluation_dataset(new).await.unwrap().id
}

async fn read(store: &dyn Store, id: &EvaluationDatasetId) -> EvaluationDataset {
    store.evaluation_dataset(id).await.unwrap().expect("the dataset is there")
}

async fn change(store: &dyn Store, id: &EvaluationDatasetId, change: Change, time: i64) {
    store.change_evaluation_dataset(id, change, at(time)).await.unwrap();
}

fn names(found: &[EvaluationDataset]) -> Vec<&str> {
    found.iter().map(|dataset| dataset.name.as_str()).collect()
}

async fn passing(store: &dyn Store, field: Field, test: Test) -> Vec<String> {
    let query = Query { filter: Filter::Field(field, test), order: vec![ascending(Field::Name)], ..Query::default() };
    let found = store.search_evaluation_datasets(None, query, ALL).await.unwrap().items;
    names(&found).into_iter().map(str::to_owned).collect()
}

pub async fn a_new_dataset_is_empty_and_reads_back_as_it_was_returned(store: &dyn Store) {
    let experiment = experiment(store, "a").await;
    let new = NewEvaluationDataset {
        created_by: Some("ada".to_owned()),
        tags: vec![pair("b", "1"), pair("a", ""), pair("b", "2")],
        experiments: vec![experiment, experiment],
        ..new(1, 1_000)
    };
    let created = store.create_evaluation_dataset(new.clone()).await.unwrap();
    let expected = EvaluationDataset {
        id: new.id.clone(),
        name: new.name.clone(),
        created_at: at(1_000),
        updated_at: at(1_000),
        written_at: at(1_000),
        created_by: Some("ada".to_owned()),
        updated_by: Some("ada".to_owned()),
        tags: vec![pair("a", ""), pair("b", "2")],
        n_records: 0,
        schema: None,
    };
    assert_eq!(created, expected);
    assert_eq!(read(store, &new.id).await, expected);
    assert_eq!(store.experiments_of_evaluation_dataset(&new.id).await.unwrap(), [experiment]);
    let same_id = NewEvaluationDataset { name: key("other"), ..new.clone() };
    assert_fault(store.create_evaluation_dataset(same_id).await, &fault::evaluation_dataset_exists(&new.id));
    let same_name = NewEvaluationDataset { id: EvaluationDatasetId::fresh(2), ..new };
    create(store, same_name).await;
}

pub async fn a_dataset_needs_experiments_that_exist_in_any_stage(store: &dyn Store) {
    let deleted = experiment(store, "a").await;
    store.change_experiment(deleted, ExperimentChange::Delete, at(2_000)).await.unwrap();
    create(store, NewEvaluationDataset { experiments: vec![deleted], ..new(1, 1_000) }).await;
    let nowhere = ExperimentId::new(99);
    let refused = NewEvaluationDataset { experiments: vec![deleted, nowhere], ..new(2, 1_000) };
    assert_fault(store.create_evaluation_dataset(refused).await, &fault::no_such_experiment(nowhere));
    assert_eq!(store.evaluation_dataset(&EvaluationDatasetId::fresh(2)).await.unwrap(), None);
}

pub async fn what_an_unknown_dataset_lacks(store: &dyn Store) {
    let id = EvaluationDatasetId::new("nobody's");
    assert_eq!(store.evaluation_dataset(&id).await.unwrap(), None);
    assert_eq!(store.experiments_of_evaluation_dataset(&id).await.unwrap(), []);
    for harmless in [Change::DeleteTag(key("a")), Change::Delete] {
        change(store, &id, harmless, 1_000).await;
    }
    let tags = store.change_evaluation_dataset(&id, Change::SetTags(vec![]), at(1)).await;
    assert_fault(tags, &fault::tagged_evaluation_dataset_not_found(&id));
    for moved in [Change::AddExperiments(vec![]), Change::RemoveExperiments(vec![])] {
        let moved = store.change_evaluation_dataset(&id, moved, at(1)).await;
        assert_fault(moved, &fault::moved_evaluation_dataset_not_found(&id));
    }
}

pub async fn tags_of_a_dataset_change_without_counting_as_update(store: &dyn Store) {
    let id = create(store, NewEvaluationDataset { tags: vec![pair("a", "1"), pair("b", "1")], ..new(1, 1_000) }).await;
    change(store, &id, Change::SetTags(vec![pair("b", "2"), pair("c", "3")]), 2_000).await;
    change(store, &id, Change::DeleteTag(key("a")), 2_000).await;
    change(store, &id, Change::DeleteTag(key("a")), 2_000).await;
    let dataset = read(store, &id).await;
    assert_eq!(dataset.tags, [pair("b", "2"), pair("c", "3")]);
    assert_eq!(dataset.updated_at, at(1_000));
}

pub async fn experiments_are_added_in_order_and_removed(store: &dyn Store) {
    let mut ids = Vec::new();
    for n in 0..12 {
        ids.push(experiment(store, &format!("e{n}")).await);
    }
    let id = create(store, NewEvaluationDataset { experiments: vec![ids[11]], ..new(1, 1_000) }).await;
    change(store, &id, Change::AddExperiments(vec![ids[9], ids[1], ids[11], ids[1]]), 2_000).await;
    // Those that came together go by their ids as texts: 10 before 2.
    assert_eq!(store.experiments_of_evaluation_dataset(&id).await.unwrap(), [ids[11], ids[9], ids[1]]);
    assert_eq!(read(store, &id).await.updated_at, at(2_000));
    change(store, &id, Change::RemoveExperiments(vec![ids[0], ExperimentId::new(99)]), 3_000).await;
    assert_eq!(read(store, &id).await.updated_at, at(2_000), "nothing was removed");
    change(store, &id, Change::RemoveExperiments(vec![ids[9], ids[0]]), 3_000).await;
    let dataset = read(store, &id).await;
    assert_eq!((dataset.updated_at, dataset.written_at), (at(3_000), at(1_000)));
    let nowhere = ExperimentId::new(99);
    let refused = Change::AddExperiments(vec![ids[5], nowhere]);
    let refused = store.change_evaluation_dataset(&id, refused, at(4_000)).await;
    assert_fault(refused, &fault::no_such_experiment(nowhere));
    assert_eq!(store.experiments_of_evaluation_dataset(&id).await.unwrap(), [ids[11], ids[1]]);
}

pub async fn a_deleted_dataset_is_gone(store: &dyn Store) {
    let experiment = experiment(store, "a").await;
    let whole = NewEvaluationDataset { experiments: vec![experiment], tags: vec![pair("a", "1")], ..new(1, 1_000) };
    let id = create(store, whole).await;
    change(store, &id, Change::Delete, 2_000).await;
    assert_eq!(store.evaluation_dataset(&id).await.unwrap(), None);
    assert_eq!(store.experiments_of_evaluation_dataset(&id).await.unwrap(), []);
    let found = store.search_evaluation_datasets(Some(vec![experiment]), Query::default(), ALL).await.unwrap();
    assert_eq!(found.items, []);
}

pub async fn datasets_are_found_by_any_of_their_experiments(store: &dyn Store) {
    let (a, b) = (experiment(store, "a").await, experiment(store, "b").await);
    for (n, experiments) in [(1, vec![a]), (2, vec![a, b]), (3, vec![b]), (4, vec![])] {
        create(store, NewEvaluationDataset { experiments, ..new(n, 1_000 + i64::try_from(n).unwrap()) }).await;
    }
    let of = async |experiments: Option<Vec<ExperimentId>>| {
        let found = store.search_evaluation_datasets(experiments, Query::default(), ALL).await.unwrap().items;
        names(&found).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of(Some(vec![a])).await, ["dataset-2", "dataset-1"]);
    assert_eq!(of(Some(vec![b, a, b])).await, ["dataset-3", "dataset-2", "dataset-1"]);
    assert_eq!(of(Some(vec![ExperimentId::new(99)])).await, [""; 0]);
    assert_eq!(of(Some(vec![])).await, [""; 0]);
    assert_eq!(of(None).await.len(), 4);
}

pub async fn every_field_of_a_dataset_takes_its_tests(store: &dyn Store) {
    let with = |name: &str, by: Option<&str>, tag: &str| NewEvaluationDataset {
        name: key(name),
        created_by: by.map(str::to_owned),
        tags: vec![pair("k", tag)],
        ..new(u128::from(name.as_bytes()[0]), i64::from(name.as_bytes()[0]))
    };
    for new in [with("a", Some("ada"), "v"), with("b", None, "W"), with("c", Some("bob"), "v")] {
        create(store, new).await;
    }
    let text = |compare, text: &str| Test::Text(compare, text.to_owned());
    for (field, test, expected) in [
        (Field::Name, text(Compare::Greater, "a"), &["b", "c"][..]),
        (Field::CreatedAt, Test::Number(Compare::LessOrEqual, 98.0), &["a", "b"]),
        (Field::UpdatedAt, Test::Number(Compare::Equal, 97.0), &["a"]),
        (Field::CreatedBy, text(Compare::NotEqual, "ada"), &["c"]),
        (Field::UpdatedBy, Test::Like { pattern: "B%".to_owned(), case_sensitive: false }, &["c"]),
        (Field::Tag(key("k")), text(Compare::NotEqual, "v"), &["b"]),
        (Field::Tag(key("k")), Test::Like { pattern: "w".to_owned(), case_sensitive: true }, &[]),
        (Field::Tag(key("x")), Test::Present(false), &["a", "b", "c"]),
        (Field::Name, Test::OneOf { values: vec!["c".to_owned()], negated: false }, &["c"]),
    ] {
        assert_eq!(passing(store, field.clone(), test.clone()).await, expected, "{field:?} {test:?}");
    }
}

pub async fn datasets_come_newest_first_and_ties_go_by_id_downwards(store: &dyn Store) {
    for (n, time) in [(1, 1_000), (3, 1_000), (2, 1_000), (4, 500)] {
        create(store, new(n, time)).await;
    }
    let ordered = async |order| {
        let query = Query { order, ..Query::default() };
        let fetch = |page: PageRequest| store.search_evaluation_datasets(None, query.clone(), page);
        let found = walk(2, fetch).await;
        names(&found).into_iter().map(|name| name.replace("dataset-", "")).collect::<Vec<_>>().concat()
    };
    assert_eq!(ordered(vec![]).await, "3214");
    assert_eq!(ordered(vec![ascending(Field::CreatedAt)]).await, "4321");
    assert_eq!(ordered(vec![descending(Field::Name)]).await, "4321");
}

pub async fn forged_dataset_tokens_are_invalid(store: &dyn Store) {
    refuses_forged_tokens(|page| store.search_evaluation_datasets(None, Query::default(), page)).await;
}

pub async fn a_dataset_outlives_its_experiments(store: &dyn Store) {
    let experiment = experiment(store, "a").await;
    let id = create(store, NewEvaluationDataset { experiments: vec![experiment], ..new(1, 1_000) }).await;
    store.change_experiment(experiment, ExperimentChange::Delete, at(2_000)).await.unwrap();
    let item = BinItem::Experiment(experiment);
    store.doom(&item, None).await.unwrap();
    while store.purge(&item).await.unwrap() {}
    assert_eq!(store.experiments_of_evaluation_dataset(&id).await.unwrap(), []);
    assert_eq!(read(store, &id).await.name, key("dataset-1"));
}
