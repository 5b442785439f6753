//! Reading the log, and waiting for it to grow.

use futures_util::{
    FutureExt,
    future::{join, join_all},
};
use trackside_core::{
    Batch, LoggedModelId, NewLoggedModel, RunId, Seq, Store, Subject,
    ledger::Origin,
    store::{Entry, Log, LogRange},
};

use super::scene::{EVERYTHING, append_points, batch, end, entries, experiment, logged, logged_run, positions};
use crate::fixture::{key, new_logged_model, new_registered_model, new_run, params, point, points};

async fn read(log: &dyn Log, range: LogRange) -> Vec<Seq> {
    log.read_log(range).await.unwrap().iter().map(|entry| entry.batch.last()).collect()
}

pub async fn entries_come_in_the_order_in_which_they_were_answered(store: &dyn Store, log: &dyn Log) {
    let first = logged_run(store, log).await;
    let experiment = store.run(&first).await.unwrap().unwrap().info.experiment;
    let second = store.create_run(new_run(experiment, 2)).await.unwrap().info.id;
    let mut expected = Vec::new();
    for step in 0..20 {
        let run = if step % 3 == 0 { &first } else { &second };
        append_points(store, run, step..step + 1).await;
        expected.push(batch(run, vec![points("m", &[point(step, step, 0.5)])]));
    }
    assert_eq!(logged(log).await[2..], expected);
    assert_eq!(positions(log).await.last(), Some(&end(log).await));
}

pub async fn a_range_begins_after_one_position_and_ends_with_another(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    append_points(store, &run, 0..9).await;
    let all = positions(log).await;
    assert_eq!(all.len(), 10);
    assert_eq!(read(log, LogRange { after: all[3], ..EVERYTHING }).await, all[4..]);
    assert_eq!(read(log, LogRange { until: Some(all[5]), ..EVERYTHING }).await, all[..=5]);
    assert_eq!(read(log, LogRange { after: all[3], until: Some(all[5]), ..EVERYTHING }).await, all[4..=5]);
    assert_eq!(read(log, LogRange { after: all[5], until: Some(all[5]), ..EVERYTHING }).await, []);
    assert_eq!(read(log, LogRange { after: all[9], ..EVERYTHING }).await, []);
    assert_eq!(read(log, LogRange { after: Seq(u64::MAX), until: Some(Seq(u64::MAX)), ..EVERYTHING }).await, []);
}

pub async fn the_entries_of_one_subject_can_be_read_alone(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    let experiment = experiment(store, "f").await;
    store.create_run(new_run(experiment, 2)).await.unwrap();
    // All of the same text.
    let id = LoggedModelId::parse(run.as_str()).unwrap();
    let new = NewLoggedModel { id: id.clone(), ..new_logged_model(experiment, 1) };
    store.create_logged_model(new).await.unwrap();
    store.create_registered_model(new_registered_model(run.as_str()), &Origin::NOBODY).await.unwrap();
    append_points(store, &run, 0..3).await;
    let all = entries(log).await;
    assert_eq!(all.len(), 7);
    for subject in [Subject::Run(run.clone()), Subject::LoggedModel(id), Subject::RegisteredModel(key(run.as_str()))] {
        let own: Vec<_> = all.iter().filter(|entry| entry.batch.subject() == subject).cloned().collect();
        assert!(!own.is_empty());
        let range = LogRange { subject: Some(subject), ..EVERYTHING };
        assert_eq!(log.read_log(range.clone()).await.unwrap(), own);
        let rest = log.read_log(LogRange { after: own[0].batch.last(), ..range }).await.unwrap();
        assert_eq!(rest, own[1..]);
    }
    let unknown = LogRange { subject: Some(Subject::Run(RunId::fresh(9))), ..EVERYTHING };
    assert_eq!(read(log, unknown).await, []);
}

pub async fn reading_stops_once_so_many_bytes_are_reached(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    for n in [1, 1_000, 2, 100] {
        store.append(&run, vec![params(&[(&n.to_string(), &"x".repeat(n))])]).await.unwrap();
    }
    let all = entries(log).await;
    assert!(all[2].bytes > all[1].bytes + 900, "the size of an entry is that of what it holds");
    let bytes = |entries: &[Entry]| entries.iter().map(|entry| entry.bytes).sum::<u64>();
    assert_eq!(log.log_size().await.unwrap().bytes, bytes(&all));
    for max_bytes in [0, 1, bytes(&all[..1]), bytes(&all[..1]) + 1, bytes(&all[..2]), bytes(&all[..3]) - 1, u64::MAX] {
        let read = log.read_log(LogRange { max_bytes, ..EVERYTHING }).await.unwrap();
        let (_, before_last) = read.split_last().expect("the first one is read whatever its size");
        assert_eq!(read, all[..read.len()]);
        assert!(read.len() == 1 || bytes(before_last) < max_bytes, "{max_bytes}");
        assert!(read.len() == all.len() || bytes(&read) >= max_bytes, "{max_bytes}");
    }
}

pub async fn a_wait_ends_when_there_is_a_later_entry(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    log.wait_log(Seq(0)).await.unwrap();
    let at_end = end(log).await;
    assert!(log.wait_log(at_end).now_or_never().is_none(), "nothing has come yet");
    let waiting = join_all((0..8).map(|_| async {
        log.wait_log(at_end).await.unwrap();
        assert!(log.log_size().await.unwrap().end > at_end, "what was waited for can be read");
        assert!(!read(log, LogRange { after: at_end, ..EVERYTHING }).await.is_empty());
    }));
    join(waiting, append_points(store, &run, 0..1)).await;
}

pub async fn a_wait_does_not_end_by_what_is_refused(store: &dyn Store, log: &dyn Log) {
    let run = logged_run(store, log).await;
    let at_end = end(log).await;
    let mut waiting = log.wait_log(at_end);
    assert!((&mut waiting).now_or_never().is_none());
    store.append(&run, vec![params(&[("p", "1"), ("p", "2")])]).await.unwrap_err();
    assert!((&mut waiting).now_or_never().is_none());
    append_points(store, &run, 0..1).await;
    waiting.await.unwrap();
    let Batch::Run(last) = logged(log).await.remove(1) else { panic!("a run was written") };
    assert_eq!(last.run, run);
}
