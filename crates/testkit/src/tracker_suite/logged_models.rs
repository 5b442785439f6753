//! Logged models, where a destination knows them.

use trackside_core::{
    Batch, ErrorKind, Event, LoggedModelBatch, LoggedModelChange as Change, LoggedModelId, LoggedModelStatus,
    MetricPoint, ModelMetric, RunId, Seq, TrackerInterface,
};

use super::{
    courier::{Courier, logged_model},
    history::{History, merged},
};
use crate::{
    Inspect, LoggedModelState,
    fixture::{at, key, model_metric, point, tag_list},
};

/// Batches of model number `n`, which run `n` made, one change each, and how it stands after them.
fn model(n: u128, changes: Vec<Change>) -> (Vec<Batch>, LoggedModelState) {
    let Batch::LoggedModel(mut begin) = logged_model(n) else { unreachable!("a logged model begins") };
    let created = begin.created.as_mut().expect("a logged model begins");
    created.new.source_run = Some(RunId::fresh(n));
    created.new.tags = tag_list(&[("first", "1"), ("t", "0")]);
    created.new.params = tag_list(&[("p", "1")]);
    let mut outcome = LoggedModelState::begin(created);
    let mut batches = vec![Batch::LoggedModel(begin.clone())];
    for (seq, change) in (2..).zip(changes) {
        outcome.apply(&change);
        let changes = vec![(change, at(5_000))];
        batches.push(Batch::LoggedModel(LoggedModelBatch { created: None, changes, last: Seq(seq), ..begin.clone() }));
    }
    (batches, outcome)
}

/// Every kind of change, some of them meeting.
fn changes() -> Vec<Change> {
    vec![
        Change::AddParams(tag_list(&[("q", "2"), ("r", "")])),
        Change::SetTags(tag_list(&[("t", "1"), ("u", "1")])),
        Change::SetTags(tag_list(&[("t", "2")])),
        Change::DeleteTag(key("u")),
        Change::DeleteTag(key("first")),
        Change::Status(LoggedModelStatus::Failed),
        Change::Status(LoggedModelStatus::Ready),
    ]
}

/// A destination that knows logged models, with runs 10 and 11 in it.
async fn with_runs<'a>(tracker: &'a dyn TrackerInterface, inspect: &'a dyn Inspect) -> Option<Courier<'a>> {
    if !tracker.capability().logged_models {
        return None;
    }
    let mut courier = Courier::new(tracker, inspect).await;
    for n in [10, 11] {
        courier.deliver(&History::of(n, courier.terms(), vec![]).batches).await;
    }
    Some(courier)
}

pub async fn logged_models_arrive(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let Some(mut courier) = with_runs(tracker, inspect).await else { return };
    let (changed, first) = model(10, changes());
    let (new, second) = model(11, vec![]);
    courier.deliver(&[changed, new].concat()).await;
    courier.assert_logged_models(&[first, second]).await;
}

pub async fn logged_models_may_be_delivered_again(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let Some(mut courier) = with_runs(tracker, inspect).await else { return };
    let ended = [changes(), vec![Change::Delete]].concat();
    let (one_by_one, first) = model(10, ended.clone());
    let (at_once, second) = model(11, ended);
    for batch in &one_by_one {
        courier.insist(batch, 3).await;
    }
    courier.insist(&merged(&at_once), 3).await;
    courier.assert_logged_models(&[first, second]).await;
}

pub async fn a_logged_model_may_come_again_when_its_memory_was_lost(
    tracker: &dyn TrackerInterface,
    inspect: &dyn Inspect,
) {
    let Some(mut courier) = with_runs(tracker, inspect).await else { return };
    let (batches, outcome) = model(10, changes());
    courier.deliver(&batches[..4]).await;
    courier.forget();
    courier.insist(&merged(&batches), 2).await;
    courier.forget();
    courier.deliver(&batches).await;
    courier.assert_logged_models(&[outcome]).await;
}

pub async fn points_arrive_at_the_model_they_name(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    if !tracker.capability().points {
        return;
    }
    let Some(mut courier) = with_runs(tracker, inspect).await else { return };
    let (batches, mut outcome) = model(10, vec![]);
    courier.deliver(&batches).await;
    let id = LoggedModelId::fresh(10);
    let named = vec![
        model_metric("a", point(0, 1_000, 0.5), &id, None),
        model_metric("a", point(1, 1_001, 1.5), &id, Some(("d", "1"))),
        model_metric("b", point(0, 1_000, 2.5), &id, None),
    ];
    let metric = |named: &MetricPoint| ModelMetric {
        key: named.key.clone(),
        point: named.point,
        run: RunId::fresh(12),
        dataset: named.subject.as_ref().and_then(|subject| subject.dataset.clone()),
    };
    outcome.metrics = named.iter().map(metric).collect();
    let history = History::of(12, courier.terms(), vec![Event::Points(named)]);
    for batch in &history.batches {
        courier.insist(batch, 2).await;
    }
    courier.assert_logged_models(&[outcome]).await;
}

pub async fn logged_models_are_refused_where_there_are_none(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    if tracker.capability().logged_models {
        return;
    }
    let courier = Courier::new(tracker, inspect).await;
    for batch in &model(10, changes()).0 {
        assert_eq!(courier.attempt(batch).await.unwrap_err().kind(), ErrorKind::Unsupported, "{batch:?}");
    }
    courier.assert_logged_models(&[]).await;
}
