//! Runs: how they end, that nothing is heard of them, and what audits find.

use trackside_core::{Event, RunBatch, RunStatus, RunUpdate, Tag};

use super::{AUDIT, AUDIT_AT, Found, STALE, fails};
use crate::{EventKind, notice::About};

pub(super) fn read(batch: &RunBatch) -> Vec<Found> {
    let first = batch.started.iter().flat_map(|started| tagged(batch, &started.tags));
    let then = batch.events.iter().flat_map(|event| match event {
        Event::Updated(update) => ended(batch, update).into_iter().collect(),
        Event::Tags(tags) => tagged(batch, tags),
        _ => Vec::new(),
    });
    first.chain(then).collect()
}

fn ended(batch: &RunBatch, update: &RunUpdate) -> Option<Found> {
    let event = match update.status? {
        RunStatus::Finished => EventKind::RunFinished,
        RunStatus::Failed => EventKind::RunFailed,
        RunStatus::Killed => EventKind::RunKilled,
        RunStatus::Running | RunStatus::Scheduled => return None,
    };
    // A client that says the same again says the same end.
    let mark = update.ended_at.map_or_else(|| format!("seq {}", batch.last.0), |at| at.millis().to_string());
    Some(Found { event, at: update.ended_at, about: about(batch), reason: None, by: None, mark })
}

/// Every value counts, also when another follows: windows join what was written in turn.
fn tagged(batch: &RunBatch, tags: &[Tag]) -> Vec<Found> {
    let (mut found, mut audited_at) = (Vec::new(), None);
    for tag in tags {
        let (event, reason, mark) = match tag.key.as_str() {
            AUDIT_AT => {
                audited_at = Some(tag.value.clone());
                continue;
            }
            AUDIT if fails(&tag.value) => {
                let mark = audited_at.clone().unwrap_or_else(|| format!("seq {}", batch.last.0));
                (EventKind::AuditFailed, tag.value.clone(), mark)
            }
            STALE => (EventKind::RunStale, format!("nothing was written since {}", tag.value), tag.value.clone()),
            _ => continue,
        };
        found.push(Found { event, at: None, about: about(batch), reason: Some(reason), by: None, mark });
    }
    found
}

/// Its name and experiment are looked up when it is told.
fn about(batch: &RunBatch) -> About {
    let id = batch.run.to_string();
    About::Run { id, name: String::new(), experiment: String::new(), experiment_id: String::new() }
}

#[cfg(test)]
mod tests {
    use trackside_core::{Key, RunId, Seq, Timestamp};

    use super::*;

    fn told(events: Vec<Event>) -> Vec<(EventKind, Option<i64>, String)> {
        let batch = RunBatch { run: RunId::fresh(1), started: None, events, last: Seq(9) };
        read(&batch).into_iter().map(|found| (found.event, found.at.map(Timestamp::millis), found.mark)).collect()
    }

    fn status(status: RunStatus, ended_at: Option<i64>) -> Event {
        let ended_at = ended_at.map(Timestamp::from_millis);
        Event::Updated(RunUpdate { status: Some(status), ended_at, name: None })
    }

    fn tags(pairs: &[(&str, &str)]) -> Event {
        Event::Tags(pairs.iter().map(|(key, value)| Tag::new(*key, *value).unwrap()).collect())
    }

    #[test]
    fn ends_are_told_and_nothing_else_of_an_update() {
        let name = Event::Updated(RunUpdate { name: Some("n".into()), ..RunUpdate::default() });
        let events = vec![name, status(RunStatus::Running, None), status(RunStatus::Failed, Some(5)), Event::Resumed];
        assert_eq!(told(events), [(EventKind::RunFailed, Some(5), "5".into())]);
        let ends = [(RunStatus::Finished, EventKind::RunFinished), (RunStatus::Killed, EventKind::RunKilled)];
        for (end, event) in ends {
            assert_eq!(told(vec![status(end, None)]), [(event, None, "seq 9".into())]);
        }
    }

    #[test]
    fn tags_tell_of_silence_and_of_audits_that_failed() {
        let stale = EventKind::RunStale;
        let audit = EventKind::AuditFailed;
        assert_eq!(told(vec![tags(&[("x", "y"), (STALE, "then")])]), [(stale, None, "then".into())]);
        assert_eq!(told(vec![tags(&[(AUDIT, "drifted"), (AUDIT, "identical")])]), [(audit, None, "seq 9".into())]);
        assert_eq!(told(vec![tags(&[(AUDIT_AT, "now"), (AUDIT, "missing")])]), [(audit, None, "now".into())]);
        let quiet = vec![tags(&[(AUDIT, "equivalent")]), Event::TagDeleted(Key::new(STALE).unwrap())];
        assert_eq!(told(quiet), []);
    }
}
