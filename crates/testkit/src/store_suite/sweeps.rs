//! Sweeps.

use trackside_core::{
    ErrorKind, ExperimentChange, ExperimentId, NewSweep, Store, Sweep, SweepChange as Change, SweepId, SweepState,
    fault,
};

use super::scene::{assert_fault, assert_kind, experiment};
use crate::fixture::at;

fn new(experiment: ExperimentId, n: u128) -> NewSweep {
    NewSweep {
        id: SweepId::fresh(n),
        experiment,
        name: None,
        description: None,
        definition: "method: grid".to_owned(),
        created_at: at(1_000),
    }
}

pub async fn a_new_sweep_is_pending_and_reads_back_as_it_was_returned(store: &dyn Store) {
    let experiment = experiment(store, "vision").await;
    let given = NewSweep { name: Some("n".to_owned()), description: Some("d".to_owned()), ..new(experiment, 1) };
    let created = store.create_sweep(given).await.unwrap();
    let expected = Sweep {
        id: SweepId::fresh(1),
        experiment,
        name: Some("n".to_owned()),
        description: Some("d".to_owned()),
        definition: "method: grid".to_owned(),
        state: SweepState::Pending,
        created_at: at(1_000),
        updated_at: at(1_000),
        n_trials: 0,
    };
    assert_eq!(created, expected);
    assert_eq!(store.sweep(&expected.id).await.unwrap(), Some(expected.clone()));
    assert_fault(store.create_sweep(new(experiment, 1)).await, &fault::sweep_exists(&expected.id));
}

pub async fn a_sweep_needs_an_experiment_that_is_active(store: &dyn Store) {
    assert_kind(store.create_sweep(new(ExperimentId::new(77), 1)).await, ErrorKind::NotFound, "77");
    let experiment = experiment(store, "vision").await;
    store.change_experiment(experiment, ExperimentChange::Delete, at(9)).await.unwrap();
    assert_kind(store.create_sweep(new(experiment, 1)).await, ErrorKind::Conflict, "active");
}

pub async fn trials_are_given_out_once_while_a_sweep_runs(store: &dyn Store) {
    let experiment = experiment(store, "vision").await;
    let id = store.create_sweep(new(experiment, 1)).await.unwrap().id;
    assert_eq!(store.take_trial(&id, at(2_000)).await.unwrap(), Some(0));
    assert_eq!(store.take_trial(&id, at(3_000)).await.unwrap(), Some(1));
    let sweep = store.sweep(&id).await.unwrap().unwrap();
    assert_eq!((sweep.state, sweep.n_trials, sweep.updated_at), (SweepState::Running, 2, at(3_000)));
    for state in [SweepState::Paused, SweepState::Finished, SweepState::Canceled] {
        store.change_sweep(&id, Change::State(state), at(4_000)).await.unwrap();
        assert_eq!(store.take_trial(&id, at(5_000)).await.unwrap(), None);
        assert_eq!(store.sweep(&id).await.unwrap().unwrap().state, state);
    }
    store.change_sweep(&id, Change::State(SweepState::Running), at(4_000)).await.unwrap();
    assert_eq!(store.take_trial(&id, at(5_000)).await.unwrap(), Some(2));
}

pub async fn a_sweep_changes(store: &dyn Store) {
    let experiment = experiment(store, "vision").await;
    let id = store.create_sweep(new(experiment, 1)).await.unwrap().id;
    let changes =
        [Change::Rename("a".to_owned()), Change::Describe(Some("b".to_owned())), Change::Define("c".to_owned())];
    for change in changes {
        store.change_sweep(&id, change, at(2_000)).await.unwrap();
    }
    let sweep = store.sweep(&id).await.unwrap().unwrap();
    assert_eq!((sweep.name.as_deref(), sweep.description.as_deref()), (Some("a"), Some("b")));
    assert_eq!((sweep.definition.as_str(), sweep.updated_at), ("c", at(2_000)));
}

pub async fn unknown_sweeps_are_not_found(store: &dyn Store) {
    let id = SweepId::fresh(77);
    assert_eq!(store.sweep(&id).await.unwrap(), None);
    assert_fault(store.change_sweep(&id, Change::Describe(None), at(1)).await, &fault::sweep_not_found(&id));
    assert_fault(store.take_trial(&id, at(1)).await, &fault::sweep_not_found(&id));
}

pub async fn sweeps_of_an_experiment_come_newest_first(store: &dyn Store) {
    let (first, other) = (experiment(store, "vision").await, experiment(store, "other").await);
    for (n, time) in [(1, 1_000), (3, 2_000), (2, 2_000)] {
        store.create_sweep(NewSweep { created_at: at(time), ..new(first, n) }).await.unwrap();
    }
    store.create_sweep(new(other, 9)).await.unwrap();
    let ids = |found: Vec<Sweep>| found.into_iter().map(|sweep| sweep.id).collect::<Vec<_>>();
    assert_eq!(ids(store.sweeps(first, 9).await.unwrap()), [2, 3, 1].map(SweepId::fresh));
    assert_eq!(ids(store.sweeps(first, 1).await.unwrap()), [SweepId::fresh(2)]);
}
