//! Halving a batch that was refused, until what is at fault stands alone.

use trackside_core::{Batch, Event};

/// The two halves of a batch, in order; `None` when it cannot be halved. Both keep its position: it is one step
/// of the log.
pub(crate) fn split(batch: &Batch) -> Option<(Batch, Batch)> {
    let (mut first, mut second) = (batch.clone(), batch.clone());
    match (&mut first, &mut second) {
        (Batch::Run(first), Batch::Run(second)) => {
            let begins = second.started.take().is_some();
            let n = second.events.len();
            if begins && n > 0 {
                // The beginning alone: if that is refused, so is all else.
                first.events.clear();
            } else if n > 1 {
                second.events = first.events.split_off(n / 2);
            } else {
                let (left, right) = halves(first.events.pop()?)?;
                (first.events, second.events) = (vec![left], vec![right]);
            }
        }
        (Batch::LoggedModel(first), Batch::LoggedModel(second)) => {
            let begins = second.created.take().is_some();
            match second.changes.len() {
                0 => return None,
                _ if begins => first.changes.clear(),
                1 => return None,
                n => second.changes = first.changes.split_off(n / 2),
            }
        }
        (Batch::RegisteredModel(first), Batch::RegisteredModel(second)) => match second.events.len() {
            0 | 1 => return None,
            n => second.events = first.events.split_off(n / 2),
        },
        _ => unreachable!("both are clones of one batch"),
    }
    Some((first, second))
}

/// The two halves of an event that holds several things.
fn halves(event: Event) -> Option<(Event, Event)> {
    fn cut<T>(mut items: Vec<T>, make: impl Fn(Vec<T>) -> Event) -> Option<(Event, Event)> {
        let half = items.len() / 2;
        let second = items.split_off(half);
        (half > 0).then(|| (make(items), make(second)))
    }
    match event {
        Event::Params(items) => cut(items, Event::Params),
        Event::ParamsReplaced(items) => cut(items, Event::ParamsReplaced),
        Event::Points(items) => cut(items, Event::Points),
        Event::Tags(items) => cut(items, Event::Tags),
        Event::DatasetInputs(items) => cut(items, Event::DatasetInputs),
        Event::ModelInputs(items) => cut(items, Event::ModelInputs),
        Event::ModelOutputs(items) => cut(items, Event::ModelOutputs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use trackside_core::Capability;
    use trackside_testkit::tracker_suite::history::History;

    use super::*;

    /// What remains when a batch is halved as often as possible.
    fn atoms(batch: Batch) -> Vec<Batch> {
        match split(&batch) {
            None => vec![batch],
            Some((first, second)) => [atoms(first), atoms(second)].concat(),
        }
    }

    #[test]
    fn the_parts_hold_all_items_in_order_and_one_each() {
        for seed in 0..50 {
            let whole = History::pseudo_random(seed, 1, Capability::ALL).merged();
            let parts = atoms(whole.clone());
            assert!(parts.iter().all(|part| part.n_items() <= 1), "seed {seed}");
            assert_eq!(parts.iter().map(Batch::n_items).sum::<u64>(), whole.n_items(), "seed {seed}");
            assert!(parts[0].begins() && parts[1..].iter().all(|part| !part.begins()), "seed {seed}");
            assert!(parts.iter().all(|part| part.last() == whole.last()), "seed {seed}");
        }
    }
}
