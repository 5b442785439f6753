//! Documents and lines of runs, and secrets of the server.

use trackside_core::{
    Document, ErrorKind, Event, Line, LineExtent, LineQuery, Lines, MAX_LINE_NUMBER, NumberedLine, PageRequest, RunId,
    Store, fault, store::BinItem,
};

use super::scene::{ALL, append, assert_kind, experiment, lone_run, refuses_forged_tokens, run, walk};
use crate::fixture::{at, key};

fn document(name: &str, text: &str) -> Event {
    Event::Document(Document { name: key(name), text: text.to_owned() })
}

fn lines(stream: &str, writer: &str, first: u64, texts: &[&str]) -> Event {
    let lines = texts.iter().map(|text| Line { step: None, text: (*text).to_owned() }).collect();
    Event::Lines(Lines { stream: key(stream), writer: key(writer), first, lines })
}

/// A line per step.
fn rows(first: u64, steps: std::ops::Range<i64>) -> Event {
    let lines = steps.map(|step| Line { step: Some(step), text: format!("row {step}") }).collect();
    Event::Lines(Lines { stream: key("s"), writer: key(""), first, lines })
}

fn all(run: &RunId, stream: &str) -> LineQuery {
    LineQuery { run: run.clone(), stream: key(stream), writer: None, from: 0, steps: None }
}

async fn read(store: &dyn Store, query: LineQuery) -> Vec<NumberedLine> {
    walk_lines(store, query, 7).await
}

async fn walk_lines(store: &dyn Store, query: LineQuery, limit: usize) -> Vec<NumberedLine> {
    walk(limit, |page| store.lines(query.clone(), page)).await
}

async fn texts(store: &dyn Store, query: LineQuery) -> Vec<String> {
    read(store, query).await.into_iter().map(|line| format!("{}{} {}", line.writer, line.number, line.text)).collect()
}

pub async fn a_document_is_replaced_as_a_whole(store: &dyn Store) {
    let id = lone_run(store, vec![document("a", "1"), document("b", "")]).await;
    let long = "ä\n\\'".repeat(100_000);
    append(store, &id, vec![document("a", "2"), document("a", &long)]).await;
    let unknown = RunId::fresh(99);
    let read = store.documents(vec![unknown.clone(), id.clone(), id.clone()], &key("a")).await.unwrap();
    assert_eq!(read, [None, Some(long.clone()), Some(long)]);
    assert_eq!(store.documents(vec![id], &key("b")).await.unwrap(), [Some(String::new())]);
    assert_eq!(store.documents(vec![unknown], &key("c")).await.unwrap(), [None]);
}

pub async fn lines_read_back_by_writer_and_number(store: &dyn Store) {
    let id = lone_run(store, vec![lines("s", "b", 3, &["x", "y"]), lines("s", "", 0, &["a", "", "c\nd\\n\\"])]).await;
    append(store, &id, vec![lines("t", "", 0, &["other"]), lines("s", "", 9, &["later"]), lines("s", "", 0, &[])])
        .await;
    let expected = ["0 a", "1 ", "2 c\nd\\n\\", "9 later", "b3 x", "b4 y"];
    assert_eq!(texts(store, all(&id, "s")).await, expected);
    assert_eq!(texts(store, all(&id, "t")).await, ["0 other"]);
    assert_eq!(texts(store, all(&id, "u")).await, [""; 0]);
    assert_eq!(texts(store, all(&RunId::fresh(9), "s")).await, [""; 0]);
    assert_eq!(texts(store, LineQuery { writer: Some(key("b")), ..all(&id, "s") }).await, expected[4..]);
    assert_eq!(texts(store, LineQuery { from: 2, ..all(&id, "s") }).await, expected[2..]);
}

pub async fn a_number_that_is_known_gets_another_line(store: &dyn Store) {
    let id = lone_run(store, vec![]).await;
    let before: Vec<String> = (0..1_500).map(|n| format!("before {n}")).collect();
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    append(store, &id, vec![lines("s", "", 0, &before[..700])]).await;
    append(store, &id, vec![lines("s", "", 700, &before[700..])]).await;
    // A repeated request, one that reaches over the end, and one in the midst of several blocks.
    append(store, &id, vec![lines("s", "", 700, &before[700..])]).await;
    append(store, &id, vec![lines("s", "", 1_499, &["end", "more"])]).await;
    append(store, &id, vec![lines("s", "", 500, &["x"; 300]), lines("s", "", 0, &["first"])]).await;
    append(store, &id, vec![lines("s", "w", 0, &["another's"])]).await;
    let read = read(store, LineQuery { writer: Some(key("")), ..all(&id, "s") }).await;
    assert_eq!(read.len(), 1_501);
    for (n, line) in read.iter().enumerate() {
        let expected = match n {
            0 => "first".to_owned(),
            500..800 => "x".to_owned(),
            1_499 => "end".to_owned(),
            1_500 => "more".to_owned(),
            _ => format!("before {n}"),
        };
        assert_eq!((line.number, line.text.as_str()), (n as u64, expected.as_str()));
    }
}

pub async fn every_line_of_a_step_is_found_by_it(store: &dyn Store) {
    let id = lone_run(store, vec![rows(0, 0..600), rows(600, 600..2_000)]).await;
    // The same steps again, behind; and lines that are rewritten to another step.
    append(store, &id, vec![rows(2_000, 0..100), rows(10, 5_000..5_010), lines("s", "", 3_000, &["no step"])]).await;
    let of = |steps: std::ops::RangeInclusive<i64>| LineQuery { steps: Some(steps), ..all(&id, "s") };
    let found = walk_lines(store, of(50..=60), 100).await;
    for (step, times) in [(50, 2), (55, 2), (60, 2)] {
        assert_eq!(found.iter().filter(|line| line.text == format!("row {step}")).count(), times, "{step}");
    }
    assert!(found.len() < 1_500, "blocks of other steps are left out, those of the same request too: {}", found.len());
    let moved = walk_lines(store, of(5_003..=5_003), 100).await;
    assert!(moved.iter().any(|line| line.text == "row 5003" && line.number == 13));
    assert!(walk_lines(store, of(9_000..=9_999), 100).await.is_empty());
}

pub async fn line_pages_are_short_when_lines_are_long(store: &dyn Store) {
    let id = lone_run(store, vec![]).await;
    let long = "x".repeat(3 << 20);
    for n in 0..4 {
        append(store, &id, vec![lines("s", "", n, &[&long])]).await;
    }
    let first = store.lines(all(&id, "s"), PageRequest::first(100)).await.unwrap();
    assert!(first.items.len() < 4 && first.next.is_some());
    let mut numbers: Vec<u64> = first.items.iter().map(|line| line.number).collect();
    let mut after = first.next;
    while let Some(token) = after {
        let page = store.lines(all(&id, "s"), PageRequest { limit: 100, after: Some(token) }).await.unwrap();
        assert!(!page.items.is_empty());
        numbers.extend(page.items.iter().map(|line| line.number));
        after = page.next;
    }
    assert_eq!(numbers, [0, 1, 2, 3]);
}

pub async fn forged_line_tokens_are_invalid(store: &dyn Store) {
    let id = lone_run(store, vec![lines("s", "", 0, &["a"])]).await;
    refuses_forged_tokens(|page| store.lines(all(&id, "s"), page)).await;
    refuses_forged_tokens(|page| store.lines(all(&RunId::fresh(9), "s"), page)).await;
}

pub async fn the_extent_of_each_stream_is_known(store: &dyn Store) {
    let id = lone_run(store, vec![rows(5, 10..20), lines("t", "w", 0, &["a"]), lines("t", "", 7, &["b"])]).await;
    let extent = |stream: &str, writer: &str, end: u64, last_step: Option<i64>| LineExtent {
        stream: key(stream),
        writer: key(writer),
        end,
        last_step,
    };
    let expected = [extent("s", "", 15, Some(19)), extent("t", "", 8, None), extent("t", "w", 1, None)];
    assert_eq!(store.line_extents(&id).await.unwrap(), expected);
    assert_eq!(store.line_extents(&RunId::fresh(9)).await.unwrap(), []);
}

pub async fn a_line_number_has_a_limit(store: &dyn Store) {
    let id = lone_run(store, vec![]).await;
    append(store, &id, vec![lines("s", "", MAX_LINE_NUMBER - 1, &["last"])]).await;
    for first in [MAX_LINE_NUMBER, u64::MAX] {
        let refused = store.append(&id, vec![lines("s", "", first, &["too far"])]).await;
        assert_kind(refused, ErrorKind::Invalid, &first.to_string());
    }
    assert_eq!(store.lines(all(&id, "s"), ALL).await.unwrap().items.len(), 1);
}

pub async fn records_need_an_active_run_and_leave_with_it(store: &dyn Store) {
    let experiment = experiment(store, "e").await;
    let id = run(store, experiment, 1, vec![rows(0, 0..3_000), document("a", "1"), Event::Deleted(at(2_000))]).await;
    for event in [rows(0, 0..1), document("a", "2")] {
        let refused = store.append(&id, vec![event]).await.unwrap_err();
        assert_eq!(refused.message(), fault::run_not_active(&id).message());
    }
    let item = BinItem::Run(id.clone());
    store.doom(&item, None).await.unwrap();
    while store.purge(&item).await.unwrap() {}
    let again = run(store, experiment, 1, vec![]).await;
    assert_eq!(store.lines(all(&again, "s"), ALL).await.unwrap().items, []);
    assert_eq!(store.documents(vec![again], &key("a")).await.unwrap(), [None]);
}

pub async fn a_secret_stays_what_it_was_first(store: &dyn Store) {
    assert_eq!(store.secret(&key("a"), [1; 32]).await.unwrap(), [1; 32]);
    assert_eq!(store.secret(&key("a"), [2; 32]).await.unwrap(), [1; 32]);
    assert_eq!(store.secret(&key("b"), [2; 32]).await.unwrap(), [2; 32]);
}
