//! Moving a cursor.

use std::time::Duration;

use trackside_core::{
    ErrorKind, Event, Kind, Sending, Seq, Store, Withheld,
    store::{KEPT_SENDINGS, Lag, Log, Mark, NewDeadLetter, Progress},
};

use super::{
    cursors::listed,
    scene::{SINK, append_points, batch, end, entries, logged_run, move_to, positions, run_subject, to},
};
use crate::fixture::{at, params, tags, value};

fn withheld(counts: &[(Kind, u64)]) -> Withheld {
    let mut withheld = Withheld::default();
    for (kind, n) in counts {
        withheld.add(*kind, *n);
    }
    withheld
}

pub async fn a_step_reads_back_and_counts_add_up(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    append_points(store, &run, 0..4).await;
    let all = positions(log).await;
    let letter = NewDeadLetter { at: at(1), reason: "r".to_owned(), batch: batch(&run, vec![value("m", 1.0)]) };
    let first = Progress {
        position: all[1],
        window_end: Some(all[3]),
        delivered: 2,
        withheld: withheld(&[(Kind::Points, 3), (Kind::Tags, 1)]),
        marks: vec![(run_subject(1), Some(Mark { lost: true, ..Mark::default() }))],
        dead: vec![letter],
        ..Progress::default()
    };
    log.advance(SINK, first).await.unwrap();
    let cursor = listed(log, SINK).await.unwrap();
    assert_eq!((cursor.position, cursor.window_end), (all[1], Some(all[3])));
    assert_eq!((cursor.delivered, cursor.dead, cursor.lost, cursor.lag.entries), (2, 1, 1, 3));
    assert_eq!(cursor.withheld, withheld(&[(Kind::Points, 3), (Kind::Tags, 1)]));

    let id = log.dead_letters(None, 0, 9).await.unwrap()[0].id;
    let second = Progress {
        position: all[3],
        window_end: None,
        delivered: 5,
        withheld: withheld(&Kind::ALL.map(|kind| (kind, 1))),
        marks: vec![(run_subject(1), None)],
        dead: vec![],
        settled: vec![id, 99_999],
        ..Progress::default()
    };
    log.advance(SINK, second).await.unwrap();
    let cursor = listed(log, SINK).await.unwrap();
    assert_eq!((cursor.position, cursor.window_end), (all[3], None));
    assert_eq!((cursor.delivered, cursor.dead, cursor.lost, cursor.lag.entries), (7, 0, 0, 1));
    let mut expected = withheld(&Kind::ALL.map(|kind| (kind, 1)));
    expected.extend(&withheld(&[(Kind::Points, 3), (Kind::Tags, 1)]));
    assert_eq!(cursor.withheld, expected);
}

pub async fn lag_is_what_lies_after_the_position(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    let two_tags = tags(&[("a", "1"), ("b", "2")]);
    store.append(&run, vec![params(&[("p", "1"), ("q", "2"), ("r", "3")]), two_tags]).await.unwrap();
    store.append(&run, vec![Event::Deleted(at(1)), Event::Restored]).await.unwrap();
    append_points(store, &run, 0..2).await;
    let all = entries(log).await;
    let lag_after = |n: usize| Lag {
        entries: (all.len() - n) as u64,
        items: all[n..].iter().map(|entry| entry.batch.n_items()).sum(),
        bytes: all[n..].iter().map(|entry| entry.bytes).sum(),
        since: all.get(n).map(|entry| entry.at),
    };
    assert_eq!(lag_after(0).items, 10);
    assert_eq!(listed(log, SINK).await.unwrap().lag, lag_after(0));
    for n in 1..=all.len() {
        move_to(log, SINK, all[n - 1].batch.last()).await;
        assert_eq!(listed(log, SINK).await.unwrap().lag, lag_after(n), "after {n}");
    }
    assert_eq!(lag_after(all.len()), Lag::default());
}

pub async fn a_cursor_moves_neither_back_nor_past_the_end(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    append_points(store, &run, 0..3).await;
    let all = positions(log).await;
    move_to(log, SINK, all[2]).await;
    let before = listed(log, SINK).await;
    for position in [Seq(0), all[1], Seq(all[3].0 + 1), Seq(u64::MAX)] {
        let step = Progress {
            delivered: 1,
            marks: vec![(run_subject(1), Some(Mark::default()))],
            window_end: Some(all[3]),
            ..to(position)
        };
        assert_eq!(log.advance(SINK, step).await.unwrap_err().kind(), ErrorKind::Invalid, "{position:?}");
    }
    assert_eq!(listed(log, SINK).await, before);
    assert_eq!(log.marks(SINK, vec![run_subject(1)]).await.unwrap(), [None]);
    move_to(log, SINK, end(log).await).await;
}

pub async fn a_step_may_stay_where_it_is(store: &dyn Store, log: &dyn Log) {
    logged_run(store, log).await;
    let end = end(log).await;
    for position in [Seq(0), end] {
        move_to(log, SINK, position).await;
        let step = Progress { delivered: 1, window_end: Some(end), ..to(position) };
        log.advance(SINK, step).await.unwrap();
        assert_eq!(listed(log, SINK).await.unwrap().position, position);
    }
    assert_eq!(listed(log, SINK).await.unwrap().delivered, 2);
}

fn sending(n: usize) -> Sending {
    Sending {
        at: at(i64::try_from(n).unwrap()),
        id: format!("id {n}"),
        event: "run.failed".to_owned(),
        text: "é\n".to_owned(),
        to: "hooks.example.com".to_owned(),
        took: Duration::from_millis(7),
        error: n.is_multiple_of(2).then(|| "no".to_owned()),
    }
}

pub async fn what_was_sent_reads_back_and_the_last_is_kept(_: &dyn Store, log: &dyn Log) {
    for sink in [SINK, "other"] {
        log.open_cursor(sink).await.unwrap();
    }
    let sent = |sendings| Progress { sendings, ..to(Seq(0)) };
    log.advance("other", sent(vec![sending(0)])).await.unwrap();
    log.advance(SINK, sent(vec![])).await.unwrap();
    assert_eq!(log.sendings(SINK, 9).await.unwrap(), []);
    log.advance(SINK, sent((0..KEPT_SENDINGS).map(sending).collect())).await.unwrap();
    log.advance(SINK, sent(vec![sending(KEPT_SENDINGS)])).await.unwrap();
    let kept: Vec<Sending> = (1..=KEPT_SENDINGS).map(sending).collect();
    assert_eq!(log.sendings(SINK, 9_999).await.unwrap(), kept);
    assert_eq!(log.sendings(SINK, 2).await.unwrap(), kept[KEPT_SENDINGS - 2..]);
    assert_eq!(log.sendings("other", 9).await.unwrap(), [sending(0)]);
    log.close_cursor(SINK).await.unwrap();
    assert_eq!(log.sendings(SINK, 9).await.unwrap_err().kind(), ErrorKind::NotFound);
    log.open_cursor(SINK).await.unwrap();
    assert_eq!(log.sendings(SINK, 9).await.unwrap(), []);
}
