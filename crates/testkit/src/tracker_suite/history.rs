//! Histories of runs, as a source may produce them.

use trackside_core::{
    Capability, DatasetInput, Event, LoggedModelId, ModelOutput, RunBatch, RunId, RunStarted, RunStatus, RunUpdate,
    Seq, TrackerInterface,
};

use crate::{
    RunState,
    fixture::{at, dataset_input, key, params, point, points, tag_list, tags},
};

/// The batches of one run, and how the run stands after them.
#[derive(Debug, Clone)]
pub struct History {
    /// In order; the first begins the run.
    pub batches: Vec<RunBatch>,
    /// What a destination shows once it has them all, however often.
    pub outcome: RunState,
}

impl History {
    /// Run number `n` with these events, one batch each, begun in experiment `e`.
    pub fn of(n: u128, capability: Capability, events: Vec<Event>) -> Self {
        let started = RunStarted {
            experiment: key("e"),
            name: format!("run-{n}"),
            user: "ada".to_owned(),
            started_at: at(1_000),
            tags: if capability.tags { tag_list(&[("first", "1"), ("t0", "first")]) } else { vec![] },
        };
        let run = RunId::fresh(n);
        let mut outcome = RunState::begin(&run, &started);
        let first = RunBatch { run: run.clone(), started: Some(started), events: vec![], last: Seq(1) };
        let mut batches = vec![first];
        for (seq, event) in (2..).zip(events) {
            outcome.apply(&event).expect("a source never contradicts itself");
            batches.push(RunBatch { run: run.clone(), started: None, events: vec![event], last: Seq(seq) });
        }
        Self { batches, outcome }
    }

    /// Run number `n` with one event of each kind that the capability allows, ending in the bin.
    pub fn of_every_kind(n: u128, capability: Capability) -> Self {
        Self::of(n, capability, one_of_each().into_iter().filter(|event| capability.allows(event)).collect())
    }

    /// Run number `n` with a few dozen events drawn from a small world, so that they meet often.
    /// The same seed gives the same history.
    pub fn pseudo_random(seed: u64, n: u128, capability: Capability) -> Self {
        let mut dice = Dice(seed);
        let mut events: Vec<Event> = Vec::new();
        let mut state = Self::of(n, capability, vec![]).outcome;
        while events.len() < 30 {
            let event = if state.deleted { Event::Restored } else { dice.event(&state) };
            if capability.allows(&event) {
                state.apply(&event).expect("the dice do not contradict themselves");
                events.push(event);
            }
        }
        Self::of(n, capability, events)
    }

    /// All in one batch.
    pub fn merged(&self) -> RunBatch {
        merged(&self.batches)
    }

    /// In two batches, the second beginning at this one of the original batches.
    pub fn cut_at(&self, place: usize) -> [RunBatch; 2] {
        [merged(&self.batches[..place]), merged(&self.batches[place..])]
    }
}

fn merged(batches: &[RunBatch]) -> RunBatch {
    let (first, rest) = batches.split_first().expect("there is something to merge");
    rest.iter().fold(first.clone(), |whole, next| whole.merge(next.clone()).expect("the next batch follows"))
}

/// Delivers batches that must be accepted.
pub(super) async fn deliver(tracker: &dyn TrackerInterface, batches: &[RunBatch]) {
    for batch in batches {
        tracker.deliver(batch).await.unwrap();
    }
}

/// One event of each kind; together they are a possible history.
pub fn one_of_each() -> Vec<Event> {
    let model = LoggedModelId::fresh(1);
    vec![
        params(&[("p", "1")]),
        points("m", &[point(1, 1, 0.5)]),
        tags(&[("t", "1"), ("u", "1")]),
        Event::TagDeleted(key("t")),
        Event::DatasetInputs(vec![dataset_input("d", "1")]),
        Event::ModelInputs(vec![model.clone()]),
        Event::ModelOutputs(vec![ModelOutput { model, step: 1 }]),
        Event::Updated(RunUpdate { status: Some(RunStatus::Finished), ended_at: Some(at(9)), name: None }),
        Event::Deleted(at(10)),
        Event::Restored,
        Event::Deleted(at(11)),
    ]
}

/// Pseudo-random numbers: `SplitMix64`, as in Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", 2014.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).expect("31 bits fit") % sides
    }

    /// An event that may happen to an active run in this state.
    fn event(&mut self, state: &RunState) -> Event {
        match self.roll(12) {
            0 | 1 => {
                let name = format!("p{}", self.roll(6));
                params(&[(&name, &format!("value of {name}"))])
            }
            2..=4 => {
                let drawn = [self.point(), self.point()];
                points(&format!("m{}", self.roll(3)), &drawn[self.roll(2)..])
            }
            5 | 6 => {
                let (first, second) = (format!("t{}", self.roll(4)), format!("t{}", self.roll(4)));
                tags(&[(&first, &self.roll(9).to_string()), (&second, &self.roll(9).to_string())])
            }
            7 => match state.tags.keys().nth(self.roll(4)) {
                Some(tag) => Event::TagDeleted(tag.clone()),
                None => Event::Restored,
            },
            8 => Event::DatasetInputs(vec![self.dataset()]),
            9 => {
                let model = LoggedModelId::fresh(self.roll(3) as u128);
                if self.roll(2) == 0 {
                    Event::ModelInputs(vec![model])
                } else {
                    Event::ModelOutputs(vec![ModelOutput { model, step: 7 }])
                }
            }
            10 => Event::Updated(RunUpdate {
                status: RunStatus::ALL.get(self.roll(9)).copied(),
                ended_at: (self.roll(2) == 0).then(|| at(i64::MAX)),
                name: (self.roll(2) == 0).then(|| format!("name {}", self.roll(3))),
            }),
            _ => Event::Deleted(at(5)),
        }
    }

    fn point(&mut self) -> trackside_core::Point {
        let values = [0.5, -0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let positions = [0, 1, i64::MAX, i64::MIN];
        point(positions[self.roll(4)], positions[self.roll(4)], values[self.roll(5)])
    }

    fn dataset(&mut self) -> DatasetInput {
        let context = ["training", "testing"][self.roll(2)];
        DatasetInput {
            tags: tag_list(&[("mlflow.data.context", context)]),
            ..dataset_input(["a", "b"][self.roll(2)], ["1", "2"][self.roll(2)])
        }
    }
}
