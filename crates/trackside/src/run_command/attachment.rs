//! Puts the record on the runs that the command makes.
//!
//! A run is told of its inputs as soon as it is there, so that a machine that dies takes only the end of the story along.

use std::collections::BTreeMap;

use trackside_core::Result;
use trackside_tracking::{Run, RunInfo, Server, Upload};

use super::{capture::Captured, ending::Ending};
use crate::recording::{INVOCATION, tell_end, tell_inputs};

/// The runs of an invocation, told of their record.
#[derive(Debug)]
pub(super) struct Attachment {
    server: Server,
    invocation: String,
    /// By id, those that are told.
    runs: BTreeMap<String, RunInfo>,
}

impl Attachment {
    /// No run is known yet.
    pub(super) fn new(server: Server, invocation: String) -> Self {
        Self { server, invocation, runs: BTreeMap::new() }
    }

    /// The invocation.
    pub(super) fn invocation(&self) -> &str {
        &self.invocation
    }

    /// The runs.
    pub(super) fn runs(&self) -> impl Iterator<Item = &RunInfo> {
        self.runs.values()
    }

    /// Where they are.
    pub(super) const fn server(&self) -> &Server {
        &self.server
    }

    /// Tells the runs that are new.
    pub(super) async fn look(&mut self, captured: &Captured) -> Result<()> {
        let filter = format!("tags.`{INVOCATION}` = '{}'", self.invocation);
        for run in self.server.runs(&[], &filter).await? {
            if !self.runs.contains_key(&run.info.run_id) {
                self.begin(run, captured).await?;
            }
        }
        Ok(())
    }

    /// Makes a run of our own if the command has made none, and tells it.
    pub(super) async fn ensure_run(
        &mut self,
        captured: &Captured,
        experiment: Option<&str>,
        name: Option<&str>,
    ) -> Result<()> {
        if !self.runs.is_empty() {
            return Ok(());
        }
        let experiment = self.server.ensure_experiment(experiment.unwrap_or("Default")).await?;
        let mut tags = vec![(INVOCATION.to_owned(), self.invocation.clone())];
        if let Some(execution) = &captured.record.execution {
            tags.push(("mlflow.source.name".to_owned(), execution.command.join(" ")));
            tags.push(("mlflow.source.type".to_owned(), "LOCAL".to_owned()));
        }
        let started = captured.record.captured_at.0;
        let run = self.server.create_run(experiment, name.map(str::to_owned), started, tags).await?;
        self.begin(run, captured).await
    }

    async fn begin(&mut self, run: Run, captured: &Captured) -> Result<()> {
        tell_inputs(&self.server, &run.info, captured.record.clone(), &captured.inputs).await?;
        self.runs.insert(run.info.run_id.clone(), run.info);
        Ok(())
    }

    /// Tells all runs how the command went.
    pub(super) async fn end(&self, captured: &Captured, ending: &Ending) -> Result<()> {
        for info in self.runs.values() {
            let run = self.server.run(&info.run_id).await?;
            if run.info.end_time.is_none() {
                self.server.end_run(&info.run_id, ending.status(), ending.at.0).await?;
            }
            for stream in &ending.streams {
                self.server.upload(info, &stream.artifact(), Upload::Bytes(stream.text.clone())).await?;
            }
            let mut record = captured.record.clone();
            if let Some(execution) = &mut record.execution {
                ending.complete(execution);
            }
            tell_end(&self.server, &run, record, &captured.outputs).await?;
        }
        Ok(())
    }
}
