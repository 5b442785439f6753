//! What runs of experiments have read.

use trackside_core::{DatasetInput, DatasetSummary, Event, ExperimentId, Store};

use super::scene::{append, experiment, run};
use crate::fixture::{at, dataset_input, key, tag_list};

const ALL: usize = 1_000;

fn read(name: &str, digest: &str, context: Option<&str>) -> Event {
    let other = ("other", "x");
    let tags = context.map_or(vec![other], |context| vec![("mlflow.data.context", context), other]);
    Event::DatasetInputs(vec![DatasetInput { tags: tag_list(&tags), ..dataset_input(name, digest) }])
}

fn summary(experiment: ExperimentId, name: &str, digest: &str, context: Option<&str>) -> DatasetSummary {
    DatasetSummary { experiment, name: key(name), digest: digest.to_owned(), context: context.map(str::to_owned) }
}

pub async fn a_dataset_is_found_once_per_context_in_order(store: &dyn Store) {
    let (first, second) = (experiment(store, "first").await, experiment(store, "second").await);
    run(store, second, 1, vec![read("a", "1", Some("eval"))]).await;
    run(store, first, 2, vec![read("b", "2", Some("train")), read("b", "1", None), read("a", "1", Some("train"))])
        .await;
    run(store, first, 3, vec![read("b", "2", Some("train")), read("b", "1", Some("")), read("B", "1", None)]).await;
    run(store, first, 4, vec![read("b", "2", Some("eval")), read("b", "1", None)]).await;
    let expected = [
        summary(first, "B", "1", None),
        summary(first, "a", "1", Some("train")),
        summary(first, "b", "1", None),
        summary(first, "b", "1", Some("")),
        summary(first, "b", "2", Some("eval")),
        summary(first, "b", "2", Some("train")),
        summary(second, "a", "1", Some("eval")),
    ];
    let both = vec![second, first, second];
    assert_eq!(store.search_datasets(both.clone(), ALL).await.unwrap(), expected);
    for limit in [0, 1, 4, 7] {
        assert_eq!(store.search_datasets(both.clone(), limit).await.unwrap(), expected[..limit], "at most {limit}");
    }
}

pub async fn only_datasets_of_the_named_experiments_are_found(store: &dyn Store) {
    let (first, second) = (experiment(store, "first").await, experiment(store, "second").await);
    run(store, first, 1, vec![read("d", "1", None)]).await;
    run(store, second, 2, vec![]).await;
    let unknown = ExperimentId::new(99);
    assert_eq!(store.search_datasets(vec![unknown, first], ALL).await.unwrap(), [summary(first, "d", "1", None)]);
    for without in [vec![], vec![second], vec![unknown]] {
        assert_eq!(store.search_datasets(without, ALL).await.unwrap(), []);
    }
}

pub async fn datasets_of_deleted_runs_are_found(store: &dyn Store) {
    let experiment = experiment(store, "e").await;
    let id = run(store, experiment, 1, vec![read("d", "1", Some("train"))]).await;
    append(store, &id, vec![Event::Deleted(at(5))]).await;
    let found = store.search_datasets(vec![experiment], ALL).await.unwrap();
    assert_eq!(found, [summary(experiment, "d", "1", Some("train"))]);
}
