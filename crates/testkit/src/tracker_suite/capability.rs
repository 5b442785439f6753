//! What a destination says it can represent, it accepts; all else it refuses, whole.

use trackside_core::{ErrorKind, Event, RunBatch, Seq, TrackerInterface};

use super::history::{History, deliver, one_of_each};
use crate::{Inspect, fixture::params};

pub async fn what_can_be_represented_is_accepted_alone(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let capability = tracker.capability();
    let allowed = one_of_each().into_iter().filter(|event| capability.allows(event));
    let removable = |event: &Event| !matches!(event, Event::TagDeleted(_));
    let mut outcomes = Vec::new();
    for (n, event) in (1..).zip(allowed.filter(removable)) {
        let history = History::of(n, capability, vec![event]);
        deliver(tracker, &history.batches).await;
        outcomes.push(history.outcome);
    }
    assert_eq!(inspect.runs().await, outcomes);
}

pub async fn what_cannot_be_represented_is_refused_whole(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let capability = tracker.capability();
    let known = History::of(1, capability, vec![]);
    deliver(tracker, &known.batches).await;
    let harmless: Vec<_> = [params(&[("p", "1")])].into_iter().filter(|event| capability.allows(event)).collect();
    for refused in one_of_each().into_iter().filter(|event| !capability.allows(event)) {
        let events = [harmless.clone(), vec![refused.clone()]].concat();
        let continuing = RunBatch { events: events.clone(), started: None, last: Seq(2), ..known.batches[0].clone() };
        let beginning = RunBatch { events, ..History::of(2, capability, vec![]).batches[0].clone() };
        for batch in [continuing, beginning] {
            let error = tracker.deliver(&batch).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{refused:?}");
        }
    }
    assert_eq!(inspect.runs().await, [known.outcome]);
}
