//! Ends runs of a sweep that are not worth going on with, where its definition asks for it.
//!
//! A run is looked at with each sign of life of its agent. What its history says is kept as the few numbers that bands
//! need, and only what is new of it is read. What the others cost at a band is read again after some seconds.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Mutex as Turns;
use trackside_core::{Key, Point, Result, Run, RunId, RunStatus, Sweep, SweepId, Timestamp, store::HistoryQuery};
use trackside_service::Service;
use trackside_wandb_wire::{
    run_tag,
    sweep::{Course, Definition, Hyperband, Metric},
};

use super::runs_of;
use crate::project::Project;

/// Sweeps that are remembered.
const MOST_SWEEPS: usize = 100;
/// Runs that are compared, the latest.
const MOST_RUNS: usize = 1_000;
/// Points of one run read at once; further ones are read with the next sign of life.
const MOST_POINTS: usize = 10_000;
/// Points of all runs read for one comparison.
const MOST_POINTS_IN_ALL: usize = 200_000;
/// How long a comparison is good for.
const LIFETIME_MS: i64 = 5_000;

/// How the runs of sweeps went. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct EarlyStop(Arc<Mutex<HashMap<SweepId, Remembered>>>);

#[derive(Debug)]
struct Remembered {
    asked: Timestamp,
    courses: Arc<Turns<Courses>>,
}

/// The runs of one sweep, by one rule.
#[derive(Debug, Default)]
struct Courses {
    rule: Option<(Hyperband, Metric)>,
    runs: HashMap<RunId, Reading>,
    /// What a run may cost at a band, and when that was found out.
    thresholds: BTreeMap<usize, (Timestamp, f64)>,
}

/// A run as far as it was read.
#[derive(Debug, Default)]
struct Reading {
    course: Course,
    last: Option<Point>,
}

impl EarlyStop {
    /// Whether a run of a sweep should end.
    pub(crate) async fn ends(
        &self,
        service: &Service,
        project: &Project,
        sweep: &Sweep,
        definition: &Definition,
        run: &Run,
    ) -> Result<bool> {
        let (Some(bands), Some(metric)) = (&definition.early, &definition.metric) else { return Ok(false) };
        let is_own = run_tag::value(run, run_tag::SWEEP) == Some(sweep.id.as_str());
        if !is_own || run.info.status != RunStatus::Running {
            return Ok(false);
        }
        let courses = self.of(&sweep.id, service.now());
        let mut courses = courses.lock().await;
        courses.begin(bands, metric);
        courses.read(service, &run.info.id, bands, metric, MOST_POINTS).await?;
        let Some(course) = courses.runs.get(&run.info.id).map(|reading| reading.course.clone()) else {
            return Ok(false);
        };
        let Some(band) = bands.band(&course) else { return Ok(false) };
        let threshold = courses.threshold(service, project, sweep, band).await?;
        Ok(bands.ends(&course, threshold))
    }

    fn of(&self, sweep: &SweepId, now: Timestamp) -> Arc<Turns<Courses>> {
        let mut sweeps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sweeps.len() >= MOST_SWEEPS && !sweeps.contains_key(sweep) {
            let quietest = sweeps.iter().min_by_key(|(_, known)| known.asked).map(|(sweep, _)| sweep.clone());
            quietest.map(|sweep| sweeps.remove(&sweep));
        }
        let known = sweeps
            .entry(sweep.clone())
            .or_insert_with(|| Remembered { asked: now, courses: Arc::new(Turns::default()) });
        known.asked = now;
        known.courses.clone()
    }
}

impl Courses {
    /// By a rule; what was read by another is forgotten.
    fn begin(&mut self, bands: &Hyperband, metric: &Metric) {
        if self.rule.as_ref().is_none_or(|(known, of)| known != bands || of != metric) {
            *self = Self { rule: Some((bands.clone(), metric.clone())), ..Self::default() };
        }
    }

    /// Reads what is new of a run; how many points.
    async fn read(
        &mut self,
        service: &Service,
        run: &RunId,
        bands: &Hyperband,
        metric: &Metric,
        limit: usize,
    ) -> Result<usize> {
        // No run has a metric of a name that none can have.
        let Ok(key) = Key::new(metric.name.as_str()) else { return Ok(0) };
        let reading = self.runs.entry(run.clone()).or_default();
        let query = HistoryQuery { run: run.clone(), key, limit: Some(limit), after: None, since: reading.last };
        let points = service.history(query).await?.items;
        for point in &points {
            reading.course.go_on(bands, metric.cost(point.value));
        }
        reading.last = points.last().copied().or(reading.last);
        Ok(points.len())
    }

    /// What a run may cost at a band, by those that have passed it.
    async fn threshold(&mut self, service: &Service, project: &Project, sweep: &Sweep, band: usize) -> Result<f64> {
        let now = service.now();
        let is_good = |at: Timestamp| now.millis().saturating_sub(at.millis()) < LIFETIME_MS;
        if let Some((at, threshold)) = self.thresholds.get(&band)
            && is_good(*at)
        {
            return Ok(*threshold);
        }
        let Some((bands, metric)) = self.rule.clone() else { return Ok(f64::INFINITY) };
        let runs = runs_of(service, project, &sweep.id, MOST_RUNS).await?;
        let listed: HashSet<&RunId> = runs.iter().map(|run| &run.info.id).collect();
        self.runs.retain(|run, _| listed.contains(run));
        let mut left = MOST_POINTS_IN_ALL;
        let mut costs = Vec::new();
        for run in &runs {
            let id = &run.info.id;
            let known = self.runs.get(id).and_then(|reading| reading.course.cost_at(band));
            if known.is_none() && left > 0 {
                left -= self.read(service, id, &bands, &metric, left.min(MOST_POINTS)).await?;
            }
            costs.extend(self.runs.get(id).and_then(|reading| reading.course.cost_at(band)));
        }
        let threshold = bands.threshold(costs);
        self.thresholds.insert(band, (now, threshold));
        Ok(threshold)
    }
}
