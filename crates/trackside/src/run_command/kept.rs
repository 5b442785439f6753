//! What could not be recorded because the server was gone, kept until it can be.
//!
//! A directory for each invocation, below `$XDG_STATE_HOME/trackside/unsent` or `~/.local/state/trackside/unsent`: `kept.json`,
//! which is versioned, and the streams of the command beside it. It gets its name when all of it is written.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use trackside_core::{ErrorKind, Result};
use trackside_evidence::Record;

use super::{attachment::Attachment, capture::Captured, ending::Ending, reuse, warn};
use crate::recording::Manifests;

/// The version of the document that this release writes.
const VERSION: u32 = 1;
const DOCUMENT: &str = "kept.json";
/// How often a server that is gone is tried, and what lies between: a restart takes a few seconds.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// All that is told of an invocation when the command has ended.
#[derive(Debug)]
pub(super) struct Kept {
    /// The experiment and the name of a run of our own.
    pub(super) experiment: Option<String>,
    pub(super) name: Option<String>,
    /// Outputs are stored, so that they can be restored.
    pub(super) reuse: bool,
    pub(super) captured: Captured,
    pub(super) ending: Ending,
}

/// The document.
#[derive(Debug, Serialize, Deserialize)]
struct Document {
    version: u32,
    url: String,
    invocation: String,
    experiment: Option<String>,
    name: Option<String>,
    reuse: bool,
    directory: PathBuf,
    ending: Ending,
    record: Record,
    inputs: Manifests,
    outputs: Manifests,
}

impl Kept {
    /// Tells the runs of the invocation how it went; makes one when there is none.
    async fn tell(&self, attachment: &mut Attachment) -> Result<()> {
        attachment.look(&self.captured).await?;
        attachment.ensure_run(&self.captured, self.experiment.as_deref(), self.name.as_deref()).await?;
        if self.reuse {
            for info in attachment.runs() {
                if let Err(error) = reuse::store(attachment.server(), info, &self.captured).await {
                    warn(&format!("outputs could not be stored, so they cannot be reused: {error:#}"));
                }
            }
        }
        attachment.end(&self.captured, &self.ending).await
    }

    /// The same; a server that is gone may be starting again.
    pub(super) async fn tell_patiently(&self, attachment: &mut Attachment) -> Result<()> {
        for pause in PAUSES {
            match self.tell(attachment).await {
                Err(error) if error.kind() == ErrorKind::Unavailable => tokio::time::sleep(pause).await,
                told => return told,
            }
        }
        self.tell(attachment).await
    }

    /// Writes it down. Returns where.
    pub(super) fn keep(&self, attachment: &Attachment) -> anyhow::Result<PathBuf> {
        let parent = directory()?;
        fs::create_dir_all(&parent).with_context(|| parent.display().to_string())?;
        let document = Document {
            version: VERSION,
            url: attachment.server().url().to_owned(),
            invocation: attachment.invocation().to_owned(),
            experiment: self.experiment.clone(),
            name: self.name.clone(),
            reuse: self.reuse,
            directory: self.captured.directory.clone(),
            ending: self.ending.clone(),
            record: self.captured.record.clone(),
            inputs: self.captured.inputs.clone(),
            outputs: self.captured.outputs.clone(),
        };
        let staging = tempfile::Builder::new().prefix(".writing-").tempdir_in(&parent)?;
        for stream in &self.ending.streams {
            write(&staging.path().join(&stream.name), &stream.text)?;
        }
        write(&staging.path().join(DOCUMENT), &serde_json::to_vec(&document)?)?;
        let target = parent.join(attachment.invocation());
        fs::rename(staging.keep(), &target).with_context(|| target.display().to_string())?;
        fs::File::open(&parent)?.sync_all()?;
        Ok(target)
    }
}

/// One that was kept.
#[derive(Debug)]
pub(super) struct Unsent {
    pub(super) directory: PathBuf,
    pub(super) url: String,
    pub(super) invocation: String,
    pub(super) kept: Kept,
}

impl Unsent {
    /// Reads one.
    pub(super) fn read(directory: PathBuf) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let path = directory.join(DOCUMENT);
        let json = fs::read(&path).with_context(|| path.display().to_string())?;
        let malformed = || format!("{} is no record of this program", path.display());
        let head: Head = serde_json::from_slice(&json).with_context(malformed)?;
        ensure!(head.version == VERSION, "{} needs a newer release of Trackside", path.display());
        let document: Document = serde_json::from_slice(&json).with_context(malformed)?;
        let mut ending = document.ending;
        for stream in &mut ending.streams {
            let text = directory.join(&stream.name);
            stream.text = fs::read(&text).with_context(|| text.display().to_string())?;
        }
        let captured = Captured {
            record: document.record,
            inputs: document.inputs,
            outputs: document.outputs,
            directory: document.directory,
        };
        let (experiment, name, reuse) = (document.experiment, document.name, document.reuse);
        let kept = Kept { experiment, name, reuse, captured, ending };
        Ok(Self { directory, url: document.url, invocation: document.invocation, kept })
    }

    /// Those that are kept, by the time the command began; with the faults of those that cannot be read.
    pub(super) fn all() -> anyhow::Result<(Vec<Self>, Vec<anyhow::Error>)> {
        let (mut unsent, mut faults) = (Vec::new(), Vec::new());
        let Ok(entries) = directory()?.read_dir() else { return Ok((unsent, faults)) };
        for entry in entries {
            let entry = entry?;
            // What was being written when the machine died was never promised to anybody.
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            match Self::read(entry.path()) {
                Ok(one) => unsent.push(one),
                Err(fault) => faults.push(fault),
            }
        }
        unsent.sort_by_key(|one| one.kept.captured.record.captured_at);
        Ok((unsent, faults))
    }

    /// Records it, and keeps it no longer. Returns the runs.
    pub(super) async fn send(&self, server: trackside_tracking::Server) -> anyhow::Result<Vec<String>> {
        let mut attachment = Attachment::new(server, self.invocation.clone());
        self.kept.tell(&mut attachment).await?;
        fs::remove_dir_all(&self.directory).with_context(|| self.directory.display().to_string())?;
        Ok(attachment.runs().map(|info| info.run_id.clone()).collect())
    }
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || {
        let mut file = fs::File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| path.display().to_string())
}

fn directory() -> anyhow::Result<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    Ok(state.context("neither XDG_STATE_HOME nor HOME says where to keep it")?.join("trackside/unsent"))
}
