//! The fields at the top of queries.

use async_trait::async_trait;
use serde_json::{Value, json};
use trackside_core::{PageRequest, PageToken, Query, Result, query::ExperimentField};
use trackside_wandb_wire::{
    executor::{Arguments, Node, Object},
    run_name::{DEFAULT_ENTITY, ProjectName},
};

use super::{
    ArtifactObject, CollectionObject, EntityObject, OrganizationObject, ProjectObject, RegistryObject, connection,
    server_info, user,
};
use crate::{
    artifacts::{self, Room, Shelf},
    caller::Caller,
    project::Project,
};

/// Projects of a page where the client does not say, and at most.
const PAGE: usize = 50;
const MOST: usize = 1_000;

/// The root of queries.
#[derive(Debug)]
pub(crate) struct Queries(pub(crate) Caller);

#[async_trait]
impl Object for Queries {
    fn type_name(&self) -> &'static str {
        "Query"
    }

    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node> {
        Ok(match name {
            "viewer" => user::viewer().into(),
            "serverInfo" => server_info::node(),
            "entity" => Node::object(EntityObject::new(&self.0, arguments.filled("name").unwrap_or(DEFAULT_ENTITY))),
            "organization" => Node::object(OrganizationObject(self.0.clone())),
            "users" => users(arguments.text("query")).into(),
            "project" | "model" => self.project(arguments).await?,
            "models" => self.projects(arguments).await?,
            "artifact" => ArtifactObject::by_id(&self.0, arguments.required("id")?).await?,
            "artifactCollection" => {
                let shelf = Shelf::by_id(&self.0.door.service, arguments.required("id")?).await?;
                Node::optional(shelf.map(|shelf| CollectionObject::new(&self.0, shelf)))
            }
            "clientIDMapping" => self.client_id(arguments.required("clientID")?).await?,
            _ => Node::Unknown,
        })
    }
}

impl Queries {
    async fn project(&self, arguments: &Arguments) -> Result<Node> {
        let name = ProjectName::new(arguments.text("entityName"), arguments.text("name"));
        Ok(match Room::find(&self.0.door.service, name).await? {
            Some(Room::Project(project)) => Node::object(self.object(project)),
            Some(Room::Registry(name)) => Node::object(RegistryObject::new(&self.0, name)),
            None => Node::null(),
        })
    }

    /// What an artifact is called that a client has named itself.
    async fn client_id(&self, client_id: &str) -> Result<Node> {
        let found = self.0.door.service.bundle_of_client(client_id).await?;
        Ok(found.map_or(Value::Null, |bundle| json!({ "serverID": artifacts::id(bundle) })).into())
    }

    /// The projects of an entity.
    async fn projects(&self, arguments: &Arguments) -> Result<Node> {
        let entity = arguments.filled("entityName").unwrap_or(DEFAULT_ENTITY);
        let limit = arguments.size("first", PAGE, MOST);
        let mut after = arguments.filled("after").map(PageToken::new);
        let mut edges = Vec::new();
        loop {
            let page = PageRequest { limit, after: after.take() };
            let page = self.0.door.service.search_experiments(Query::<ExperimentField>::default(), page).await?;
            after = page.next;
            let cursor = after.as_ref().map(|token| token.as_str().to_owned()).unwrap_or_default();
            let is_shown = |project: &Project| project.name.entity == entity;
            let projects = page.items.into_iter().map(Project::of).filter(is_shown);
            edges.extend(projects.map(|project| (cursor.clone(), Node::object(self.object(project)))));
            // A page of others' projects is no reason to end.
            if after.is_none() || !edges.is_empty() {
                return Ok(connection(edges, after.is_some(), None));
            }
        }
    }

    fn object(&self, project: Project) -> ProjectObject {
        ProjectObject { caller: self.0.clone(), project }
    }
}

/// There is one user, whom every search finds that names them.
fn users(query: Option<&str>) -> Value {
    let found = query.is_none_or(|query| DEFAULT_ENTITY.contains(query));
    let edges: Vec<Value> = found.then(|| json!({ "node": user::viewer() })).into_iter().collect();
    json!({ "edges": edges })
}
