//! The suite of all destinations, through a program that keeps every batch as it came.

use std::{
    fs,
    future::ready,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use tempfile::TempDir;
use trackside_adapter_exec::{Config, ExecTracker};
use trackside_core::{TrackerInterface, stored};
use trackside_testkit::{Inspect, LoggedModelState, MemoryTracker, RegisteredModelState, RunState};

/// What the program wrote, delivered once more to a destination that can be looked into.
#[derive(Debug)]
struct Journal(PathBuf);

impl Journal {
    async fn replay(&self) -> MemoryTracker {
        let memory = MemoryTracker::new();
        for line in fs::read_to_string(&self.0).unwrap_or_default().lines() {
            memory.deliver(&stored::decode(line).unwrap(), None).await.unwrap();
        }
        memory
    }
}

#[async_trait]
impl Inspect for Journal {
    async fn runs(&self) -> Vec<RunState> {
        self.replay().await.runs().await
    }

    async fn logged_models(&self) -> Vec<LoggedModelState> {
        self.replay().await.logged_models().await
    }

    async fn registered_models(&self) -> Vec<RegisteredModelState> {
        self.replay().await.registered_models().await
    }
}

fn open() -> (Arc<dyn TrackerInterface>, Arc<dyn Inspect>, TempDir) {
    let folder = TempDir::new().unwrap();
    let journal = folder.path().join("journal");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plugins/journal.py");
    let command = [Path::new("python3"), &program, &journal].map(|part| part.to_str().unwrap().to_owned());
    let tracker = ExecTracker::new(Config::new("journal", command.to_vec()));
    (Arc::new(tracker), Arc::new(Journal(journal)), folder)
}

trackside_testkit::tracker_suite!(|| ready(open()));
