//! Which entries are held, and for how long.

use trackside_core::{
    Seq, Store,
    store::{Log, LogSize},
};

use super::scene::{SINK, append_points, end, entries, logged, logged_run, move_to, positions};

pub async fn an_entry_stays_until_every_cursor_has_passed_it(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    log.close_cursor(SINK).await.unwrap();
    for sink in ["a", "b"] {
        log.open_cursor(sink).await.unwrap();
    }
    append_points(store, &run, 0..6).await;
    let all = positions(log).await;
    assert_eq!(all.len(), 6);
    move_to(log, "a", all[3]).await;
    assert_eq!(positions(log).await, all);
    move_to(log, "b", all[1]).await;
    assert_eq!(positions(log).await, all[2..]);
    move_to(log, "b", all[5]).await;
    assert_eq!(positions(log).await, all[4..]);
    move_to(log, "a", all[5]).await;
    assert_eq!(positions(log).await, []);
}

pub async fn the_size_of_the_log_is_what_the_slowest_has_yet_to_pass(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    append_points(store, &run, 0..5).await;
    let all = entries(log).await;
    log.open_cursor("at the end").await.unwrap();
    for n in 0..=all.len() {
        if let Some(passed) = n.checked_sub(1) {
            move_to(log, SINK, all[passed].batch.last()).await;
        }
        let held = &all[n..];
        assert_eq!(entries(log).await, held);
        let bytes = held.iter().map(|entry| entry.bytes).sum();
        let expected = LogSize { end: all[5].batch.last(), entries: held.len() as u64, bytes };
        assert_eq!(log.log_size().await.unwrap(), expected);
    }
}

pub async fn closing_the_slowest_cursor_frees_what_it_held(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    append_points(store, &run, 0..3).await;
    log.open_cursor("fast").await.unwrap();
    append_points(store, &run, 3..5).await;
    assert_eq!(logged(log).await.len(), 6);
    log.close_cursor(SINK).await.unwrap();
    assert_eq!(logged(log).await.len(), 2);
    log.close_cursor("fast").await.unwrap();
    assert_eq!(logged(log).await, []);
}

pub async fn positions_go_on_after_the_log_was_empty(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    log.open_cursor("behind").await.unwrap();
    let mut last = Seq(0);
    for step in 0..3 {
        append_points(store, &run, step..step + 1).await;
        let end = end(log).await;
        assert!(end > last);
        last = end;
        move_to(log, SINK, end).await;
        if step != 1 {
            move_to(log, "behind", end).await;
            assert_eq!(logged(log).await, []);
        }
        let lags = log.cursors().await.unwrap().into_iter().map(|cursor| cursor.lag.items).collect::<Vec<_>>();
        assert_eq!(lags, [u64::from(step == 1), 0]);
    }
}
