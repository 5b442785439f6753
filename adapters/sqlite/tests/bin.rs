//! What is removed for good leaves nothing behind: no orphan in any table, and no page that is not free.

use std::{collections::BTreeMap, path::Path};

use rusqlite::Connection;
use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, Sealing, SqliteStore};
use trackside_core::{
    Event, ExperimentChange, ExperimentId, LoggedModelChange, RunId,
    store::{Bin, BinItem, Experiments, LoggedModels, Runs},
};
use trackside_testkit::fixture::{
    at, dataset_input, metric, model_metric, new_experiment, new_logged_model, new_run, params, point, tags,
};

/// Rows of each table, but for what SQLite and the schema have of their own.
fn rows(path: &Path) -> BTreeMap<String, i64> {
    let connection = Connection::open(path).unwrap();
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'sqlite_sequence'")
        .unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let count = |table: &str| connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0));
    tables.into_iter().map(|table| (table.clone(), count(&table).unwrap())).collect()
}

/// No row names another that is not there, and the file is whole.
fn assert_sound(path: &Path) {
    let connection = Connection::open(path).unwrap();
    let mut check = connection.prepare("PRAGMA foreign_key_check").unwrap();
    let broken: Vec<String> = check.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(broken, Vec::<String>::new());
    let whole: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
}

fn values(n: i64) -> Event {
    let value = |step: i64| if step % 7 == 0 { f64::NAN } else { -0.0 };
    let point = |step: i64| metric(&format!("m{}", step % 3), point(step, 1_000 + step, value(step)));
    Event::Points((0..n).map(point).collect())
}

/// An experiment with everything that a run and a logged model can have, all of it deleted.
async fn furnished(store: &SqliteStore, name: &str) -> (ExperimentId, RunId, BinItem) {
    let experiment = store.create_experiment(new_experiment(name)).await.unwrap().id;
    let number = experiment.get().unsigned_abs().into();
    let model = store.create_logged_model(new_logged_model(experiment, number)).await.unwrap().id;
    let run = store.create_run(new_run(experiment, number)).await.unwrap().info.id;
    let measured = (0..20).map(|step| model_metric("m", point(step, 1, 0.5), &model, Some(("d", "1")))).collect();
    for event in [
        params(&[("p", "1")]),
        tags(&[("t", "1")]),
        values(9_000),
        Event::Points(measured),
        Event::DatasetInputs(vec![dataset_input("d", "1")]),
        Event::ModelInputs(vec![model.clone()]),
    ] {
        store.append(&run, vec![event]).await.unwrap();
    }
    store.seal().await.unwrap();
    // Behind the chunks, in the tail, in blocks, and before their place.
    let late = Event::Points(vec![metric("m0", point(-3, 5, 2.0))]);
    store.append(&run, vec![late, values(9_100)]).await.unwrap();
    store.change_logged_model(&model, LoggedModelChange::Delete, at(5_000)).await.unwrap();
    store.change_experiment(experiment, ExperimentChange::Delete, at(5_000)).await.unwrap();
    (experiment, run, BinItem::LoggedModel(model))
}

async fn remove(store: &SqliteStore, item: &BinItem) {
    store.doom(item, None).await.unwrap();
    while store.purge(item).await.unwrap() {}
}

#[tokio::test]
async fn nothing_is_left_behind() {
    for sealing in [
        Sealing::default(),
        Sealing { tail_points: 1, unsealed_points: 1, chunk_points: 3, idle_millis: 0 },
        Sealing { tail_points: 4, unsealed_points: 50_000, chunk_points: 10, idle_millis: 86_400_000 },
    ] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("trackside.db");
        let store = SqliteStore::open(&path, Config { sealing, ..Config::default() }).unwrap();
        let kept = furnished(&store, "kept").await;
        store.seal().await.unwrap();
        let before = rows(&path);
        let (experiment, run, model) = furnished(&store, "gone").await;
        let full = rows(&path);
        assert!(full["series"] > before["series"] && full["chunk"] >= before["chunk"], "{full:?}");
        for item in [BinItem::Run(run), model, BinItem::Experiment(experiment)] {
            remove(&store, &item).await;
            assert_sound(&path);
        }
        store.seal().await.unwrap();
        assert_eq!(rows(&path), before, "{sealing:?}");
        let (experiment, run, model) = kept;
        for item in [model, BinItem::Run(run), BinItem::Experiment(experiment)] {
            remove(&store, &item).await;
        }
        let left: Vec<_> = rows(&path).into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(left, []);
        store.close().await;
    }
}

#[tokio::test]
async fn the_room_is_used_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trackside.db");
    let store = SqliteStore::open(&path, Config::default()).unwrap();
    let mut sizes = Vec::new();
    for round in 0..4 {
        let (experiment, run, model) = furnished(&store, &format!("e{round}")).await;
        for item in [BinItem::Run(run), model, BinItem::Experiment(experiment)] {
            remove(&store, &item).await;
        }
        let connection = Connection::open(&path).unwrap();
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let free: i64 = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0)).unwrap();
        sizes.push((pages, pages - free));
    }
    assert_eq!(sizes[1].1, sizes[3].1, "what is in use does not grow: {sizes:?}");
    assert!(sizes[3].0 <= sizes[0].0 + sizes[0].0 / 4, "nor does the file: {sizes:?}");
}

#[tokio::test]
async fn a_large_run_is_removed_in_many_small_steps() {
    let folder = TempDir::new().unwrap();
    let sealing = Sealing { tail_points: 1, unsealed_points: 16, chunk_points: 16, idle_millis: 0 };
    let config = Config { sealing, ..Config::default() };
    let store = SqliteStore::open(folder.path().join("trackside.db"), config).unwrap();
    let (_, run, _) = furnished(&store, "large").await;
    let item = BinItem::Run(run.clone());
    store.doom(&item, None).await.unwrap();
    let mut steps = 0;
    while store.purge(&item).await.unwrap() {
        steps += 1;
        // It is there until its last row is gone, and can be gone on with after a crash.
        assert!(store.binned(&item).await.unwrap().is_some());
    }
    assert!(steps > 3, "{steps}");
    assert_eq!(store.run(&run).await.unwrap(), None);
}
