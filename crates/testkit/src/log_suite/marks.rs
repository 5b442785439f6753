//! What is known of subjects at a sink.

use trackside_core::{
    LoggedModelId, RunId, Seq, Store, Subject,
    store::{Log, Mark, MarkFilter},
};

use super::scene::{SINK, run_subject, set_marks};
use crate::fixture::key;

fn full() -> Mark {
    Mark {
        upto: Seq(7),
        memory: Some("{\"id\": \"ä\"}".to_owned()),
        keep_alive: true,
        catch_up: Some(String::new()),
        lost: true,
        cuts: vec![0, 7, u32::MAX],
    }
}

pub async fn a_mark_reads_back_until_it_is_forgotten(_: &dyn Store, log: &dyn Log) {
    log.open_cursor(SINK).await.unwrap();
    let subjects: Vec<_> = (0..5).map(run_subject).collect();
    let set = [(1, Some(full())), (3, Some(Mark::default())), (4, Some(full())), (4, None)];
    set_marks(log, SINK, set.map(|(n, mark)| (run_subject(n), mark)).into()).await;
    let known = [None, Some(full()), None, Some(Mark::default()), None];
    assert_eq!(log.marks(SINK, subjects.clone()).await.unwrap(), known);
    let backwards: Vec<_> = subjects.iter().rev().cloned().collect();
    assert_eq!(log.marks(SINK, backwards).await.unwrap(), known.iter().rev().cloned().collect::<Vec<_>>());

    set_marks(log, SINK, vec![(run_subject(1), None), (run_subject(2), None), (run_subject(3), Some(full()))]).await;
    assert_eq!(log.marks(SINK, subjects).await.unwrap(), [None, None, None, Some(full()), None]);
    assert_eq!(log.marks(SINK, vec![]).await.unwrap(), []);
}

pub async fn marks_are_told_apart_by_sink_and_by_sort_of_subject(_: &dyn Store, log: &dyn Log) {
    log.open_cursor(SINK).await.unwrap();
    log.open_cursor("other").await.unwrap();
    let subjects = vec![
        Subject::Run(RunId::parse("x").unwrap()),
        Subject::LoggedModel(LoggedModelId::parse("x").unwrap()),
        Subject::RegisteredModel(key("x")),
    ];
    let mark = |upto| Some(Mark { upto: Seq(upto), ..Mark::default() });
    set_marks(log, SINK, subjects.iter().cloned().zip([mark(1), mark(2), mark(3)]).collect()).await;
    set_marks(log, "other", vec![(subjects[1].clone(), mark(4))]).await;
    assert_eq!(log.marks(SINK, subjects.clone()).await.unwrap(), [mark(1), mark(2), mark(3)]);
    assert_eq!(log.marks("other", subjects).await.unwrap(), [None, mark(4), None]);
}

pub async fn marks_of_one_sort_come_by_subject_in_pages(_: &dyn Store, log: &dyn Log) {
    log.open_cursor(SINK).await.unwrap();
    log.open_cursor("other").await.unwrap();
    let mut subjects = [
        Subject::RegisteredModel(key("")),
        Subject::RegisteredModel(key("Z")),
        Subject::RegisteredModel(key("ä")),
        Subject::LoggedModel(LoggedModelId::fresh(2)),
        Subject::LoggedModel(LoggedModelId::fresh(1)),
        run_subject(9),
        run_subject(10),
        run_subject(1),
    ];
    let of_sort = |filter| match filter {
        MarkFilter::KeepAlive => Mark { keep_alive: true, ..Mark::default() },
        MarkFilter::CatchingUp => Mark { catch_up: Some(String::new()), ..Mark::default() },
        MarkFilter::Lost => Mark { lost: true, ..Mark::default() },
    };
    set_marks(log, "other", subjects.iter().map(|subject| (subject.clone(), Some(full()))).collect()).await;
    let of_no_sort = Mark { memory: Some("m".to_owned()), upto: Seq(9), cuts: vec![0], ..Mark::default() };
    let without = vec![(run_subject(5), Some(of_no_sort))];
    set_marks(log, SINK, without).await;
    for filter in [MarkFilter::KeepAlive, MarkFilter::CatchingUp, MarkFilter::Lost] {
        let mark = of_sort(filter);
        set_marks(log, SINK, subjects.iter().map(|subject| (subject.clone(), Some(mark.clone()))).collect()).await;
        for other in [MarkFilter::KeepAlive, MarkFilter::CatchingUp, MarkFilter::Lost] {
            let found = log.marks_where(SINK, other, None, 99).await.unwrap();
            assert_eq!(found.len(), if other == filter { 8 } else { 0 });
        }
        subjects.sort();
        let mut walked = Vec::new();
        loop {
            let after = walked.last().map(|(subject, _): &(Subject, Mark)| subject.clone());
            let page = log.marks_where(SINK, filter, after, 3).await.unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= 3);
            walked.extend(page);
        }
        assert_eq!(walked, subjects.iter().map(|subject| (subject.clone(), mark.clone())).collect::<Vec<_>>());
    }
}
