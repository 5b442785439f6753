//! Notices that wait for the end of their period.

use std::time::Duration;

use trackside_core::Timestamp;

use crate::{
    memory::{Held, Memory},
    message::Message,
    notice::Notice,
};

/// Notices of one message: more make another.
const MAX_NOTICES: usize = 1_000;

/// The end of the period that an instant lies in: a multiple of its length since the epoch.
pub(crate) fn end_of_period(at: Timestamp, period: Duration) -> i64 {
    let period = i64::try_from(period.as_millis()).unwrap_or(i64::MAX).max(1);
    at.millis().div_euclid(period).saturating_add(1).saturating_mul(period)
}

/// Takes out of a memory what belongs to periods that are over.
pub(crate) fn take_due(memory: &mut Memory, now: Timestamp) -> Vec<Held> {
    let (due, waiting) = std::mem::take(&mut memory.held).into_iter().partition(|held| held.until <= now.millis());
    memory.held = waiting;
    due
}

/// The messages that these are: one for each period, unless there are very many.
pub(crate) fn messages(sink: &str, mut due: Vec<Held>) -> Vec<Message> {
    due.sort_by(|a, b| (a.until, a.notice.at, &a.notice.id).cmp(&(b.until, b.notice.at, &b.notice.id)));
    let periods = due.chunk_by(|a, b| a.until == b.until);
    let parts = periods.flat_map(|period| period.chunks(MAX_NOTICES));
    let message = |part: &[Held]| {
        let until = part.first().map_or(0, |held| held.until);
        let notices: Vec<Notice> = part.iter().map(|held| held.notice.clone()).collect();
        Message::digest(sink, Timestamp::from_millis(until), notices)
    };
    parts.map(message).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::tests::failed;

    fn held(until: i64, name: &str) -> Held {
        Held { until, notice: failed(name) }
    }

    #[test]
    fn periods_end_at_multiples_of_their_length() {
        let minute = Duration::from_mins(1);
        let ends = [0, 59_999, 60_000].map(|at| end_of_period(Timestamp::from_millis(at), minute));
        assert_eq!(ends, [60_000, 60_000, 120_000]);
    }

    #[test]
    fn what_is_due_leaves_the_memory_and_the_rest_stays() {
        let mut memory = Memory::default();
        memory.held = vec![held(10, "a"), held(20, "b")];
        assert_eq!(take_due(&mut memory, Timestamp::from_millis(9)), []);
        assert_eq!(take_due(&mut memory, Timestamp::from_millis(10)), [held(10, "a")]);
        assert_eq!(memory.held, [held(20, "b")]);
    }

    #[test]
    fn there_is_a_message_for_each_period_whatever_the_order() {
        let all = vec![held(20, "c"), held(10, "a"), held(10, "b")];
        let told = messages("s", all.clone());
        assert_eq!(told.iter().map(|message| message.notices.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(told, messages("s", all.into_iter().rev().collect()));
        let many = messages("s", (0..1_001).map(|n| held(10, &n.to_string())).collect());
        assert_eq!(many.iter().map(|message| message.notices.len()).collect::<Vec<_>>(), [1_000, 1]);
    }
}
