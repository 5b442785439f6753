//! Opening, listing, changing and closing cursors.

use trackside_core::{
    ErrorKind, Seq, Store, Withheld,
    store::{Cursor, CursorChange, Lag, Log, LogSize, Mark, MarkFilter, NewDeadLetter, Progress},
};

use super::scene::{SINK, append_points, batch, end, logged, logged_run, move_to, run_subject, to};
use crate::fixture::{at, value};

fn new_cursor(sink: &str, position: Seq) -> Cursor {
    Cursor {
        sink: sink.to_owned(),
        position,
        window_end: None,
        paused: false,
        delivered: 0,
        withheld: Withheld::default(),
        dead: 0,
        lost: 0,
        backfill: None,
        lag: Lag::default(),
    }
}

/// The cursor of a sink, by the list of all.
pub(super) async fn listed(log: &dyn Log, sink: &str) -> Option<Cursor> {
    log.cursors().await.unwrap().into_iter().find(|cursor| cursor.sink == sink)
}

pub async fn a_new_cursor_stands_at_the_end(store: &dyn Store, log: &dyn Log) {
    assert_eq!(log.open_cursor(SINK).await.unwrap(), new_cursor(SINK, Seq(0)));
    logged_run(store, log).await;
    let end = end(log).await;
    assert!(end > Seq(0));
    assert_eq!(log.open_cursor("later").await.unwrap(), new_cursor("later", end));
    assert_eq!(listed(log, "later").await, Some(new_cursor("later", end)));
}

pub async fn opening_a_cursor_again_changes_nothing(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    append_points(store, &run, 0..3).await;
    log.change_cursor(SINK, CursorChange::Paused(true)).await.unwrap();
    let before = listed(log, SINK).await.unwrap();
    assert_eq!(before.lag.entries, 4);
    assert_eq!(log.open_cursor(SINK).await.unwrap(), before);
    assert_eq!(log.cursors().await.unwrap(), [before]);
}

pub async fn cursors_are_listed_by_name(_: &dyn Store, log: &dyn Log) {
    for sink in ["b", "c", "a", "a-2"] {
        log.open_cursor(sink).await.unwrap();
    }
    let names: Vec<_> = log.cursors().await.unwrap().into_iter().map(|cursor| cursor.sink).collect();
    assert_eq!(names, ["a", "a-2", "b", "c"]);
}

pub async fn a_cursor_is_paused_and_resumed(_: &dyn Store, log: &dyn Log) {
    log.open_cursor(SINK).await.unwrap();
    log.open_cursor("other").await.unwrap();
    for paused in [true, true, false] {
        log.change_cursor(SINK, CursorChange::Paused(paused)).await.unwrap();
        assert_eq!(listed(log, SINK).await, Some(Cursor { paused, ..new_cursor(SINK, Seq(0)) }));
    }
    assert_eq!(listed(log, "other").await, Some(new_cursor("other", Seq(0))));
}

pub async fn a_backfill_is_kept_until_it_ends(_: &dyn Store, log: &dyn Log) {
    log.open_cursor(SINK).await.unwrap();
    for backfill in [Some("{\"from\": 1}"), Some("ä\n"), None] {
        let backfill = backfill.map(str::to_owned);
        log.change_cursor(SINK, CursorChange::Backfill(backfill.clone())).await.unwrap();
        assert_eq!(listed(log, SINK).await, Some(Cursor { backfill, ..new_cursor(SINK, Seq(0)) }));
    }
}

pub async fn closing_forgets_everything_about_a_sink(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    let mark = Mark { lost: true, ..Mark::default() };
    let step = Progress {
        position: end(log).await,
        delivered: 1,
        marks: vec![(run_subject(1), Some(mark.clone()))],
        dead: vec![NewDeadLetter { at: at(1), reason: "r".to_owned(), batch: batch(&run, vec![value("m", 1.0)]) }],
        ..Progress::default()
    };
    log.open_cursor("other").await.unwrap();
    for sink in [SINK, "other"] {
        log.advance(sink, step.clone()).await.unwrap();
    }
    for _ in 0..2 {
        log.close_cursor(SINK).await.unwrap();
        assert_eq!(listed(log, SINK).await, None);
        assert_eq!(log.dead_letters(Some(SINK), 0, 9).await.unwrap(), []);
    }
    assert_eq!(log.open_cursor(SINK).await.unwrap(), new_cursor(SINK, end(log).await));
    assert_eq!(log.marks(SINK, vec![run_subject(1)]).await.unwrap(), [None]);
    assert_eq!(log.marks("other", vec![run_subject(1)]).await.unwrap(), [Some(mark)]);
    assert_eq!(log.dead_letters(None, 0, 9).await.unwrap().len(), 1);
}

pub async fn nothing_is_logged_once_the_last_cursor_is_closed(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    log.open_cursor("other").await.unwrap();
    log.close_cursor(SINK).await.unwrap();
    append_points(store, &run, 0..1).await;
    assert_eq!(logged(log).await.len(), 1);
    assert!(log.is_logging());
    log.close_cursor("other").await.unwrap();
    assert!(!log.is_logging());
    append_points(store, &run, 1..2).await;
    let size = log.log_size().await.unwrap();
    assert_eq!(size, LogSize { entries: 0, bytes: 0, ..size });
    log.open_cursor(SINK).await.unwrap();
    assert_eq!(logged(log).await, []);
    append_points(store, &run, 2..3).await;
    assert_eq!(logged(log).await.len(), 1);
    assert!(end(log).await > size.end, "positions go on");
}

pub async fn a_sink_without_cursor_is_not_found(_: &dyn Store, log: &dyn Log) {
    log.open_cursor("other").await.unwrap();
    let kinds = [
        log.change_cursor(SINK, CursorChange::Paused(true)).await.unwrap_err(),
        log.change_cursor(SINK, CursorChange::Backfill(None)).await.unwrap_err(),
        log.advance(SINK, to(Seq(0))).await.unwrap_err(),
        log.marks(SINK, vec![]).await.unwrap_err(),
        log.marks_where(SINK, MarkFilter::Lost, None, 9).await.unwrap_err(),
        log.detach(SINK).await.unwrap_err(),
    ];
    for error in kinds {
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.message().contains(SINK), "{error}");
    }
    log.close_cursor(SINK).await.unwrap();
    move_to(log, "other", Seq(0)).await;
    assert_eq!(log.cursors().await.unwrap().len(), 1);
}
