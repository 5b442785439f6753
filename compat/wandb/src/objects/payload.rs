//! An object whose fields are known beforehand.

use async_trait::async_trait;
use trackside_core::Result;
use trackside_wandb_wire::executor::{Arguments, Node, Object};

/// Fields by name.
#[derive(Debug)]
pub(crate) struct Payload {
    type_name: &'static str,
    fields: Vec<(&'static str, Node)>,
}

impl Payload {
    /// As a node.
    pub(crate) fn node(type_name: &'static str, fields: impl IntoIterator<Item = (&'static str, Node)>) -> Node {
        Node::object(Self { type_name, fields: fields.into_iter().collect() })
    }
}

#[async_trait]
impl Object for Payload {
    fn type_name(&self) -> &'static str {
        self.type_name
    }

    async fn field(&self, name: &str, _: &Arguments) -> Result<Node> {
        let found = self.fields.iter().find(|(known, _)| *known == name);
        Ok(found.map_or(Node::Unknown, |(_, node)| node.clone()))
    }
}
