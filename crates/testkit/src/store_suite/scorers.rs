//! Scorers: versions, which are found, and how often they are to run.

use trackside_core::{
    ExperimentChange, ExperimentId, NewScorerVersion, OnlineScoring, ScorerChange as Change, ScorerId, ScorerVersion,
    Store,
    WhichVersions::{All, Latest, Number},
    fault,
    store::BinItem,
};

use super::scene::{assert_fault, experiment};
use crate::fixture::{at, key};

/// The next version of a scorer; `n` makes the id of a new one.
async fn version(store: &dyn Store, experiment: ExperimentId, name: &str, n: u128) -> ScorerVersion {
    let new = NewScorerVersion {
        scorer: ScorerId::fresh(n),
        experiment,
        name: key(name),
        definition: format!("{{\"n\":{n}}}"),
        created_at: at(1_000),
    };
    store.create_scorer_version(new).await.unwrap()
}

async fn change(store: &dyn Store, experiment: ExperimentId, name: &str, change: Change) {
    store.change_scorer(experiment, &key(name), change).await.unwrap();
}

async fn delete(store: &dyn Store, id: ExperimentId) {
    store.change_experiment(id, ExperimentChange::Delete, at(5_000)).await.unwrap();
}

fn numbers(versions: &[ScorerVersion]) -> Vec<(&str, u32)> {
    versions.iter().map(|version| (version.name.as_str(), version.number)).collect()
}

fn online(id: &str, filter: Option<&str>) -> OnlineScoring {
    OnlineScoring { id: id.to_owned(), sample_rate: 0.25, filter: filter.map(str::to_owned) }
}

pub async fn versions_of_a_scorer_are_numbered_and_share_its_id(store: &dyn Store) {
    let experiment = experiment(store, "a").await;
    let first = version(store, experiment, "s", 1).await;
    let expected = ScorerVersion {
        scorer: ScorerId::fresh(1),
        experiment,
        name: key("s"),
        number: 1,
        definition: "{\"n\":1}".to_owned(),
        created_at: at(1_000),
    };
    assert_eq!(first, expected);
    let second = version(store, experiment, "s", 2).await;
    assert_eq!((second.number, &second.scorer), (2, &first.scorer));
    let name = key("s");
    let versions = async |which| store.scorer_versions(experiment, &name, which).await.unwrap();
    assert_eq!(versions(All).await, [first.clone(), second.clone()]);
    assert_eq!(versions(Latest).await, [second]);
    assert_eq!(versions(Number(1)).await, [first]);
}

pub async fn names_of_scorers_are_unique_within_an_experiment(store: &dyn Store) {
    let (a, b) = (experiment(store, "a").await, experiment(store, "b").await);
    for (n, (experiment, name)) in [(a, "s"), (b, "s"), (a, "S"), (a, "ü/ ?")].into_iter().enumerate() {
        let created = version(store, experiment, name, n as u128).await;
        assert_eq!((created.number, created.scorer), (1, ScorerId::fresh(n as u128)), "{name}");
    }
}

pub async fn the_number_of_a_deleted_version_is_given_again_only_if_it_was_the_highest(store: &dyn Store) {
    let experiment = experiment(store, "a").await;
    for n in 1..=3 {
        version(store, experiment, "s", n).await;
    }
    change(store, experiment, "s", Change::DeleteVersion(1)).await;
    assert_eq!(version(store, experiment, "s", 4).await.number, 4);
    change(store, experiment, "s", Change::DeleteVersion(4)).await;
    assert_eq!(version(store, experiment, "s", 5).await.number, 4);
    let left = store.scorer_versions(experiment, &key("s"), All).await.unwrap();
    assert_eq!(numbers(&left), [("s", 2), ("s", 3), ("s", 4)]);
}

pub async fn unknown_scorers_and_versions_are_not_found(store: &dyn Store) {
    let experiment = experiment(store, "a").await;
    version(store, experiment, "s", 1).await;
    let (known, unknown) = (key("s"), key("t"));
    let no_scorer = fault::scorer_not_found(experiment, &unknown);
    assert_fault(store.scorer_versions(experiment, &unknown, All).await, &no_scorer);
    for other in [Change::Delete, Change::DeleteVersion(1), Change::Schedule(online("1", None))] {
        assert_fault(store.change_scorer(experiment, &unknown, other).await, &no_scorer);
    }
    for number in [2, 0, -1, i64::MAX] {
        let no_version = fault::scorer_version_not_found(experiment, &known, number);
        assert_fault(store.scorer_versions(experiment, &known, Number(number)).await, &no_version);
        assert_fault(store.change_scorer(experiment, &known, Change::DeleteVersion(number)).await, &no_version);
    }
}

pub async fn a_scorer_without_versions_stays_but_is_not_found(store: &dyn Store) {
    let experiment = experiment(store, "a").await;
    let created = version(store, experiment, "s", 1).await;
    change(store, experiment, "s", Change::DeleteVersion(1)).await;
    let name = key("s");
    let absent = fault::scorer_not_found(experiment, &name);
    assert_fault(store.scorer_versions(experiment, &name, Latest).await, &absent);
    assert_fault(store.change_scorer(experiment, &name, Change::Delete).await, &absent);
    assert_eq!(store.latest_scorers(None).await.unwrap(), []);
    let again = version(store, experiment, "s", 2).await;
    assert_eq!((again.number, again.scorer), (1, created.scorer));
}

pub async fn a_deleted_scorer_takes_versions_and_schedule_with_it(store: &dyn Store) {
    let experiment = experiment(store, "a").await;
    let created = version(store, experiment, "s", 1).await;
    version(store, experiment, "s", 2).await;
    change(store, experiment, "s", Change::Schedule(online("1", None))).await;
    change(store, experiment, "s", Change::Delete).await;
    let name = key("s");
    assert_fault(store.scorer_versions(experiment, &name, All).await, &fault::scorer_not_found(experiment, &name));
    assert_eq!(store.scorer_schedules(vec![created.scorer]).await.unwrap(), []);
    assert_eq!(version(store, experiment, "s", 3).await.scorer, ScorerId::fresh(3));
}

pub async fn the_latest_scorers_come_by_experiment_and_name(store: &dyn Store) {
    let (a, b) = (experiment(store, "a").await, experiment(store, "b").await);
    for (n, (experiment, name)) in [(b, "x"), (a, "y"), (a, "Z"), (a, "y")].into_iter().enumerate() {
        version(store, experiment, name, n as u128).await;
    }
    assert_eq!(numbers(&store.latest_scorers(None).await.unwrap()), [("Z", 1), ("y", 2), ("x", 1)]);
    let among = vec![b, ExperimentId::new(99), b];
    assert_eq!(numbers(&store.latest_scorers(Some(among)).await.unwrap()), [("x", 1)]);
    assert_eq!(store.latest_scorers(Some(vec![])).await.unwrap(), []);
}

pub async fn scorers_of_a_deleted_experiment_are_out_of_reach(store: &dyn Store) {
    let id = experiment(store, "a").await;
    let created = version(store, id, "s", 1).await;
    change(store, id, "s", Change::Schedule(online("1", None))).await;
    delete(store, id).await;
    let deleted = fault::experiment_not_active(id);
    let name = key("s");
    assert_fault(store.scorer_versions(id, &name, All).await, &deleted);
    assert_fault(store.change_scorer(id, &name, Change::Delete).await, &deleted);
    let new = NewScorerVersion {
        scorer: ScorerId::fresh(2),
        experiment: id,
        name: name.clone(),
        definition: String::new(),
        created_at: at(1_000),
    };
    assert_fault(store.create_scorer_version(new.clone()).await, &deleted);
    assert_eq!(store.latest_scorers(Some(vec![id])).await.unwrap(), []);
    assert_eq!(store.scorer_schedules(vec![created.scorer]).await.unwrap().len(), 1);

    let nowhere = ExperimentId::new(99);
    let absent = fault::experiment_not_found(nowhere);
    assert_fault(store.scorer_versions(nowhere, &name, All).await, &absent);
    assert_fault(store.create_scorer_version(NewScorerVersion { experiment: nowhere, ..new }).await, &absent);
}

pub async fn a_schedule_is_replaced_and_found_by_id(store: &dyn Store) {
    let experiment = experiment(store, "a").await;
    let scheduled = version(store, experiment, "s", 1).await.scorer;
    let other = version(store, experiment, "t", 2).await.scorer;
    change(store, experiment, "s", Change::Schedule(online("1", Some("status = 'OK'")))).await;
    change(store, experiment, "s", Change::Schedule(online("2", Some("")))).await;
    let asked = vec![other, scheduled.clone(), scheduled.clone(), ScorerId::new("nobody's")];
    let found = store.scorer_schedules(asked).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].scorer, found[0].experiment), (&scheduled, experiment));
    assert_eq!(found[0].online, online("2", Some("")));
}

pub async fn a_removed_experiment_takes_its_scorers_along(store: &dyn Store) {
    let id = experiment(store, "a").await;
    let scorer = version(store, id, "s", 1).await.scorer;
    change(store, id, "s", Change::Schedule(online("1", None))).await;
    delete(store, id).await;
    let item = BinItem::Experiment(id);
    store.doom(&item, None).await.unwrap();
    while store.purge(&item).await.unwrap() {}
    assert_eq!(store.scorer_schedules(vec![scorer]).await.unwrap(), []);
    // The id is free again.
    let elsewhere = experiment(store, "b").await;
    assert_eq!(version(store, elsewhere, "s", 1).await.number, 1);
}
