//! What changes something: a file per call.

use async_trait::async_trait;
use trackside_core::Result;
use trackside_wandb_wire::executor::{Arguments, Node, Object};

use crate::caller::Caller;

/// The root of mutations.
#[derive(Debug)]
pub(crate) struct Mutations(pub(crate) Caller);

#[async_trait]
impl Object for Mutations {
    fn type_name(&self) -> &'static str {
        "Mutation"
    }

    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node> {
        let _input = arguments.input("input");
        Ok(match name {
            _ => Node::Unknown,
        })
    }
}
