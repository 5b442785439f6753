//! Follows what came from what, by the tags and inputs of runs.
//!
//! Runs are gone through level by level, and what a level needs is asked for together: a file that 10,000 runs have read
//! takes some ten requests.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use trackside_core::Result;
use trackside_evidence::{Direction, Graph, Relation};
use trackside_tracking::{Run, Server};

use super::telling::{self, Told};
use crate::recording::{OUTPUT, REPRODUCES, pairs};

/// Most runs that are gone through in one direction; a graph of more is of no use to anybody.
const MAX_RUNS: usize = 10_000;
/// Values of one condition: several hundred make a request of some 10 KiB.
const MAX_VALUES: usize = 200;
/// Values of a condition that stands in the address, which servers take up to some 4,000 bytes of.
const MAX_VALUES_IN_URL: usize = 50;
/// Digests whose writers are asked for one by one; for more, all recorded runs are looked through.
const MAX_DIGESTS: usize = 50;
/// What every recorded run has.
pub(super) const RECORDED: &str = "tags.`trackside.gaps` LIKE '%'";

/// Follows lineage at a server.
#[derive(Debug)]
pub(super) struct Explorer<'a> {
    server: &'a Server,
    told: Told,
    depth: usize,
    /// Some runs were too many.
    pub(super) is_cut: bool,
    /// Runs that repeat others, by the run they repeat; asked for once.
    repeats: Option<BTreeMap<String, Vec<Arc<Run>>>>,
}

impl<'a> Explorer<'a> {
    pub(super) async fn new(server: &'a Server, depth: usize) -> Result<Self> {
        let told = Told::new(server.experiment_names().await?);
        Ok(Self { server, told, depth, is_cut: false, repeats: None })
    }

    pub(super) const fn server(&self) -> &'a Server {
        self.server
    }

    pub(super) const fn told(&mut self) -> &mut Told {
        &mut self.told
    }

    pub(super) fn into_graph(self) -> Graph {
        self.told.graph
    }

    /// Goes on from these runs.
    pub(super) async fn follow(&mut self, runs: &[Arc<Run>], direction: Direction) -> Result<()> {
        let (mut done, mut level) = (BTreeSet::new(), runs.to_vec());
        // Data that was asked about, which many runs may have read or written.
        let mut asked = BTreeSet::new();
        for _ in 0..=self.depth {
            level.retain(|run| done.insert(run.info.run_id.clone()));
            if done.len() > MAX_RUNS {
                self.is_cut = true;
                return Ok(());
            }
            if level.is_empty() {
                return Ok(());
            }
            for run in &level {
                self.told.run(run);
            }
            level = match direction {
                Direction::Upstream => self.upstream(&level, &mut asked).await?,
                Direction::Downstream => self.downstream(&level, &mut asked).await?,
            };
        }
        Ok(())
    }

    /// Runs that read any of this data.
    pub(super) async fn readers(&mut self, digests: &[String]) -> Result<Vec<Arc<Run>>> {
        let mut readers = Vec::new();
        for some in digests.chunks(MAX_VALUES) {
            readers.extend(self.runs(&format!("dataset.digest IN {}", list(some))).await?);
        }
        // A client may have logged a dataset of its own with such a digest.
        let wanted: BTreeSet<&str> = digests.iter().map(String::as_str).collect();
        readers.retain(|run| telling::read(run).any(|(digest, _)| wanted.contains(digest)));
        for reader in &readers {
            self.told.run(reader);
        }
        Ok(readers)
    }

    /// Runs that wrote any of it.
    pub(super) async fn writers(&mut self, digests: &[String]) -> Result<Vec<Arc<Run>>> {
        let mut writers = Vec::new();
        if digests.len() <= MAX_DIGESTS {
            for digest in digests {
                writers.extend(self.runs(&format!("tags.`{OUTPUT}{digest}` LIKE '%'")).await?);
            }
        } else {
            let wanted: BTreeSet<&str> = digests.iter().map(String::as_str).collect();
            writers = self.runs(RECORDED).await?;
            writers.retain(|run| telling::written(run).any(|(digest, _)| wanted.contains(digest)));
        }
        for writer in &writers {
            self.told.run(writer);
        }
        Ok(writers)
    }

    /// All runs that pass a filter.
    pub(super) async fn runs(&self, filter: &str) -> Result<Vec<Arc<Run>>> {
        let experiments = self.told.experiments();
        // Without any there would be no runs, and naming none means all.
        if experiments.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.server.runs(&experiments, filter).await?.into_iter().map(Arc::new).collect())
    }

    /// The runs that wrote what these read, and those that they repeat.
    async fn upstream(&mut self, runs: &[Arc<Run>], asked: &mut BTreeSet<String>) -> Result<Vec<Arc<Run>>> {
        let digests = runs.iter().flat_map(|run| telling::read(run)).map(|(digest, _)| digest.to_owned());
        let digests: BTreeSet<String> = digests.filter(|digest| asked.insert(digest.clone())).collect();
        let mut next = self.writers(&Vec::from_iter(digests)).await?;
        let repeated = |run: &Run| pairs(&run.data.tags).remove(REPRODUCES).filter(|id| is_plain(id));
        // Those that repeat a run, by its id.
        let mut originals: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for run in runs {
            if let Some(original) = repeated(run) {
                originals.entry(original).or_default().push(&run.info.run_id);
            }
        }
        // Those that are gone by now are not found, and nothing else is said of them.
        let ids: Vec<&String> = originals.keys().collect();
        for some in ids.chunks(MAX_VALUES) {
            next.extend(self.runs(&format!("run_id IN {}", list(some))).await?);
        }
        for run in &next {
            let original = self.told.run(run);
            for again in originals.get(&run.info.run_id).into_iter().flatten() {
                self.told.graph.link(&original, Relation::Repeated, &telling::id(again));
            }
        }
        Ok(next)
    }

    /// The runs that read what these wrote, and those that repeat them. What was registered from them is told.
    async fn downstream(&mut self, runs: &[Arc<Run>], asked: &mut BTreeSet<String>) -> Result<Vec<Arc<Run>>> {
        let digests =
            runs.iter().flat_map(|run| telling::written(run).map(|(digest, _)| digest.to_owned()).collect::<Vec<_>>());
        let digests: BTreeSet<String> = digests.filter(|digest| asked.insert(digest.clone())).collect();
        let mut next = self.readers(&Vec::from_iter(digests)).await?;
        let ids: Vec<&String> = runs.iter().map(|run| &run.info.run_id).collect();
        let mut models = BTreeSet::new();
        for some in ids.chunks(MAX_VALUES_IN_URL) {
            for version in self.server.model_versions(&format!("run_id IN {}", list(some))).await? {
                self.told.version(&version);
                models.insert(version.name);
            }
        }
        // A search leaves the aliases of versions out.
        for model in models {
            for (alias, version) in self.server.aliases(&model).await? {
                self.told.alias(&model, &version, &alias);
            }
        }
        if self.repeats.is_none() {
            let mut repeats: BTreeMap<String, Vec<Arc<Run>>> = BTreeMap::new();
            for run in self.runs(&format!("tags.`{REPRODUCES}` LIKE '%'")).await? {
                if let Some(original) = pairs(&run.data.tags).remove(REPRODUCES) {
                    repeats.entry(original).or_default().push(run);
                }
            }
            self.repeats = Some(repeats);
        }
        for id in ids {
            for again in self.repeats.iter().filter_map(|repeats| repeats.get(id)).flatten() {
                let to = self.told.run(again);
                self.told.graph.link(&telling::id(id), Relation::Repeated, &to);
                next.push(Arc::clone(again));
            }
        }
        Ok(next)
    }
}

/// Values as a filter has them.
fn list(values: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("'{}'", value.as_ref())).collect();
    format!("({})", quoted.join(", "))
}

/// Can stand in a filter without being taken for a part of it.
pub(super) fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}
