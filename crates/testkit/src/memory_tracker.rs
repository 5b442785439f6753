//! A destination in memory, for tests of whatever delivers.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt, future,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use trackside_core::{
    Batch, Capability, Delivered, Error, ErrorKind, LoggedModelBatch, LoggedModelId, MetricPoint, ModelMetric, Result,
    RunBatch, RunId, Seq, Subject, TrackerInterface, Withheld, fault,
};

use crate::{Inspect, LoggedModelState, RegisteredModelState, RegistryState, RunState};

/// How a delivery goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryFault {
    /// Nothing was done: the destination could not be reached.
    Before(ErrorKind),
    /// Everything was done and the answer was lost.
    After(ErrorKind),
    /// Nothing is done and no answer ever comes.
    Hang,
    /// It takes effect after so long. In a test with paused time this takes none.
    Slow(Duration),
}

/// A batch that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Whose it was.
    pub subject: Subject,
    /// Its position.
    pub last: Seq,
    /// How much it held.
    pub n_items: u64,
    /// The memory that came with it.
    pub memory: Option<String>,
}

/// A sign of life that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// Whose it was.
    pub subject: Subject,
    /// The memory that came with it.
    pub memory: Option<String>,
    /// For how long nothing was delivered, as it was told.
    pub quiet: Duration,
}

/// Keeps the state of all that it is told of. Redelivery is harmless because everything it keeps has an
/// identity: points are a set, params and tags are maps.
///
/// It remembers the position of each subject, as text.
#[derive(Debug)]
pub struct MemoryTracker {
    name: String,
    capability: Capability,
    keep_alive: Option<Duration>,
    lets_go: bool,
    state: Mutex<State>,
}

/// Says of a batch whether and how it is refused.
type Rule = Box<dyn Fn(&Batch) -> Option<ErrorKind> + Send>;

#[derive(Default)]
struct State {
    runs: BTreeMap<RunId, RunState>,
    logged_models: BTreeMap<LoggedModelId, LoggedModelState>,
    registry: RegistryState,
    delivered: Vec<Delivery>,
    beats: Vec<Beat>,
    n_flushes: usize,
    faults: VecDeque<DeliveryFault>,
    sign_faults: VecDeque<DeliveryFault>,
    rule: Option<Rule>,
    out_of_reach: Option<ErrorKind>,
}

impl MemoryTracker {
    /// A destination that represents everything.
    pub fn new() -> Self {
        Self::with_capability(Capability::ALL)
    }

    /// A destination that refuses the rest.
    pub fn with_capability(capability: Capability) -> Self {
        Self { name: "memory".to_owned(), capability, keep_alive: None, lets_go: false, state: Mutex::default() }
    }

    /// Gives it another name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Asks to be told this often that its runs live.
    #[must_use]
    pub fn with_keep_alive(mut self, interval: Duration) -> Self {
        self.keep_alive = Some(interval);
        self
    }

    /// Behaves as if it held something back of each run, and lets go of it when it is told that nothing was delivered
    /// for an interval or longer: its memory then says so until the next delivery.
    #[must_use]
    pub fn letting_go(mut self) -> Self {
        self.lets_go = true;
        self
    }

    /// The next `times` signs of life go wrong like this, after those announced before.
    pub fn fail_next_signs(&self, times: usize, fault: DeliveryFault) {
        self.state().sign_faults.extend(std::iter::repeat_n(fault, times));
    }

    /// The next `times` deliveries go wrong like this, after those announced before.
    pub fn fail_next(&self, times: usize, fault: DeliveryFault) {
        self.state().faults.extend(std::iter::repeat_n(fault, times));
    }

    /// Forgets what was announced with [`Self::fail_next`] and [`Self::fail_next_signs`]. What hangs already goes on
    /// doing so.
    pub fn recover(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.sign_faults.clear();
    }

    /// Refuses batches for which `rule` names a reason, until it is told otherwise.
    pub fn refuse_when(&self, rule: impl Fn(&Batch) -> Option<ErrorKind> + Send + 'static) {
        self.state().rule = Some(Box::new(rule));
    }

    /// Fails probes, deliveries and flushes like this, or no longer.
    pub fn set_out_of_reach(&self, kind: Option<ErrorKind>) {
        self.state().out_of_reach = kind;
    }

    /// One run, as it stands.
    pub fn run(&self, id: &RunId) -> Option<RunState> {
        self.state().runs.get(id).cloned()
    }

    /// Every batch that took effect, in order of arrival, repetitions included.
    pub fn delivered(&self) -> Vec<Delivery> {
        self.state().delivered.clone()
    }

    /// How often it was flushed.
    pub fn n_flushes(&self) -> usize {
        self.state().n_flushes
    }

    /// Signs of life in order of arrival.
    pub fn beats(&self) -> Vec<Beat> {
        self.state().beats.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("runs", &self.runs.len()).finish_non_exhaustive()
    }
}

impl State {
    /// What is announced for this delivery, if anything.
    fn next_fault(&mut self, batch: &Batch) -> Option<DeliveryFault> {
        let refusal = self.out_of_reach.or_else(|| self.rule.as_ref()?(batch));
        refusal.map(DeliveryFault::Before).or_else(|| self.faults.pop_front())
    }

    fn apply(&mut self, batch: &Batch, memory: Option<&str>) -> Result<()> {
        match batch {
            Batch::Run(batch) => self.apply_to_run(batch)?,
            Batch::LoggedModel(batch) => self.apply_to_logged_model(batch)?,
            Batch::RegisteredModel(batch) => self.registry.apply(&batch.model, &batch.events)?,
        }
        let memory = memory.map(str::to_owned);
        self.delivered.push(Delivery {
            subject: batch.subject(),
            last: batch.last(),
            n_items: batch.n_items(),
            memory,
        });
        Ok(())
    }

    fn apply_to_run(&mut self, batch: &RunBatch) -> Result<()> {
        let known = self.runs.get(&batch.run).cloned();
        let begun = || batch.started.as_ref().map(|started| RunState::begin(&batch.run, started));
        let mut run = known.or_else(begun).ok_or_else(|| fault::run_not_found(&batch.run))?;
        batch.events.iter().try_for_each(|event| run.apply(event))?;
        self.runs.insert(batch.run.clone(), run);
        let points = batch.events.iter().filter_map(|event| match event {
            trackside_core::Event::Points(points) => Some(points),
            _ => None,
        });
        points.flatten().for_each(|point| self.measure(&batch.run, point));
        Ok(())
    }

    /// Adds a point that names a logged model to that model; an unknown one is passed over.
    fn measure(&mut self, run: &RunId, metric: &MetricPoint) {
        let Some(subject) = &metric.subject else { return };
        let Some(model) = subject.model.as_ref().and_then(|id| self.logged_models.get_mut(id)) else { return };
        let (key, dataset) = (metric.key.clone(), subject.dataset.clone());
        let new = ModelMetric { key, point: metric.point, run: run.clone(), dataset };
        if !model.metrics.contains(&new) {
            model.metrics.push(new);
            let place = |metric: &ModelMetric| (metric.key.clone(), metric.point.time, metric.point.step);
            model.metrics.sort_by_key(place);
        }
    }

    fn apply_to_logged_model(&mut self, batch: &LoggedModelBatch) -> Result<()> {
        let known = self.logged_models.get(&batch.model).cloned();
        let begun = || batch.created.as_ref().map(LoggedModelState::begin);
        let mut model = known.or_else(begun).ok_or_else(|| fault::logged_model_not_found(&batch.model))?;
        batch.changes.iter().for_each(|(change, _)| model.apply(change));
        self.logged_models.insert(batch.model.clone(), model);
        Ok(())
    }
}

#[async_trait]
impl TrackerInterface for MemoryTracker {
    fn name(&self) -> &str {
        &self.name
    }

    fn capability(&self) -> Capability {
        self.capability
    }

    async fn probe(&self) -> Result<()> {
        self.reach()
    }

    async fn deliver(&self, batch: &Batch, memory: Option<&str>) -> Result<Delivered> {
        let mut lacking = Withheld::default();
        self.capability.restrict(batch.clone(), &mut lacking);
        if !lacking.is_empty() {
            return Err(Error::new(ErrorKind::Unsupported, "the batch holds what this destination cannot represent"));
        }
        let fault = self.state().next_fault(batch);
        if let Some(DeliveryFault::Before(kind)) = fault {
            return Err(Error::new(kind, "the delivery failed before it took effect"));
        }
        wait_for(fault).await;
        self.state().apply(batch, memory)?;
        if let Some(DeliveryFault::After(kind)) = fault {
            return Err(Error::new(kind, "the delivery failed after it took effect"));
        }
        let remembered = Delivered::remembering(batch.last().0.to_string());
        Ok(Delivered { keep_alive: self.keep_alive.is_some() && matches!(batch, Batch::Run(_)), ..remembered })
    }

    async fn flush(&self) -> Result<()> {
        self.reach()?;
        self.state().n_flushes += 1;
        Ok(())
    }

    fn keep_alive_interval(&self) -> Option<Duration> {
        self.keep_alive
    }

    async fn keep_alive(&self, subject: &Subject, memory: Option<&str>, quiet: Duration) -> Result<Option<String>> {
        self.reach()?;
        let fault = self.state().sign_faults.pop_front();
        if let Some(DeliveryFault::Before(kind)) = fault {
            return Err(Error::new(kind, "the sign failed before it took effect"));
        }
        wait_for(fault).await;
        let beat = Beat { subject: subject.clone(), memory: memory.map(str::to_owned), quiet };
        self.state().beats.push(beat);
        if let Some(DeliveryFault::After(kind)) = fault {
            return Err(Error::new(kind, "the sign failed after it took effect"));
        }
        let lets_go = self.lets_go && self.keep_alive.is_some_and(|interval| quiet >= interval);
        Ok(memory.filter(|memory| lets_go && !memory.ends_with(LET_GO)).map(|memory| format!("{memory}{LET_GO}")))
    }
}

/// At the end of a memory.
const LET_GO: &str = ", let go";

async fn wait_for(fault: Option<DeliveryFault>) {
    match fault {
        Some(DeliveryFault::Hang) => future::pending().await,
        Some(DeliveryFault::Slow(time)) => tokio::time::sleep(time).await,
        Some(DeliveryFault::Before(_) | DeliveryFault::After(_)) | None => {}
    }
}

impl MemoryTracker {
    fn reach(&self) -> Result<()> {
        self.state().out_of_reach.map_or(Ok(()), |kind| Err(Error::new(kind, "the destination is out of reach")))
    }
}

#[async_trait]
impl Inspect for MemoryTracker {
    async fn runs(&self) -> Vec<RunState> {
        self.state().runs.values().cloned().collect()
    }

    async fn logged_models(&self) -> Vec<LoggedModelState> {
        self.state().logged_models.values().cloned().collect()
    }

    async fn registered_models(&self) -> Vec<RegisteredModelState> {
        self.state().registry.0.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests;
