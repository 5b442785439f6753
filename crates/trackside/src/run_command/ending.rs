//! How a command went, once it has ended.

use trackside_core::{Clock, SystemClock};
use trackside_evidence::{Execution, Instant, Record, Resources};

use super::command::Outcome;

/// What is told of a command when it has ended.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Ending {
    pub(super) at: Instant,
    /// 128 + the signal, when one ended it.
    pub(super) code: i32,
    pub(super) signal: Option<String>,
    pub(super) resources: Option<Resources>,
    /// None when they were left alone.
    pub(super) streams: Vec<Stream>,
}

/// What the command wrote to a standard stream.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Stream {
    /// `stdout` or `stderr`.
    pub(super) name: String,
    /// Bytes written.
    pub(super) bytes: u64,
    /// Bytes that `text` leaves out.
    pub(super) left_out: u64,
    #[serde(skip)]
    pub(super) text: Vec<u8>,
}

impl Ending {
    /// It has ended just now.
    pub(super) fn of(outcome: &Outcome) -> Self {
        let streams = outcome.output.iter().flatten().zip(["stdout", "stderr"]);
        let streams = streams.map(|(kept, name)| Stream {
            name: name.to_owned(),
            bytes: kept.written(),
            left_out: kept.left_out(),
            text: kept.text(),
        });
        Self {
            at: Instant(SystemClock.now()),
            code: outcome.code(),
            signal: outcome.signal(),
            resources: outcome.resources,
            streams: streams.collect(),
        }
    }

    /// MLflow's word for it.
    pub(super) const fn status(&self) -> &'static str {
        match (self.code, &self.signal) {
            (0, _) => "FINISHED",
            (_, None) => "FAILED",
            (_, Some(_)) => "KILLED",
        }
    }

    /// Completes what is on record.
    pub(super) fn complete(&self, execution: &mut Execution) {
        execution.ended_at = Some(self.at);
        execution.exit_code = Some(self.code);
        execution.signal.clone_from(&self.signal);
        execution.resources = self.resources;
        let stream = |stream: &Stream| trackside_evidence::Stream {
            artifact: stream.artifact(),
            bytes: stream.bytes,
            left_out: stream.left_out,
        };
        execution.streams = self.streams.iter().map(stream).collect();
    }
}

impl Stream {
    /// Where it is among the artifacts of the run.
    pub(super) fn artifact(&self) -> String {
        format!("{}/{}.log", Record::DIRECTORY, self.name)
    }
}
