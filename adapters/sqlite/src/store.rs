//! The store itself: opening, closing, and the two ways into the database.

use std::{path::Path, sync::Arc};

use rusqlite::Connection;
use tokio::sync::watch;
use trackside_core::{Clock, Error, ErrorKind, Seq};

use crate::{
    Config, Stats,
    connection::{open_reader, open_writer},
    error::Result,
    hooks::Announcer,
    inspect::inspect,
    ledger,
    log::{Publisher, Recorder},
    migrate::migrate,
    readers::Readers,
    sealer::{Sealer, seal_all},
    series::Sealing,
    writer::{Undo, Writer},
};

/// The system of record in one SQLite file. Cheap to clone; clones are the same store.
///
/// Dropping the last clone loses nothing that was acknowledged: the writer ends by itself after what is queued.
/// [`SqliteStore::close`] waits for that.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) announcer: Arc<Announcer>,
    pub(crate) sealing: Sealing,
    pub(crate) few_runs: u32,
    pub(crate) clock: Arc<dyn Clock>,
    /// The end of the log as far as it is committed; its sender lives as long as the writer.
    pub(crate) end: watch::Receiver<Seq>,
    sealer: Arc<Sealer>,
    /// Where the file is, and how it is opened once more.
    pub(crate) path: Arc<Path>,
    pub(crate) config: Arc<Config>,
}

impl SqliteStore {
    /// Opens a file, creates it if it is missing, and brings its schema up to date. Blocks on the disk.
    ///
    /// `Unsupported` when the file is not ours, in which case it is not touched, or was written by a newer
    /// release; `NotFound` when its directory does not exist; `Invalid` when a setting is out of range.
    pub fn open(path: impl AsRef<Path>, config: Config) -> trackside_core::Result<Self> {
        config.validate()?;
        let path = path.as_ref();
        Self::open_file(path, config).map_err(|failure| Error::from(failure).with_context("path", path.display()))
    }

    fn open_file(path: &Path, config: Config) -> Result<Self> {
        // Readers open the file later, perhaps from another working directory. An absolute path also keeps names
        // with a meaning to SQLite, such as `:memory:`, names of files.
        let path = std::path::absolute(path)
            .map_err(|error| Error::invalid("the path of the database cannot be resolved").with_source(error))?;
        inspect(&path)?;
        let mut connection = open_writer(&path, &config)?;
        migrate(&mut connection, &path, config.busy_timeout)?;
        ledger::begin(&mut connection, config.clock.as_ref())?;
        let recorder = Arc::new(Recorder::new(Arc::clone(&config.clock)));
        let announcer = Arc::new(Announcer::new(Arc::clone(&config.clock), Arc::clone(&config.ids)));
        let (publisher, end) = Publisher::open(&connection, Arc::clone(&recorder))?;
        let writer = Writer::start(connection, publisher, &config).map_err(no_thread)?;
        let (sealing, few_runs, clock) = (config.sealing, config.few_runs, Arc::clone(&config.clock));
        let open = {
            let (path, config) = (path.clone(), config.clone());
            move || open_reader(&path, &config)
        };
        let sealer = Sealer::start(open, writer.downgrade(), Arc::clone(&clock), sealing).map_err(no_thread)?;
        let (path_again, config_again) = (Arc::from(path.as_path()), Arc::new(config.clone()));
        let (sealer, readers) = (Arc::new(sealer), Readers::new(path, config));
        Ok(Self {
            writer,
            readers,
            recorder,
            announcer,
            sealing,
            few_runs,
            clock,
            end,
            sealer,
            path: path_again,
            config: config_again,
        })
    }

    /// Finishes what was asked for before, then closes the file with nothing left in its WAL. Later calls of any
    /// clone are `Unavailable`.
    pub async fn close(&self) {
        let sealer = Arc::clone(&self.sealer);
        // A panic in there is none of the caller's.
        tokio::task::spawn_blocking(move || sealer.stop()).await.ok();
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Packs all points now, which otherwise happens when a series has come to rest.
    pub async fn seal(&self) -> trackside_core::Result<()> {
        Ok(seal_all(&self.writer, self.sealing).await?)
    }

    /// What the writer has done so far: how many requests shared a transaction.
    pub fn stats(&self) -> Stats {
        self.writer.stats()
    }

    /// For jobs that log what they change.
    pub(crate) fn recorder(&self) -> Arc<Recorder> {
        Arc::clone(&self.recorder)
    }

    /// A write that webhooks may hear of: who delivers is woken once it is committed.
    pub(crate) async fn write_announced<T, F>(&self, work: F) -> trackside_core::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Announcer) -> Result<T> + Send + 'static,
    {
        let announcer = Arc::clone(&self.announcer);
        let written = self.write(move |connection| work(connection, &announcer)).await;
        self.announcer.tell();
        written
    }

    pub(crate) async fn write<T, F>(&self, work: F) -> trackside_core::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.write_with(Undo::Alone, work).await
    }

    pub(crate) async fn write_with<T, F>(&self, undo: Undo, work: F) -> trackside_core::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        Ok(self.writer.write(undo, work).await?)
    }

    pub(crate) async fn read<T, F>(&self, work: F) -> trackside_core::Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        Ok(self.readers.read(work).await?)
    }
}

fn no_thread(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "a thread cannot be started").with_source(error)
}
