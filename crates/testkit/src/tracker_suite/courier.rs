//! Delivers as fan-out does: in turn, and with the memory that the destination asked for.

use std::{collections::BTreeMap, future, pin::pin, task::Poll};

use trackside_core::{
    Batch, Event, LoggedModelBatch, LoggedModelCreated, LoggedModelId, RegisteredModelChange, RegistryEvent, Result,
    RunBatch, Seq, Subject, TrackerInterface,
};

use super::history::History;
use crate::{
    Inspect, LoggedModelState, RegistryState, Terms,
    fixture::{key, new_logged_model},
};

/// Logged models that histories of runs refer to: those of these numbers.
const REFERRED: std::ops::Range<u128> = 0..3;

/// Brings batches to a destination, and compares what it shows afterwards.
#[derive(Debug)]
pub struct Courier<'a> {
    tracker: &'a dyn TrackerInterface,
    inspect: &'a dyn Inspect,
    memories: BTreeMap<Subject, String>,
}

impl<'a> Courier<'a> {
    /// For an empty destination. Where it holds logged models and links to them, those that histories refer to
    /// begin here.
    pub async fn new(tracker: &'a dyn TrackerInterface, inspect: &'a dyn Inspect) -> Self {
        let mut courier = Self { tracker, inspect, memories: BTreeMap::new() };
        if tracker.capability().logged_models && tracker.capability().model_links {
            courier.deliver(&REFERRED.map(logged_model).collect::<Vec<_>>()).await;
        }
        courier
    }

    /// What histories for the destination may hold.
    pub fn terms(&self) -> Terms {
        Terms { capability: self.tracker.capability(), limits: self.inspect.limits() }
    }

    /// Those events that the destination may be given.
    pub fn allowed(&self, events: Vec<Event>) -> Vec<Event> {
        events.into_iter().filter(|event| self.terms().capability.allows(event)).collect()
    }

    /// Delivers batches that must be accepted, each once.
    pub async fn deliver(&mut self, batches: &[Batch]) {
        for batch in batches {
            self.insist(batch, 1).await;
        }
    }

    /// Delivers a batch so many times, as if each answer but the last had been lost: always with the memory of the
    /// first try.
    pub async fn insist(&mut self, batch: &Batch, times: usize) {
        let memory = self.memory(batch);
        for _ in 0..times {
            let delivered = self.tracker.deliver(batch, memory.as_deref()).await;
            let delivered = delivered.unwrap_or_else(|error| panic!("{error}: {batch:?} with {memory:?}"));
            self.remember(batch, delivered.memory);
        }
        self.follow(batch);
        self.tracker.flush().await.unwrap();
    }

    /// Delivers a batch in halves, which share its position, as after a refusal; then, as if all that came of it had
    /// been lost, whole.
    pub async fn insist_after_halves(&mut self, batch: &Batch) {
        let Batch::Run(whole) = batch else { unreachable!("batches of runs are halved") };
        let before = self.memories.clone();
        let (first, second) = whole.events.split_at(whole.events.len() / 2);
        self.insist(&Batch::Run(RunBatch { events: first.to_vec(), ..whole.clone() }), 1).await;
        self.insist(&Batch::Run(RunBatch { events: second.to_vec(), started: None, ..whole.clone() }), 1).await;
        self.memories = before;
        self.insist(batch, 2).await;
    }

    /// Begins to deliver a batch, polls so often, and drops the delivery. What it would have answered is lost.
    pub async fn interrupt(&self, batch: &Batch, n_polls: usize) {
        let memory = self.memory(batch);
        let mut delivery = pin!(self.tracker.deliver(batch, memory.as_deref()));
        for _ in 0..n_polls {
            match future::poll_fn(|context| Poll::Ready(delivery.as_mut().poll(context))).await {
                Poll::Ready(answer) => return drop(answer.unwrap()),
                Poll::Pending => tokio::task::yield_now().await,
            }
        }
    }

    /// Delivers a batch once, which may fail.
    pub async fn attempt(&self, batch: &Batch) -> Result<()> {
        self.tracker.deliver(batch, self.memory(batch).as_deref()).await.map(drop)
    }

    /// Loses all memories.
    pub fn forget(&mut self) {
        self.memories.clear();
    }

    /// The destination shows these runs, in order of id, and no others.
    pub async fn assert_runs(&self, histories: &[History]) {
        let expected: Vec<_> = histories.iter().map(|history| self.inspect.view(history.outcome.clone())).collect();
        let shown = self.inspect.runs().await;
        let ids = |runs: &[crate::RunState]| runs.iter().map(|run| run.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&shown), ids(&expected));
        for (shown, expected) in shown.iter().zip(&expected) {
            assert_eq!(shown, expected);
        }
    }

    /// The destination shows these logged models, in order of id, beside those that histories refer to.
    pub async fn assert_logged_models(&self, models: &[LoggedModelState]) {
        let referred: Vec<_> = REFERRED.map(LoggedModelId::fresh).collect();
        let mut shown = self.inspect.logged_models().await;
        shown.retain(|model| !referred.contains(&model.id));
        let expected: Vec<_> = models.iter().map(|model| self.inspect.view_logged_model(model.clone())).collect();
        assert_eq!(shown, expected);
    }

    /// The destination shows these registered models.
    pub async fn assert_registry(&self, registry: &RegistryState) {
        let models = registry.0.values().cloned();
        let expected: Vec<_> = models.map(|model| self.inspect.view_registered_model(model)).collect();
        assert_eq!(self.inspect.registered_models().await, expected);
    }

    fn memory(&self, batch: &Batch) -> Option<String> {
        self.memories.get(&batch.subject()).cloned()
    }

    fn remember(&mut self, batch: &Batch, memory: Option<String>) {
        match memory {
            Some(memory) => self.memories.insert(batch.subject(), memory),
            None => self.memories.remove(&batch.subject()),
        };
    }

    /// What is remembered of a model goes with it to its new name.
    fn follow(&mut self, batch: &Batch) {
        let Batch::RegisteredModel(events) = batch else { return };
        if let Some(RegistryEvent::Changed(RegisteredModelChange::Rename(to), _)) = events.events.last()
            && let Some(memory) = self.memories.remove(&batch.subject())
        {
            self.memories.insert(Subject::RegisteredModel(to.clone()), memory);
        }
    }
}

/// The batch that begins logged model number `n` in experiment `e`.
pub(super) fn logged_model(n: u128) -> Batch {
    let new = new_logged_model(trackside_core::ExperimentId::DEFAULT, n);
    Batch::LoggedModel(LoggedModelBatch {
        model: new.id.clone(),
        created: Some(LoggedModelCreated { experiment: key("e"), new }),
        changes: Vec::new(),
        last: Seq(1),
    })
}
