//! Runs: the trait, creation and search. Elsewhere: reading (`run_rows.rs`), events (`append.rs`), datasets
//! (`datasets.rs`).

use std::collections::HashSet;

use async_trait::async_trait;
use rusqlite::{Connection, params};
use trackside_core::{
    Batch, DatasetSummary, Event, ExperimentId, Lifecycle, MetricPoint, NewRun, Page, PageRequest, Query, Result, Run,
    RunId, RunInfo, RunStatus, Tag, fault, query::RunField, store::Runs,
};

use crate::{
    SqliteStore,
    append::{append, without},
    datasets, error, experiments,
    key_values::RUN_TAGS,
    log::{Draft, change},
    rows::{execute, number},
    run_rows,
    search::find_runs,
    writer::Undo,
};

/// Runs whose keys are held at once while they are counted.
const COUNTED_AT_ONCE: usize = 10_000;

#[async_trait]
impl Runs for SqliteStore {
    async fn create_run(&self, new: NewRun) -> Result<Run> {
        let recorder = self.recorder();
        require_unique(&new.tags)?;
        self.write_with(Undo::Nothing, move |connection| {
            recorder.admit()?;
            insert(connection, &new)?;
            let created = created(&new);
            recorder.record(connection, || change::run_started(connection, new))?;
            Ok(created)
        })
        .await
    }

    async fn run(&self, id: &RunId) -> Result<Option<Run>> {
        let id = id.clone();
        self.read(move |connection| {
            let pk = pk(connection, &id)?;
            Ok(run_rows::load(connection, pk.as_slice())?.pop())
        })
        .await
    }

    async fn append(&self, id: &RunId, events: Vec<Event>) -> Result<()> {
        let (recorder, sealing, now) = (self.recorder(), self.sealing, self.clock.now());
        let logging = recorder.is_on();
        if !logging && !events.is_empty() && events.iter().all(is_for_the_log_alone) {
            return Ok(());
        }
        recorder.admit()?;
        let undo = if is_one_point(&events) { Undo::Nothing } else { Undo::Alone };
        // A large batch is encoded here rather than on the one thread that writes.
        let partly = (logging && !events.iter().all(Event::is_mirrored)).then(|| mirrored(id, &events));
        let mut batch = change::run_events(id.clone(), events);
        let mut draft = logging.then(|| Draft::of(partly.as_ref().unwrap_or(&batch)));
        self.write_with(undo, move |connection| {
            recorder.admit()?;
            let Batch::Run(run) = &mut batch else { return Ok(()) };
            let repeated = append(connection, &run.run, &run.events, &sealing, now)?;
            if !repeated.is_empty() {
                // A request that a client repeats must not reach destinations again that keep all they are given.
                run.events = without(std::mem::take(&mut run.events), &repeated);
                draft = None;
            }
            if recorder.is_on() && draft.is_none() {
                run.events.retain(Event::is_mirrored);
            }
            let is_logged = run.events.iter().any(Event::is_mirrored);
            if is_logged { recorder.record_draft(connection, draft, batch) } else { Ok(()) }
        })
        .await
    }

    async fn search_runs(
        &self,
        experiments: Vec<ExperimentId>,
        query: Query<RunField>,
        page: PageRequest,
    ) -> Result<Page<Run>> {
        let few = self.few_runs;
        self.read(move |connection| {
            let found = find_runs(connection, experiments, &query, &page, few)?;
            Ok(Page { items: run_rows::load(connection, &found.items)?, next: found.next })
        })
        .await
    }

    async fn count_runs(&self, experiments: Vec<ExperimentId>, query: Query<RunField>) -> Result<u64> {
        let few = self.few_runs;
        // In the order that has an index of its own.
        let query = Query { order: Vec::new(), ..query };
        self.read(move |connection| {
            let mut count = 0;
            let mut page = PageRequest::first(COUNTED_AT_ONCE);
            loop {
                let found = find_runs(connection, experiments.clone(), &query, &page, few)?;
                count += found.items.len() as u64;
                match found.next {
                    Some(token) => page.after = Some(token),
                    None => return Ok(count),
                }
            }
        })
        .await
    }

    async fn search_datasets(&self, experiments: Vec<ExperimentId>, limit: usize) -> Result<Vec<DatasetSummary>> {
        self.read(move |connection| datasets::search(connection, &experiments, limit)).await
    }
}

/// What destinations are told of these events.
fn mirrored(id: &RunId, events: &[Event]) -> Batch {
    change::run_events(id.clone(), events.iter().filter(|event| event.is_mirrored()).cloned().collect())
}

/// Artifacts are stored elsewhere: a run does not change by these events.
fn is_for_the_log_alone(event: &Event) -> bool {
    matches!(event, Event::ArtifactStored(_) | Event::ArtifactDeleted(_))
}

/// Whether a point of the run alone is all there is to write: then nothing can be refused once it is written.
fn is_one_point(events: &[Event]) -> bool {
    matches!(events, [Event::Points(points)] if matches!(points[..], [MetricPoint { subject: None, .. }]))
}

/// Refuses a key that comes twice.
fn require_unique(tags: &[Tag]) -> Result<()> {
    let mut keys = HashSet::with_capacity(tags.len());
    match tags.iter().find(|tag| !keys.insert(&tag.key)) {
        Some(tag) => Err(fault::duplicate_key("tag", &tag.key)),
        None => Ok(()),
    }
}

/// The primary key of a run.
pub(crate) fn pk(connection: &Connection, id: &RunId) -> error::Result<Option<i64>> {
    number(connection, "SELECT pk FROM run WHERE id = ?1", [id.as_str()])
}

/// A run as it is when it begins: reading it back would take longer than writing it.
fn created(new: &NewRun) -> Run {
    let mut tags = new.tags.clone();
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    Run {
        info: RunInfo {
            id: new.id.clone(),
            experiment: new.experiment,
            name: new.name.clone(),
            user: new.user.clone(),
            status: RunStatus::Running,
            started_at: new.started_at,
            ended_at: None,
            artifact_uri: new.artifact_uri.clone(),
            lifecycle: Lifecycle::Active,
        },
        metrics: Vec::new(),
        params: Vec::new(),
        tags,
        dataset_inputs: Vec::new(),
        model_inputs: Vec::new(),
        model_outputs: Vec::new(),
    }
}

fn insert(connection: &Connection, new: &NewRun) -> error::Result<()> {
    experiments::require_active(connection, new.experiment)?;
    let n_inserted = execute(
        connection,
        "INSERT INTO run (id, experiment, name, user, status, started_at, artifact_uri) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING",
        params![
            new.id.as_str(),
            new.experiment.get(),
            new.name,
            new.user,
            RunStatus::Running.as_str(),
            new.started_at.millis(),
            new.artifact_uri,
        ],
    )?;
    if n_inserted == 0 {
        return Err(fault::run_exists(&new.id).into());
    }
    let pk = connection.last_insert_rowid();
    RUN_TAGS.begin(connection, pk, new.experiment, &new.tags)
}
