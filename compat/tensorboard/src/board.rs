//! What one page of TensorBoard shows: the runs of an experiment, or of all, under names it can tell apart.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::Instant};
use trackside_core::{Experiment, ExperimentId, PageRequest, Query, Result, Run, RunId};
use trackside_service::Service;

/// Most runs at once, the latest ones. TensorBoard is slow long before.
pub(crate) const MAX_RUNS: usize = 1_000;
/// Most experiments, where all are asked for.
const MAX_EXPERIMENTS: usize = 10_000;
/// For so long the runs of a page need not be looked up again: one look at TensorBoard is many requests.
const FRESH: Duration = Duration::from_secs(1);
/// Of a run's id, in its name.
const SHORT_ID: usize = 8;

/// What the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    pub(crate) service: Service,
    /// The last page. Held while it is looked up, so that requests which come together look once.
    last: Arc<Mutex<Option<Last>>>,
}

#[derive(Debug)]
struct Last {
    experiment_id: String,
    at: Instant,
    page: Arc<Page>,
}

/// The runs of a page.
#[derive(Debug)]
pub(crate) struct Page {
    /// The experiment; `None` for all.
    pub(crate) experiment: Option<Experiment>,
    /// Latest first.
    pub(crate) runs: Vec<NamedRun>,
}

/// A run, as TensorBoard knows it.
#[derive(Debug)]
pub(crate) struct NamedRun {
    pub(crate) name: String,
    pub(crate) experiment: String,
    pub(crate) run: Run,
}

impl Board {
    pub(crate) fn new(service: Service) -> Self {
        Self { service, last: Arc::default() }
    }

    /// The page of this address. `NotFound` when there is no such experiment.
    pub(crate) async fn page(&self, experiment_id: &str) -> Result<Arc<Page>> {
        let mut last = self.last.lock().await;
        if let Some(last) =
            last.as_ref().filter(|last| last.experiment_id == experiment_id && last.at.elapsed() < FRESH)
        {
            return Ok(Arc::clone(&last.page));
        }
        let page = Arc::new(self.look_up(experiment_id).await?);
        *last = Some(Last { experiment_id: experiment_id.to_owned(), at: Instant::now(), page: Arc::clone(&page) });
        Ok(page)
    }

    async fn look_up(&self, experiment_id: &str) -> Result<Page> {
        let experiment = self.experiment(experiment_id).await?;
        let experiments = match &experiment {
            Some(experiment) => vec![experiment.clone()],
            None => self.service.search_experiments(Query::default(), PageRequest::first(MAX_EXPERIMENTS)).await?.items,
        };
        let ids = experiments.iter().map(|experiment| experiment.id).collect();
        let runs = self.service.search_runs(ids, Query::default(), PageRequest::first(MAX_RUNS)).await?.items;
        let names: HashMap<ExperimentId, &str> =
            experiments.iter().map(|experiment| (experiment.id, experiment.name.as_str())).collect();
        let name_of = |run: &Run| names.get(&run.info.experiment).copied().unwrap_or_default();
        let runs = name(runs, name_of, experiment.is_none());
        Ok(Page { experiment, runs })
    }

    async fn experiment(&self, experiment_id: &str) -> Result<Option<Experiment>> {
        if experiment_id.is_empty() {
            return Ok(None);
        }
        if let Ok(id) = experiment_id.parse() {
            return self.service.experiment(ExperimentId::new(id)).await.map(Some);
        }
        let found = self.service.experiment_by_name(experiment_id).await?;
        let unknown =
            || trackside_core::Error::not_found(format!("no experiment has the id or name '{experiment_id}'"));
        found.ok_or_else(unknown).map(Some)
    }
}

/// Names runs `<name>-<beginning of the id>`, below their experiment where there are several. Of names that are
/// alike, each has its whole id.
fn name<'a>(runs: Vec<Run>, experiment: impl Fn(&Run) -> &'a str, several: bool) -> Vec<NamedRun> {
    let named = |run: &Run, end: &str| {
        let name = &run.info.name;
        if several { format!("{}/{name}{end}", experiment(run)) } else { format!("{name}{end}") }
    };
    let short = |run: &Run| named(run, &short_end(&run.info.id));
    let mut n_alike: HashMap<String, usize> = HashMap::new();
    for run in &runs {
        *n_alike.entry(short(run)).or_default() += 1;
    }
    let unique = |run: &Run| Some(short(run)).filter(|name| n_alike[name] == 1);
    let whole = |run: &Run| named(run, &format!(".{}", run.info.id));
    runs.into_iter()
        .map(|run| NamedRun {
            name: unique(&run).unwrap_or_else(|| whole(&run)),
            experiment: experiment(&run).to_owned(),
            run,
        })
        .collect()
}

fn short_end(id: &RunId) -> String {
    let id = id.as_str();
    format!("-{}", &id[..id.len().min(SHORT_ID)])
}
