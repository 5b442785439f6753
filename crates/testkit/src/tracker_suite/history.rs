//! Histories of runs, as a source may produce them.

use trackside_core::{
    Batch, Event, LoggedModelId, ModelOutput, RunBatch, RunId, RunStarted, RunStatus, RunUpdate, Seq,
};

use super::dice::Dice;
use crate::{
    RunState, Terms,
    fixture::{artifact, artifact_stored, at, dataset_input, key, params, point, points, tag_list, tags},
};

/// The batches of one run, and how the run stands after them.
#[derive(Debug, Clone)]
pub struct History {
    /// In order; the first begins the run.
    pub batches: Vec<Batch>,
    /// What a destination shows once it has them all, however often.
    pub outcome: RunState,
}

impl History {
    /// Run number `n` with these events, as near as the limits allow, one batch each, begun in experiment `e`.
    pub fn of(n: u128, terms: impl Into<Terms>, events: Vec<Event>) -> Self {
        Self::within("e", n, terms, events)
    }

    /// Run number `n` with these events, begun in this experiment.
    pub fn within(experiment: &str, n: u128, terms: impl Into<Terms>, events: Vec<Event>) -> Self {
        let Terms { capability, limits } = terms.into();
        let started = RunStarted {
            experiment: key(experiment),
            name: format!("run-{n}"),
            user: "ada".to_owned(),
            started_at: at(1_000),
            tags: if capability.tags { tag_list(&[("first", "1"), ("t0", "first")]) } else { vec![] },
        };
        let run = RunId::fresh(n);
        let mut outcome = RunState::begin(&run, &started);
        let batch = |started, events, seq| Batch::Run(RunBatch { run: run.clone(), started, events, last: Seq(seq) });
        let mut batches = vec![batch(Some(started), vec![], 1)];
        for (seq, event) in (2..).zip(limits.fit(events)) {
            outcome.apply(&event).expect("a source never contradicts itself");
            batches.push(batch(None, vec![event], seq));
        }
        Self { batches, outcome }
    }

    /// Run number `n` with one event of each kind that the capability allows, ending in the bin.
    pub fn of_every_kind(n: u128, terms: impl Into<Terms>) -> Self {
        let terms = terms.into();
        let allowed = one_of_each().into_iter().filter(|event| terms.capability.allows(event));
        Self::of(n, terms, allowed.collect())
    }

    /// Run number `n` with a few dozen events drawn from a small world, so that they meet often.
    /// The same seed gives the same history.
    pub fn pseudo_random(seed: u64, n: u128, terms: impl Into<Terms>) -> Self {
        let terms = terms.into();
        Self::of(n, terms, Self::pseudo_random_events(seed, terms))
    }

    /// The events of such a run.
    pub fn pseudo_random_events(seed: u64, terms: impl Into<Terms>) -> Vec<Event> {
        let terms = terms.into();
        let mut dice = Dice::new(seed);
        let mut events: Vec<Event> = Vec::new();
        let mut state = Self::of(0, terms, vec![]).outcome;
        while events.len() < 30 {
            let event = if state.deleted { Event::Restored } else { dice.event(&state) };
            if terms.capability.allows(&event) {
                state.apply(&event).expect("the dice do not contradict themselves");
                events.push(event);
            }
        }
        events
    }

    /// All in one batch.
    pub fn merged(&self) -> Batch {
        merged(&self.batches)
    }

    /// In two batches, the second beginning at this one of the original batches.
    pub fn cut_at(&self, place: usize) -> [Batch; 2] {
        [merged(&self.batches[..place]), merged(&self.batches[place..])]
    }
}

/// Batches that follow one another, in one.
pub fn merged(batches: &[Batch]) -> Batch {
    let (first, rest) = batches.split_first().expect("there is something to merge");
    rest.iter().fold(first.clone(), |whole, next| whole.merge(next.clone()).expect("the next batch follows"))
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
        artifact_stored("d/kept-20.bin", 20),
        artifact_stored("d/gone-5.bin", 5),
        Event::ArtifactDeleted(artifact("d/gone-5.bin")),
        Event::Updated(RunUpdate { status: Some(RunStatus::Finished), ended_at: Some(at(9)), name: None }),
        Event::Deleted(at(10)),
        Event::Restored,
        Event::Deleted(at(11)),
    ]
}
