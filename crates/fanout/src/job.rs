//! What is to be delivered of one subject in one go, and how far that has come.

use std::collections::VecDeque;

use trackside_core::{
    Batch, Capability, Event, RegisteredModelChange, RegistryEvent, RunBatch, Seq, Subject, Withheld,
    store::{Mark, NewDeadLetter},
};

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
    /// Pieces that arrived.
    pub(crate) arrived: u32,
}

impl Job {
    /// Of the entries of one subject in order, which are merged, restricted to what the destination can represent,
    /// and cut so that each artifact travels alone: it may be large.
    pub(crate) fn new(subject: Subject, entries: Vec<Batch>, mark: Option<Mark>, capability: Capability) -> Self {
        let mut job = Self {
            subject,
            phase: 0,
            pieces: VecDeque::new(),
            changed: mark.is_none(),
            mark: mark.unwrap_or_default(),
            renamed: Vec::new(),
            delivered: 0,
            withheld: Withheld::default(),
            dead: Vec::new(),
            tries: 0,
            arrived: 0,
        };
        for entry in entries {
            if let Some(rest) = capability.restrict(entry, &mut job.withheld) {
                job.push(rest);
            }
        }
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

    /// The first piece was delivered and left this.
    pub(crate) fn delivered(&mut self, delivered: trackside_core::Delivered) {
        let Some(piece) = self.pieces.pop_front() else { return };
        (self.tries, self.arrived) = (0, self.arrived + 1);
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
