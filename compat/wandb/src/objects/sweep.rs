//! A sweep.

use async_trait::async_trait;
use serde_json::{Value, json};
use trackside_core::{Result, Sweep};
use trackside_wandb_wire::{
    executor::{Arguments, Node, Object},
    node_id,
    sweep::Definition,
};

use super::{ProjectObject, connection, run_list};
use crate::{caller::Caller, project::Project};

/// Sweeps of a project that are shown.
pub(super) const MOST: usize = 1_000;

/// A sweep.
#[derive(Debug)]
pub(crate) struct SweepObject {
    caller: Caller,
    project: Project,
    sweep: Sweep,
}

impl SweepObject {
    pub(crate) fn new(caller: &Caller, project: &Project, sweep: Sweep) -> Self {
        Self { caller: caller.clone(), project: project.clone(), sweep }
    }

    /// The runs of it that pass a filter as well.
    fn only_own(&self, arguments: &Arguments) -> Arguments {
        let given = arguments.filled("filters").and_then(|text| serde_json::from_str::<Value>(text).ok());
        let own = json!({ "sweep": self.sweep.id.as_str() });
        let all = json!({ "$and": std::iter::once(own).chain(given).collect::<Vec<_>>() });
        arguments.with("filters", all.to_string().into())
    }
}

/// The sweeps of a project.
pub(super) async fn all(caller: &Caller, project: &Project) -> Result<Node> {
    let sweeps = caller.door.service.sweeps(project.experiment.id, MOST).await?;
    let total = sweeps.len();
    let edges = sweeps
        .into_iter()
        .map(|sweep| (sweep.id.as_str().to_owned(), Node::object(SweepObject::new(caller, project, sweep))));
    Ok(connection(edges.collect(), false, Some(total)))
}

#[async_trait]
impl Object for SweepObject {
    fn type_name(&self) -> &'static str {
        "Sweep"
    }

    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node> {
        let Sweep { id, state, created_at, updated_at, .. } = &self.sweep;
        // A definition that was taken once is read again, unless a newer release has written it.
        let definition = || Definition::parse(&self.sweep.definition).ok();
        Ok(match name {
            "id" => node_id::encode("Sweep", id.as_str()).into(),
            "name" => id.as_str().into(),
            "displayName" => {
                let own = definition().and_then(|definition| definition.name);
                self.sweep.name.clone().or(own).into()
            }
            "description" => self.sweep.description.as_deref().into(),
            "method" => definition().map(|definition| definition.method.as_str()).into(),
            "state" => state.as_str().into(),
            "config" => self.sweep.definition.as_str().into(),
            "createdAt" => created_at.rfc3339().into(),
            "updatedAt" | "heartbeatAt" => updated_at.rfc3339().into(),
            "bestLoss" | "controller" | "scheduler" | "controllerRunName" | "priorRuns" | "agent" => Node::null(),
            "earlyStopJobRunning" => false.into(),
            "runCount" => {
                run_list::count(&self.caller, &self.project, &self.only_own(&Arguments::default())).await?.into()
            }
            "runCountExpected" => definition().and_then(|definition| definition.n_trials()).into(),
            "runs" => run_list::page(&self.caller, &self.project, &self.only_own(arguments)).await?,
            "agents" => connection(Vec::new(), false, Some(0)),
            "project" => Node::object(ProjectObject { caller: self.caller.clone(), project: self.project.clone() }),
            _ => Node::Unknown,
        })
    }
}
