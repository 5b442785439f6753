//! A run. Other files of this directory read its history, console and files.

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use trackside_core::{BundleRelation, Json, LineExtent, Result, Run, RunStatus, Timestamp};
use trackside_wandb_wire::{
    executor::{Arguments, Node, Object},
    node_id, projection, run_tag, summary,
};

use super::{ProjectObject, console, history, history_keys, run_artifacts, run_files, user};
use crate::{caller::Caller, project::Project, records, runs};

/// A run.
#[derive(Debug)]
pub(crate) struct RunObject {
    pub(crate) caller: Caller,
    pub(crate) project: Project,
    pub(crate) run: Run,
    extents: OnceCell<Vec<LineExtent>>,
}

impl RunObject {
    pub(crate) fn new(caller: &Caller, project: &Project, run: Run) -> Self {
        Self { caller: caller.clone(), project: project.clone(), run, extents: OnceCell::new() }
    }

    /// How far its streams go.
    pub(super) async fn extents(&self) -> Result<&[LineExtent]> {
        let read = || self.caller.door.service.line_extents(&self.run.info.id);
        self.extents.get_or_try_init(read).await.map(Vec::as_slice)
    }

    /// Its config, with params that only others have set.
    pub(super) async fn config(&self) -> Result<trackside_core::Object> {
        Ok(projection::whole(self.document(records::CONFIG).await?.as_deref(), &self.run.params))
    }

    /// Its summary, with the latest values of metrics that only others have logged.
    pub(super) async fn summary(&self) -> Result<trackside_core::Object> {
        Ok(summary::whole(self.document(records::SUMMARY).await?.as_deref(), &self.run.metrics))
    }

    pub(super) async fn document(&self, name: &str) -> Result<Option<String>> {
        let runs = vec![self.run.info.id.clone()];
        Ok(self.caller.door.service.documents(runs, &records::key(name)?).await?.pop().flatten())
    }

    fn tag(&self, key: &str) -> Value {
        run_tag::value(&self.run, key).filter(|value| !value.is_empty()).into()
    }

    fn heartbeat(&self) -> Timestamp {
        self.caller.door.pulse.last_sign(&self.run)
    }

    fn seconds(&self) -> i64 {
        let end = self.run.info.ended_at.unwrap_or_else(|| self.heartbeat());
        (end.millis().saturating_sub(self.run.info.started_at.millis()) / 1000).max(0)
    }

    async fn lines(&self, stream: &str) -> Result<Node> {
        Ok(records::end(self.extents().await?, stream).into())
    }

    fn system_metrics(&self) -> Value {
        let system = self.run.metrics.iter().filter_map(|metric| {
            let name = metric.key.as_str().strip_prefix("system/")?;
            Some((format!("system.{name}"), Json::Float(metric.point.value)))
        });
        Json::Object(system.collect()).to_string().into()
    }
}

#[async_trait]
impl Object for RunObject {
    fn type_name(&self) -> &'static str {
        "Run"
    }

    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node> {
        let info = &self.run.info;
        Ok(match name {
            "id" => node_id::encode(runs::KIND, info.id.as_str()).into(),
            "internalId" => info.id.as_str().into(),
            "projectId" => info.experiment.get().into(),
            "name" => run_tag::name(&self.run).into(),
            "displayName" => info.name.as_str().into(),
            "description" | "github" => Node::null(),
            "notes" => self.tag(run_tag::NOTES).into(),
            "state" => run_tag::state(&self.run).into(),
            "stopped" | "shouldStop" => (info.status == RunStatus::Killed || !self.tag(run_tag::STOP).is_null()).into(),
            "tags" => run_tag::labels(&self.run).into(),
            "group" | "groupName" => self.tag(run_tag::GROUP).into(),
            "jobType" => self.tag(run_tag::JOB_TYPE).into(),
            "host" => self.tag(run_tag::HOST).into(),
            "commit" => self.tag(run_tag::COMMIT).into(),
            "repo" | "jobRepo" => self.tag(run_tag::REPO).into(),
            "jobProgram" => self.tag(run_tag::PROGRAM).into(),
            "sweepName" => self.tag(run_tag::SWEEP).into(),
            "sweep" => match self.tag(run_tag::SWEEP) {
                Value::String(sweep) => json!({ "__typename": "Sweep", "id": sweep, "name": sweep }).into(),
                _ => Node::null(),
            },
            "readOnly" => false.into(),
            "createdAt" => info.started_at.rfc3339().into(),
            "heartbeatAt" | "updatedAt" => self.heartbeat().rfc3339().into(),
            "computeSeconds" => self.seconds().into(),
            "user" => user::named(&info.user).into(),
            "project" => Node::object(ProjectObject { caller: self.caller.clone(), project: self.project.clone() }),
            "config" => Json::Object(self.config().await?).to_string().into(),
            "wandbConfig" => {
                let keys = arguments.texts("keys").unwrap_or_default();
                Json::Object(projection::reserved(&self.config().await?, &keys)).to_string().into()
            }
            "summaryMetrics" => Json::Object(self.summary().await?).to_string().into(),
            "systemMetrics" => self.system_metrics().into(),
            "historyKeys" => history_keys::of(self).await?.into(),
            "historyLineCount" => self.lines(records::HISTORY).await?,
            "eventsLineCount" => self.lines(records::EVENTS).await?,
            "logLineCount" => self.lines(records::OUTPUT).await?,
            "historyTail" => history::tail(self, records::HISTORY).await?.into(),
            "eventsTail" => history::tail(self, records::EVENTS).await?.into(),
            "history" => history::rows(self, arguments).await?.into(),
            "events" => history::events(self, arguments).await?.into(),
            "sampledHistory" => history::sampled(self, arguments).await?.into(),
            // Clients keep such files by the name of the run and would show old ones: there are none.
            "parquetHistory" => json!({ "parquetUrls": [], "liveData": null }).into(),
            "logLines" => console::page(self, arguments).await?.into(),
            "fileCount" => run_files::count(self).await?.into(),
            "files" => run_files::page(self, arguments).await?,
            "runInfo" => json!({ "program": self.tag(run_tag::PROGRAM) }).into(),
            "outputArtifacts" => run_artifacts::page(self, BundleRelation::Made, arguments).await?,
            "inputArtifacts" => run_artifacts::page(self, BundleRelation::Used, arguments).await?,
            _ => Node::Unknown,
        })
    }
}
