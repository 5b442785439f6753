//! Runs in directories for `wandb sync`.
//!
//! The record file of a run has a part that is final, and a tail that the next batch replaces: the row that is still
//! open, the summary, and the end of the run if it has ended. So the file is complete after each batch, the summary is
//! in it once, and a run that is revived just loses its end. The memory knows where the tail begins: a batch that
//! comes again writes the same bytes to the same place.

mod directory;
mod file;
mod records;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use trackside_core::{ArtifactPath, ArtifactSource, Error, Result, RunId};
use trackside_wandb_wire::names;

use self::{file::Files, records::Records};
use crate::{
    change::Change,
    memory::{Memory, RecordFile},
    rows,
};

/// Where run directories are.
#[derive(Debug)]
pub(crate) struct Directories {
    root: PathBuf,
    artifacts: Arc<dyn ArtifactSource>,
    entity: Option<String>,
    project: Option<String>,
    files: Files,
    touched: Mutex<Touched>,
}

/// What was written since it was last brought to the disk.
#[derive(Debug, Default)]
struct Touched {
    /// Of the next write.
    number: u64,
    /// By path the number of its last write: one that is written while a flush goes on stays for the next.
    paths: BTreeMap<PathBuf, u64>,
}

impl Directories {
    pub(crate) fn new(
        root: PathBuf,
        artifacts: Arc<dyn ArtifactSource>,
        entity: Option<String>,
        project: Option<String>,
    ) -> Self {
        Self { root, artifacts, entity, project, files: Files::default(), touched: Mutex::default() }
    }

    /// Whether the directory is one, or can become one.
    pub(crate) async fn probe(&self) -> Result<()> {
        let root = self.root.clone();
        self.files.exclusively(move || directory::probe(&root)).await
    }

    /// Delivers a batch; the new memory. Without memory the batch begins the run.
    pub(crate) async fn deliver(&self, run: &RunId, change: &Change<'_>, memory: Option<Memory>) -> Result<Memory> {
        let name = names::run_id(run.as_str());
        let (mut memory, mut file) = match (memory, change.started) {
            (_, Some(started)) => {
                let project = self.project.clone().unwrap_or_else(|| names::project(started.experiment.as_str()));
                let directory = directory::name(started.started_at, &name);
                let file = RecordFile { directory, ..RecordFile::default() };
                (Memory::begin(project, started.started_at.millis()), file)
            }
            (Some(mut memory), None) => {
                let file = memory.file.take();
                (memory, file.ok_or_else(|| Error::internal("the sink was online when this run began"))?)
            }
            (None, None) => return Err(Error::internal("a run without memory does not begin")),
        };
        memory.exit_code = change.exit_code(memory.exit_code);
        let directory = self.root.join(&file.directory);
        let copied = self.copy(run, &directory, &change.files).await?;

        let start = file.bytes;
        let mut records = Records::at(start, file.records);
        if start == 0 {
            records.begin(&name, self.entity.as_deref(), &memory, change);
        } else {
            records.change(&name, self.entity.as_deref(), &memory.project, change);
        }
        records.config(change, &mut file.datasets);
        records.files(&copied);
        let rows = rows::take(&change.points, &mut memory);
        for row in &rows.rows {
            records.row(row, memory.started_at);
        }
        (file.bytes, file.records) = records.end();
        records.tail(&memory);

        self.files.write(&directory, &name, start, records.into_bytes()).await?;
        self.touch([directory.join(directory::record_file(&name)), directory, self.root.clone()]);
        memory.file = Some(file);
        Ok(memory)
    }

    /// Copies artifacts into the run directory; the paths below `files` of those that were still there.
    async fn copy(&self, run: &RunId, directory: &Path, paths: &BTreeSet<&ArtifactPath>) -> Result<Vec<String>> {
        let mut copied = Vec::new();
        for path in paths {
            let Some(bytes) = self.artifacts.artifact(run, path).await? else { continue };
            let name = crate::run_file(path);
            let target = directory.join("files").join(&name);
            self.files.copy(directory, &target, bytes).await?;
            let above = target.ancestors().skip(1).take_while(|folder| *folder != directory).map(Path::to_owned);
            self.touch(above.collect::<Vec<_>>());
            self.touch([target]);
            copied.push(name);
        }
        Ok(copied)
    }

    fn touch(&self, paths: impl IntoIterator<Item = PathBuf>) {
        let mut touched = self.touched();
        touched.number += 1;
        let number = touched.number;
        touched.paths.extend(paths.into_iter().map(|path| (path, number)));
    }

    fn touched(&self) -> MutexGuard<'_, Touched> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings what was written to the disk. What cannot be is tried again with the next flush.
    pub(crate) async fn flush(&self) -> Result<()> {
        let written = self.touched().paths.clone();
        let paths: Vec<PathBuf> = written.keys().cloned().collect();
        self.files.exclusively(move || paths.iter().try_for_each(|path| file::sync(path))).await?;
        self.touched().paths.retain(|path, number| written.get(path) != Some(number));
        Ok(())
    }
}
