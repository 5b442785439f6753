//! The fields at the top of queries.

use async_trait::async_trait;
use serde_json::{Value, json};
use trackside_core::Result;
use trackside_wandb_wire::executor::{Arguments, Node, Object};

use super::{entity, server_info, user};
use crate::{DEFAULT_ENTITY, caller::Caller};

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
            "entity" => entity::node(arguments.filled("name").unwrap_or(DEFAULT_ENTITY)),
            "organization" => entity::organization().into(),
            "users" => users(arguments.text("query")).into(),
            _ => Node::Unknown,
        })
    }
}

/// There is one user, whom every search finds that names them.
fn users(query: Option<&str>) -> Value {
    let found = query.is_none_or(|query| DEFAULT_ENTITY.contains(query));
    let edges: Vec<Value> = found.then(|| json!({ "node": user::viewer() })).into_iter().collect();
    json!({ "edges": edges })
}
