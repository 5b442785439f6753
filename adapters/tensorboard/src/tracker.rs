use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt;
use tokio::{sync::Mutex, task::spawn_blocking};
use trackside_core::{
    ArtifactPath, ArtifactSource, Batch, Capability, Delivered, Error, ErrorKind, Kind, Result, RunBatch, RunId,
    TrackerInterface, fault,
};
use trackside_tensorboard_wire::append_message;

use crate::{
    Config,
    dirty::Dirty,
    layout,
    memory::Memory,
    picture,
    probe::probe,
    run_file::RunFile,
    story::{Chapter, Story},
    tag,
    telling::Telling,
    turns::{Turn, Turns},
};

#[cfg(test)]
mod tests;

/// Larger images are withheld: each is held in memory, by TensorBoard too.
const MAX_IMAGE: u64 = 10 * 1024 * 1024;

/// Writes event files. Cheap to clone; clones are the same.
#[derive(Debug, Clone)]
pub struct TensorBoardTracker {
    config: Config,
    artifacts: Arc<dyn ArtifactSource>,
    dirty: Arc<Dirty>,
    turns: Arc<Turns>,
    /// Held while an image is in memory: there is one at a time. Taken before a turn begins.
    image: Arc<Mutex<()>>,
}

impl TensorBoardTracker {
    /// Images are read from `artifacts`. Does nothing yet.
    pub fn new(config: Config, artifacts: Arc<dyn ArtifactSource>) -> Self {
        Self { config, artifacts, dirty: Arc::default(), turns: Arc::default(), image: Arc::default() }
    }

    /// Finds the file and appends what the batch tells, less the images.
    async fn write(&self, telling: Telling, turn: &Turn) -> Result<RunFile> {
        let (root, dirty, turn) = (self.config.directory.clone(), Arc::clone(&self.dirty), turn.clone());
        blocking(move || {
            let _turn = turn.begin()?;
            telling.write(&root, &dirty)
        })
        .await
    }

    /// Appends an image, if it is one.
    async fn write_image(&self, image: Image<'_>, file: RunFile, turn: &Turn) -> Result<(RunFile, bool)> {
        let _one = self.image.lock().await;
        let encoded = match self.read_image(image.run, image.path).await? {
            Found::Image(encoded) => encoded,
            Found::Other => return Ok((file, false)),
            Found::Nothing => return Ok((file, true)),
        };
        let Some(value) = picture::value(tag::of_artifact(image.path), encoded) else { return Ok((file, false)) };
        let record = image.story.record(0, value);
        let (turn, mut file) = (turn.clone(), file);
        blocking(move || {
            let mut bytes = Vec::new();
            append_message(&mut bytes, &record);
            drop(record);
            let _turn = turn.begin()?;
            file.append(&bytes)?;
            Ok((file, true))
        })
        .await
    }

    async fn read_image(&self, run: &RunId, path: &ArtifactPath) -> Result<Found> {
        let Some(mut artifact) = self.artifacts.artifact(run, path).await? else { return Ok(Found::Nothing) };
        let mut bytes = Vec::new();
        while let Some(chunk) = artifact.chunks.next().await {
            bytes.extend_from_slice(&chunk?);
            let known_not_to_be = bytes.len() >= picture::MAGIC && !picture::begins_like_one(&bytes);
            if known_not_to_be || artifact.size.max(bytes.len() as u64) > MAX_IMAGE {
                return Ok(Found::Other);
            }
        }
        Ok(if picture::begins_like_one(&bytes) { Found::Image(bytes) } else { Found::Other })
    }

    fn check(&self, batch: &RunBatch) -> Result<()> {
        if let Some(event) = batch.events.iter().find(|event| !self.capability().allows(event)) {
            let kind = event.kind().map_or("this", Kind::as_str);
            return Err(unsupported(kind));
        }
        layout::check(&batch.run)
    }
}

#[async_trait]
impl TrackerInterface for TensorBoardTracker {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn capability(&self) -> Capability {
        Capability {
            params: true,
            points: true,
            tags: true,
            datasets: true,
            artifacts: self.config.images,
            ..Capability::default()
        }
    }

    async fn probe(&self) -> Result<()> {
        let directory = self.config.directory.clone();
        blocking(move || probe(&directory)).await
    }

    async fn deliver(&self, batch: &Batch, memory: Option<&str>) -> Result<Delivered> {
        let Batch::Run(batch) = batch else { return Err(unsupported("models")) };
        self.check(batch)?;
        let memory = memory.map(Memory::read).transpose()?;
        let mut story = match (&batch.started, &memory) {
            (Some(started), _) => Story::new(started.started_at),
            (None, Some(memory)) => memory.story.clone(),
            (None, None) => return Err(fault::run_not_found(&batch.run)),
        };
        let Chapter { records, artifacts, mut withheld } = story.tell(batch);
        let turn = self.turns.take(&batch.run);
        let telling = Telling::new(batch, memory, &story, records, !artifacts.is_empty());
        let mut file = self.write(telling, &turn).await?;
        for path in &artifacts {
            let image = Image { run: &batch.run, path, story: &story };
            let shown;
            (file, shown) = self.write_image(image, file, &turn).await?;
            withheld.add(Kind::Artifacts, u64::from(!shown));
        }
        if !artifacts.is_empty() {
            file = blocking(move || {
                let _turn = turn.begin()?;
                file.end()?;
                Ok(file)
            })
            .await?;
        }
        let memory = Memory::new(file.place, file.offset, story);
        Ok(Delivered { withheld, ..Delivered::remembering(memory.write()) })
    }

    async fn flush(&self) -> Result<()> {
        let dirty = Arc::clone(&self.dirty);
        blocking(move || dirty.sync()).await
    }
}

/// An artifact that may be an image.
#[derive(Debug)]
struct Image<'a> {
    run: &'a RunId,
    path: &'a ArtifactPath,
    story: &'a Story,
}

/// What an artifact turned out to be.
#[derive(Debug)]
enum Found {
    Image(Vec<u8>),
    /// Something that cannot be shown.
    Other,
    /// Gone meanwhile.
    Nothing,
}

fn unsupported(what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("event files cannot represent {what}"))
}

/// Runs what blocks where it may. What is cut off here goes on there, see [`Turns`].
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let ended = spawn_blocking(work).await;
    ended.map_err(|error| Error::internal("writing an event file was cut off").with_source(error))?
}
