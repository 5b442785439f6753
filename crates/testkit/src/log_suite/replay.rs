//! The log as a whole: delivered to an empty store it makes an equal one.

use std::{collections::BTreeMap, sync::Arc};

use trackside_core::{
    Capability, Event, ExperimentChange, LoggedModelChange, LoggedModelStatus, ModelVersionChange, NewRun,
    RegisteredModelChange, RunId, Stage, Store, StoreTracker, Subject, TrackerInterface, Withheld, ledger::Origin,
    store::Log,
};

use super::scene::{SINK, entries, experiment};
use crate::{
    Inspect, ManualClock, StoreInspect,
    fixture::{
        at, key, model_metric, new_logged_model, new_model_version, new_registered_model, new_run, pair, point,
        tag_list,
    },
    tracker_suite::history::History,
};

/// What the log says of random runs and of models of both sorts is the same as what the store says.
pub async fn the_log_makes_an_equal_store(store: Arc<dyn Store>, log: &dyn Log, copy: Arc<dyn Store>) {
    log.open_cursor(SINK).await.unwrap();
    write_models(store.as_ref()).await;
    write_runs(store.as_ref()).await;
    write_registry(store.as_ref()).await;

    let tracker = StoreTracker::new("copy", Arc::clone(&copy), Arc::new(ManualClock::at(1)), "mem:/copy");
    let mut memories: BTreeMap<Subject, String> = BTreeMap::new();
    for entry in entries(log).await {
        let subject = entry.batch.subject();
        let Some(batch) = tracker.capability().restrict(entry.batch, &mut Withheld::default()) else { continue };
        let delivered = tracker.deliver(&batch, memories.get(&subject).map(String::as_str)).await.unwrap();
        assert!(delivered.withheld.is_empty(), "{batch:?}");
        memories.extend(delivered.memory.map(|memory| (subject, memory)));
    }
    let (source, copy) = (StoreInspect(store), StoreInspect(copy));
    assert_eq!(copy.runs().await, source.runs().await);
    assert_eq!(copy.logged_models().await, source.logged_models().await);
    assert_eq!(copy.registered_models().await, source.registered_models().await);
}

async fn write_runs(store: &dyn Store) {
    let experiments = [experiment(store, "a").await, experiment(store, "b").await];
    let mut events = Vec::new();
    for n in 1..=12 {
        // Tags that the events count upon.
        let tags = tag_list(&[("first", "1"), ("t0", "first")]);
        store.create_run(NewRun { tags, ..new_run(experiments[usize::from(n % 2 == 0)], n) }).await.unwrap();
        events.push((n, History::pseudo_random_events(u64::try_from(n).unwrap(), Capability::ALL).into_iter()));
    }
    // In turn, so that the runs mix; a few events together.
    while !events.is_empty() {
        for (n, rest) in &mut events {
            let some = rest.by_ref().take(1 + usize::try_from(*n % 3).unwrap()).collect();
            store.append(&RunId::fresh(*n), some).await.unwrap();
        }
        events.retain(|(_, rest)| rest.len() > 0);
    }
    store.change_experiment(experiments[0], ExperimentChange::Delete, at(2_000)).await.unwrap();
    store.change_experiment(experiments[1], ExperimentChange::Delete, at(2_000)).await.unwrap();
    store.change_experiment(experiments[1], ExperimentChange::Restore, at(3_000)).await.unwrap();
}

async fn write_models(store: &dyn Store) {
    let experiment = experiment(store, "models").await;
    for n in 0..4 {
        let model = store.create_logged_model(new_logged_model(experiment, n)).await.unwrap().id;
        for change in [
            LoggedModelChange::SetTags(tag_list(&[("t", "1"), ("u", "2")])),
            LoggedModelChange::AddParams(tag_list(&[("p", &n.to_string())])),
            LoggedModelChange::DeleteTag(key("t")),
            LoggedModelChange::Status(LoggedModelStatus::Ready),
            LoggedModelChange::Delete,
        ]
        .into_iter()
        .take(2 + usize::try_from(n).unwrap())
        {
            store.change_logged_model(&model, change, at(2_000)).await.unwrap();
        }
        if n == 1 {
            let run = store.create_run(new_run(experiment, 100)).await.unwrap().info.id;
            let measured = Event::Points(vec![
                model_metric("acc", point(1, 1, f64::NAN), &model, Some(("d", "1"))),
                model_metric("acc", point(2, 2, 0.5), &model, None),
            ]);
            store.append(&run, vec![measured]).await.unwrap();
        }
    }
}

async fn write_registry(store: &dyn Store) {
    for name in ["r", "s", "t"] {
        store.create_registered_model(new_registered_model(name), &Origin::NOBODY).await.unwrap();
        for _ in 0..4 {
            store.create_model_version(new_model_version(name), &Origin::NOBODY).await.unwrap();
        }
        for (number, change) in [
            (4, ModelVersionChange::Delete),
            (1, ModelVersionChange::Stage { stage: Stage::Production, archive_others: false }),
            (2, ModelVersionChange::Stage { stage: Stage::Production, archive_others: true }),
            (2, ModelVersionChange::SetTag(pair("t", "1"))),
            (3, ModelVersionChange::Describe(Some("third".to_owned()))),
        ] {
            store.change_model_version(&key(name), number, change, at(3_000), &Origin::NOBODY).await.unwrap();
        }
        let change = async |change| {
            store.change_registered_model(&key(name), change, at(4_000), &Origin::NOBODY).await.unwrap();
        };
        change(RegisteredModelChange::SetAlias(key("best"), 3)).await;
        change(RegisteredModelChange::SetAlias(key("old"), 1)).await;
        change(RegisteredModelChange::DeleteAlias(key("old"))).await;
        change(RegisteredModelChange::SetTag(pair("k", "v"))).await;
        change(RegisteredModelChange::Describe(Some(name.to_owned()))).await;
    }
    // A number that was deleted is not given again, in neither store.
    store.create_model_version(new_model_version("r"), &Origin::NOBODY).await.unwrap();
    store.change_registered_model(&key("t"), RegisteredModelChange::Delete, at(5_000), &Origin::NOBODY).await.unwrap();
    store
        .change_registered_model(&key("s"), RegisteredModelChange::Rename(key("t")), at(5_000), &Origin::NOBODY)
        .await
        .unwrap();
    store.create_model_version(new_model_version("t"), &Origin::NOBODY).await.unwrap();
    store.create_registered_model(new_registered_model("s"), &Origin::NOBODY).await.unwrap();
}
