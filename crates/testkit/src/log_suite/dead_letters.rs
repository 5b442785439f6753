//! Batches that were given up.

use trackside_core::{
    RunId, Seq, Store,
    store::{DeadLetter, Log, NewDeadLetter, Progress},
};

use super::{
    cursors::listed,
    scene::{SINK, batch, logged, logged_run, to},
};
use crate::{
    fixture::{at, point, points},
    tracker_suite::history::one_of_each,
};

fn letter(n: i64) -> NewDeadLetter {
    let mut batch = batch(&RunId::fresh(1), vec![points("m", &[point(n, n, f64::NAN)])]);
    batch.set_last(Seq(n.unsigned_abs()));
    NewDeadLetter { at: at(n), reason: format!("reason {n}\n"), batch }
}

async fn give_up(log: &dyn Log, sink: &str, dead: Vec<NewDeadLetter>) -> Vec<u64> {
    let before = list(log, sink).await.len();
    let position = log.open_cursor(sink).await.unwrap().position;
    log.advance(sink, Progress { dead, ..to(position) }).await.unwrap();
    list(log, sink).await[before..].iter().map(|dead| dead.id).collect()
}

async fn settle(log: &dyn Log, sink: &str, settled: Vec<u64>) {
    log.advance(sink, Progress { settled, ..to(Seq(0)) }).await.unwrap();
}

async fn list(log: &dyn Log, sink: &str) -> Vec<DeadLetter> {
    log.dead_letters(Some(sink), 0, 1_000).await.unwrap()
}

pub async fn dead_letters_read_back_in_the_order_of_their_numbers(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    let whole = NewDeadLetter { at: at(-1), reason: String::new(), batch: batch(&run, one_of_each()) };
    let begun = NewDeadLetter { batch: logged(log).await.remove(0), ..letter(9) };
    let letters = vec![letter(1), whole, begun];
    give_up(log, SINK, letters.clone()).await;
    let listed = list(log, SINK).await;
    assert!(listed.is_sorted_by(|a, b| a.id < b.id));
    assert!(listed.iter().all(|dead| dead.sink == SINK));
    assert_eq!(listed.into_iter().map(|dead| dead.letter).collect::<Vec<_>>(), letters);
}

pub async fn dead_letters_are_listed_by_sink_and_in_pages(_: &dyn Store, log: &dyn Log) {
    let mut ids = Vec::new();
    for n in 0..6 {
        let sink = if n % 2 == 0 { "even" } else { "odd" };
        log.open_cursor(sink).await.unwrap();
        ids.extend(give_up(log, sink, vec![letter(n)]).await);
    }
    let numbers = async |sink, after, limit| {
        let letters = log.dead_letters(sink, after, limit).await.unwrap();
        letters.into_iter().map(|dead| dead.id).collect::<Vec<_>>()
    };
    assert_eq!(numbers(None, 0, 99).await, ids);
    assert_eq!(numbers(None, ids[1], 3).await, ids[2..5]);
    assert_eq!(numbers(Some("odd"), 0, 2).await, [ids[1], ids[3]]);
    assert_eq!(numbers(Some("odd"), ids[2], 99).await, [ids[3], ids[5]]);
    assert_eq!(numbers(Some("even"), ids[4], 99).await, [0; 0]);
    assert_eq!(numbers(Some("unknown"), 0, 99).await, [0; 0]);
    assert_eq!(listed(log, "odd").await.unwrap().dead, 3);
}

pub async fn a_settled_letter_is_gone_and_its_number_is_not_given_again(_: &dyn Store, log: &dyn Log) {
    log.open_cursor(SINK).await.unwrap();
    let ids = give_up(log, SINK, vec![letter(1), letter(2), letter(3)]).await;
    settle(log, SINK, vec![ids[0], ids[2], u64::MAX]).await;
    assert_eq!(list(log, SINK).await.iter().map(|dead| dead.id).collect::<Vec<_>>(), [ids[1]]);
    settle(log, SINK, ids.clone()).await;
    assert_eq!(list(log, SINK).await, []);
    let next = give_up(log, SINK, vec![letter(4)]).await;
    assert!(next[0] > ids[2]);
}

pub async fn letters_are_discarded_by_number_or_all_at_once(_: &dyn Store, log: &dyn Log) {
    log.open_cursor(SINK).await.unwrap();
    let ids = give_up(log, SINK, (0..5).map(letter).collect()).await;
    let discarded = log.discard_dead_letters(SINK, Some(vec![ids[1], ids[1], u64::MAX, ids[3]])).await.unwrap();
    assert_eq!(discarded, 2);
    assert_eq!(list(log, SINK).await.iter().map(|dead| dead.id).collect::<Vec<_>>(), [ids[0], ids[2], ids[4]]);
    assert_eq!(log.discard_dead_letters(SINK, Some(vec![])).await.unwrap(), 0);
    assert_eq!(log.discard_dead_letters(SINK, None).await.unwrap(), 3);
    assert_eq!((list(log, SINK).await, listed(log, SINK).await.unwrap().dead), (vec![], 0));
}

pub async fn letters_of_other_sinks_are_left_alone(_: &dyn Store, log: &dyn Log) {
    log.open_cursor(SINK).await.unwrap();
    log.open_cursor("other").await.unwrap();
    let ids = give_up(log, "other", vec![letter(1)]).await;
    settle(log, SINK, ids.clone()).await;
    assert_eq!(log.discard_dead_letters(SINK, Some(ids)).await.unwrap(), 0);
    assert_eq!(log.discard_dead_letters(SINK, None).await.unwrap(), 0);
    assert_eq!(list(log, "other").await.len(), 1);
}

pub async fn a_returned_letter_has_a_new_time_and_reason(_: &dyn Store, log: &dyn Log) {
    log.open_cursor(SINK).await.unwrap();
    let ids = give_up(log, SINK, vec![letter(1), letter(2)]).await;
    let mut expected = list(log, SINK).await;
    log.return_dead_letter(ids[0], at(77), "again").await.unwrap();
    log.return_dead_letter(u64::MAX, at(77), "gone").await.unwrap();
    (expected[0].letter.at, expected[0].letter.reason) = (at(77), "again".to_owned());
    assert_eq!(list(log, SINK).await, expected);
}
