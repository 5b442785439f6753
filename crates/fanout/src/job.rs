//! What is to be delivered of one subject in one go, and how far that has come.

use std::collections::VecDeque;

use trackside_core::{
    Batch, Capability, Event, RegisteredModelChange, RegistryEvent, RunBatch, Seq, Subject, Withheld,
    store::{Mark, NewDeadLetter},
};

use crate::split::split;

/// Beyond every entry: whatever comes is passed over. The largest position that stores can hold.
const PARKED: Seq = Seq(i64::MAX.cast_unsigned());

/// The pieces of one subject, oldest first. What was delivered is taken out, so a job that was interrupted goes
/// on where it was.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) subject: Subject,
    /// Jobs of a lower phase come first: models before the runs that measure them, a run before those below it.
    pub(crate) phase: u32,
    /// Yet to be delivered.
    pub(crate) pieces: VecDeque<Batch>,
    /// The mark from before any of it was delivered, with all cuts.
    pub(crate) before: Mark,
    /// Whether its last cut must be written down before anything more is delivered.
    pub(crate) is_cut: bool,
    /// What is known of the subject after what was delivered.
    pub(crate) mark: Mark,
    /// Whether the mark must be written.
    pub(crate) changed: bool,
    /// Names that the subject was given: they inherit its mark.
    pub(crate) renamed: Vec<Subject>,
    pub(crate) delivered: u64,
    pub(crate) withheld: Withheld,
    pub(crate) dead: Vec<NewDeadLetter>,
    /// Failed tries since something was delivered.
    pub(crate) tries: u32,
    /// Pieces that could not be halved and were given up since something was delivered.
    pub(crate) refusals: u32,
    /// Pieces that arrived.
    pub(crate) arrived: u32,
    /// Pieces that are gone, whatever became of them.
    gone: u32,
}

impl Job {
    /// Of the entries of one subject in order, which are merged, restricted to what the destination can represent,
    /// and cut so that each artifact travels alone: it may be large. Then as the mark says.
    pub(crate) fn new(subject: Subject, entries: Vec<Batch>, mark: Option<Mark>, capability: Capability) -> Self {
        let mut job = Self {
            subject,
            phase: 0,
            pieces: VecDeque::new(),
            changed: mark.as_ref().is_none_or(|mark| !mark.cuts.is_empty()),
            mark: Mark { cuts: Vec::new(), ..mark.clone().unwrap_or_default() },
            before: mark.unwrap_or_default(),
            is_cut: false,
            renamed: Vec::new(),
            delivered: 0,
            withheld: Withheld::default(),
            dead: Vec::new(),
            tries: 0,
            refusals: 0,
            arrived: 0,
            gone: 0,
        };
        for entry in entries {
            if let Some(rest) = capability.restrict(entry, &mut job.withheld) {
                job.push(rest);
            }
        }
        // They fit, unless someone has meddled with them or a history begins anew.
        job.before.cuts.retain(|place| usize::try_from(*place).is_ok_and(|place| halve(&mut job.pieces, place)));
        job
    }

    fn push(&mut self, batch: Batch) {
        for piece in pieces(batch) {
            let joined = match self.pieces.pop_back() {
                Some(last) if may_join(&last, &piece) => {
                    // Pieces of one entry share its position; as a step of their own they may follow.
                    let (seq, mut first) = (piece.last(), last);
                    first.set_last(Seq(seq.0.saturating_sub(1)));
                    first.merge(piece).expect("pieces of one subject follow each other")
                }
                Some(last) => {
                    self.pieces.push_back(last);
                    piece
                }
                None => piece,
            };
            self.pieces.push_back(joined);
        }
    }

    /// Whether nothing is left to deliver.
    pub(crate) fn is_done(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Halves the first piece; false when it cannot be halved.
    pub(crate) fn halve(&mut self) -> bool {
        let halved = halve(&mut self.pieces, 0);
        if halved {
            self.before.cuts.push(self.gone);
            (self.is_cut, self.changed) = (true, true);
        }
        halved
    }

    /// The first piece was delivered and left this.
    pub(crate) fn delivered(&mut self, delivered: trackside_core::Delivered) {
        let Some(piece) = self.pieces.pop_front() else { return };
        (self.tries, self.refusals) = (0, 0);
        (self.arrived, self.gone) = (self.arrived + 1, self.gone + 1);
        self.delivered += piece.n_items().saturating_sub(delivered.withheld.total());
        self.withheld.extend(&delivered.withheld);
        self.changed |= self.mark.memory != delivered.memory || self.mark.keep_alive != delivered.keep_alive;
        self.mark.memory = delivered.memory;
        self.mark.keep_alive = delivered.keep_alive;
        if let Batch::RegisteredModel(batch) = piece {
            self.renamed.extend(batch.events.into_iter().filter_map(|event| match event {
                RegistryEvent::Changed(RegisteredModelChange::Rename(name), _) => Some(Subject::RegisteredModel(name)),
                _ => None,
            }));
        }
    }

    /// The first piece can never be delivered. When it begins the subject, nothing that follows can either: the
    /// subject is parked, and sent again whole when the letter is tried again.
    pub(crate) fn bury(&mut self, at: trackside_core::Timestamp, reason: String) {
        let Some(batch) = self.pieces.pop_front() else { return };
        self.gone += 1;
        if batch.begins() && !matches!(batch, Batch::RegisteredModel(_)) {
            self.pieces.clear();
            self.mark = Mark { upto: PARKED, ..Mark::default() };
            self.changed = true;
        }
        self.dead.push(NewDeadLetter { at, reason, batch });
    }

    /// Whether the subject is passed over until its first dead letter is tried again.
    pub(crate) fn is_parked(mark: &Mark) -> bool {
        mark.upto == PARKED
    }
}

/// Puts the two halves of a piece in its place; false when there is no such piece or it cannot be halved.
fn halve(pieces: &mut VecDeque<Batch>, place: usize) -> bool {
    let Some((first, second)) = pieces.get(place).and_then(split) else { return false };
    pieces[place] = second;
    pieces.insert(place, first);
    true
}

/// Each artifact alone, all else together.
fn pieces(batch: Batch) -> Vec<Batch> {
    let Batch::Run(RunBatch { run, started, events, last }) = batch else { return vec![batch] };
    let is_artifact = |event: &Event| matches!(event, Event::ArtifactStored(_));
    let mut pieces = vec![RunBatch { run: run.clone(), started, events: Vec::new(), last }];
    let mut alone = false;
    for event in events {
        let artifact = is_artifact(&event);
        let piece = pieces.last_mut().expect("there is always one");
        let fresh = piece.started.is_none() && piece.events.is_empty();
        if (artifact || alone) && !fresh {
            pieces.push(RunBatch { run: run.clone(), started: None, events: vec![event], last });
        } else {
            piece.events.push(event);
        }
        alone = artifact;
    }
    pieces.into_iter().map(Batch::Run).collect()
}

fn may_join(first: &Batch, second: &Batch) -> bool {
    let has_artifact = |batch: &Batch| match batch {
        Batch::Run(run) => run.events.iter().any(|event| matches!(event, Event::ArtifactStored(_))),
        _ => false,
    };
    let begins_again = second.begins() && !matches!(second, Batch::RegisteredModel(_));
    !has_artifact(first) && !has_artifact(second) && !begins_again
}

#[cfg(test)]
mod tests {
    use trackside_core::Delivered;
    use trackside_testkit::{
        fixture::{at, point, points},
        tracker_suite::history::History,
    };

    use super::*;

    fn history() -> History {
        let of_steps: Vec<_> = (0..8).map(|step| point(step, step, 0.5)).collect();
        History::of(1, Capability::ALL, vec![points("m", &of_steps)])
    }

    fn job(cuts: Vec<u32>) -> Job {
        let history = history();
        let mark = Mark { memory: Some("m".to_owned()), cuts, ..Mark::default() };
        Job::new(Subject::Run(history.outcome.id), history.batches, Some(mark), Capability::ALL)
    }

    fn sizes(job: &Job) -> Vec<u64> {
        job.pieces.iter().map(Batch::n_items).collect()
    }

    #[test]
    fn cuts_make_the_same_pieces_again() {
        let mut first = job(vec![]);
        // The beginning, then 8 points: 4, of which 2 and 2, and 4, of which one half is given up.
        assert!(first.halve());
        first.delivered(Delivered::remembering("n"));
        assert!(first.halve() && first.halve());
        for _ in 0..2 {
            first.delivered(Delivered::remembering("n"));
        }
        assert!(first.halve());
        first.bury(at(1), "why".to_owned());
        assert_eq!((sizes(&first), &first.before.cuts[..]), (vec![2], &[0, 1, 1, 3][..]));

        let again = job(first.before.cuts.clone());
        assert_eq!(sizes(&again), [1, 2, 2, 2, 2]);
        assert_eq!(again.pieces.back(), first.pieces.back());
        assert_eq!((again.mark.memory.as_deref(), again.mark.cuts.len(), again.changed), (Some("m"), 0, true));
    }

    #[test]
    fn cuts_that_do_not_fit_are_passed_over() {
        let job = job(vec![7, 0, u32::MAX, 0, 1]);
        assert_eq!(sizes(&job), [1, 4, 4]);
        assert_eq!(job.before.cuts, [0, 1]);
    }
}
