//! A project: an experiment, whoever made it.

use async_trait::async_trait;
use serde_json::Value;
use trackside_core::{ErrorKind, Result, SweepId};
use trackside_wandb_wire::{
    executor::{Arguments, Node, Object},
    node_id,
};

use super::{RunObject, SweepObject, connection, entity, room_artifacts, run_list, sweep, user};
use crate::{artifacts::Room, caller::Caller, project::Project, runs};

/// The tag of an experiment that describes it, in MLflow's pages too.
pub(crate) const DESCRIPTION: &str = "mlflow.note.content";

/// A project.
#[derive(Debug)]
pub(crate) struct ProjectObject {
    pub(crate) caller: Caller,
    pub(crate) project: Project,
}

#[async_trait]
impl Object for ProjectObject {
    fn type_name(&self) -> &'static str {
        "Project"
    }

    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node> {
        let Project { name: names, experiment } = &self.project;
        Ok(match name {
            "id" => node_id::encode("Project", &experiment.id.to_string()).into(),
            "internalId" => experiment.id.to_string().into(),
            "name" => names.project.as_str().into(),
            "entityName" => names.entity.as_str().into(),
            "entity" => entity::node(&names.entity),
            "description" => self.tag(DESCRIPTION).into(),
            "access" => "PRIVATE".into(),
            "views" => "{}".into(),
            "createdAt" => experiment.created_at.rfc3339().into(),
            "updatedAt" => experiment.updated_at.rfc3339().into(),
            "isBenchmark" | "readOnly" => false.into(),
            "user" => user::viewer().into(),
            "runCount" => run_list::count(&self.caller, &self.project, arguments).await?.into(),
            "runs" => run_list::page(&self.caller, &self.project, arguments).await?,
            "run" | "bucket" => self.run(arguments).await?,
            "allViews" => connection(Vec::new(), false, Some(0)),
            "sweeps" => sweep::all(&self.caller, &self.project).await?,
            "totalSweeps" => self.caller.door.service.sweeps(experiment.id, sweep::MOST).await?.len().into(),
            "sweep" => self.sweep(arguments).await?,
            _ => {
                let room = Room::Project(self.project.clone());
                room_artifacts::field(&self.caller, &room, name, arguments).await?
            }
        })
    }
}

impl ProjectObject {
    async fn run(&self, arguments: &Arguments) -> Result<Node> {
        let Some(name) = arguments.filled("name") else { return Ok(Node::null()) };
        let run = runs::by_name(&self.caller.door.service, &self.project, name).await?.filter(runs::is_active);
        Ok(Node::optional(run.map(|run| RunObject::new(&self.caller, &self.project, run))))
    }

    async fn sweep(&self, arguments: &Arguments) -> Result<Node> {
        let name = arguments.filled("sweepName").or(arguments.filled("name"));
        let Some(id) = name.and_then(|name| SweepId::parse(name).ok()) else { return Ok(Node::null()) };
        let found = match self.caller.door.service.sweep(&id).await {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            found => Some(found?),
        };
        let own = found.filter(|sweep| sweep.experiment == self.project.experiment.id);
        Ok(Node::optional(own.map(|sweep| SweepObject::new(&self.caller, &self.project, sweep))))
    }

    fn tag(&self, key: &str) -> Value {
        let tag = self.project.experiment.tags.iter().find(|tag| tag.key.as_str() == key);
        tag.map_or(Value::Null, |tag| tag.value.as_str().into())
    }
}
