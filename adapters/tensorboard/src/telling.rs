//! How a batch gets into the file: the part of a delivery that blocks.

use std::path::Path;

use trackside_core::{Key, Result, RunBatch, RunId, Timestamp, fault};

use crate::{
    dirty::Dirty,
    memory::Memory,
    run_file::{Owner, RunFile},
    story::Story,
};

/// What a batch adds to a file, apart from images.
#[derive(Debug)]
pub(crate) struct Telling {
    run: RunId,
    /// Experiment and name, when the run begins.
    begins: Option<(Key, String)>,
    memory: Option<Memory>,
    /// When the run began.
    begun: Timestamp,
    /// The first record of a new file.
    head: Vec<u8>,
    records: Vec<u8>,
    /// Whether images follow.
    images: bool,
}

impl Telling {
    pub(crate) fn new(batch: &RunBatch, memory: Option<Memory>, story: &Story, records: Vec<u8>, images: bool) -> Self {
        Self {
            run: batch.run.clone(),
            begins: batch.started.as_ref().map(|started| (started.experiment.clone(), started.name.clone())),
            memory,
            begun: story.begun(),
            head: story.head(&batch.run),
            records,
            images,
        }
    }

    /// Finds the file and appends. When images follow, what may lie beyond is left to them.
    pub(crate) fn write(self, root: &Path, dirty: &Dirty) -> Result<RunFile> {
        let owner = Owner { root, run: &self.run, begun: self.begun, dirty };
        let from_its_head = || [self.head.as_slice(), &self.records].concat();
        let mut file = match (&self.begins, &self.memory) {
            (Some((experiment, name)), memory) => {
                let known = memory.as_ref().map(|memory| memory.place.directory.clone());
                let directory = known.map_or_else(|| owner.directory(experiment, name), Ok)?;
                RunFile::begin(&owner, directory, &from_its_head(), self.images)?
            }
            (None, Some(memory)) => RunFile::go_on(&owner, memory)?,
            (None, None) => return Err(fault::run_not_found(&self.run)),
        };
        if file.offset == 0 {
            file.append(&from_its_head())?;
        } else {
            file.append(&self.records)?;
        }
        if !self.images {
            file.end()?;
        }
        if self.begins.is_some() {
            owner.remove_older(&file.place)?;
        }
        Ok(file)
    }
}
