//! What a destination says it can represent, it accepts; all else it refuses, whole.

use trackside_core::{Batch, ErrorKind, Event, RunBatch, Seq, TrackerInterface};

use super::{
    courier::Courier,
    history::{History, one_of_each},
};
use crate::{Inspect, fixture::params};

pub async fn what_can_be_represented_is_accepted_alone(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let stands_alone = |event: &Event| !matches!(event, Event::TagDeleted(_) | Event::ArtifactDeleted(_));
    let mut histories = Vec::new();
    for (n, event) in (1..).zip(courier.allowed(one_of_each()).into_iter().filter(stands_alone)) {
        let history = History::of(n, courier.terms(), vec![event]);
        courier.deliver(&history.batches).await;
        histories.push(history);
    }
    courier.assert_runs(&histories).await;
}

pub async fn what_cannot_be_represented_is_refused_whole(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let known = History::of(1, courier.terms(), vec![]);
    courier.deliver(&known.batches).await;
    let harmless = courier.allowed(vec![params(&[("p", "1")])]);
    for refused in one_of_each().into_iter().filter(|event| !tracker.capability().allows(event)) {
        let events = [harmless.clone(), vec![refused.clone()]].concat();
        for n in [1, 2] {
            let Batch::Run(begin) = History::of(n, courier.terms(), vec![]).merged() else {
                unreachable!("histories are of runs")
            };
            let started = begin.started.clone().filter(|_| n == 2);
            let batch = Batch::Run(RunBatch { events: events.clone(), started, last: Seq(2), ..begin });
            let error = courier.attempt(&batch).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{refused:?}");
        }
    }
    courier.assert_runs(&[known]).await;
}
