//! The servers that can be compared. To add one: a file here, and a flag in `choice.rs`.

pub(crate) mod bare;
mod choice;
mod fasttrackml;
mod mlflow;
pub(crate) mod naive;
mod postgres;
mod running;
mod trackside;

use std::{path::Path, process::Command, time::Duration};

pub(crate) use self::{
    choice::{Choice, Ours, trackside_executable},
    running::{Running, kept_bytes},
    trackside::Trackside,
};

/// How to start one server and what to expect of it.
pub(crate) trait Server: Send + Sync {
    /// Heading of its column.
    fn name(&self) -> &'static str;
    /// What has to be there before the start: nothing that every start does by itself.
    fn prepare(&self, _data: &Path) -> anyhow::Result<()> {
        Ok(())
    }
    /// Serves `127.0.0.1:port` with everything it keeps below `data`, which exists and is empty.
    fn command(&self, port: u16, data: &Path) -> Command;
    /// Prints the version, for a server whose `GET /version` says something else.
    fn version_command(&self) -> Option<Command> {
        None
    }
    /// Whether the start is short enough to be repeated for a median.
    fn starts_fast(&self) -> bool {
        true
    }
    /// How long a start may take before the comparison is given up.
    fn start_limit(&self) -> Duration {
        Duration::from_mins(1)
    }
    /// Whether it keeps what it is sent; otherwise nothing is created before and read back after a measurement.
    fn keeps_points(&self) -> bool {
        true
    }
    /// Whether it packs what nobody writes to any more.
    fn seals(&self) -> bool {
        false
    }
    /// Whether its files are as large as what it keeps.
    fn is_weighed(&self) -> bool {
        true
    }
    /// Whether clients may send artifacts through it.
    fn has_artifact_proxy(&self) -> bool {
        true
    }
    /// When its answer means that a point survives a power cut, for the notes below the table.
    fn durability(&self) -> &'static str;
}
