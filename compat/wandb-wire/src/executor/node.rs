//! What a field leads to.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde_json::Value;
use trackside_core::Result;

use super::Arguments;

/// What a field leads to.
#[derive(Debug, Clone)]
pub enum Node {
    /// JSON: a scalar, or objects whose keys are the fields there are. The key `__typename` says of which type one is.
    Data(Value),
    /// Something that is asked for its fields one by one.
    Object(Arc<dyn Object>),
    /// Several.
    List(Vec<Node>),
    /// There is no such field.
    Unknown,
}

impl Node {
    /// An object.
    pub fn object(object: impl Object) -> Self {
        Self::Object(Arc::new(object))
    }

    /// An object, or null.
    pub fn optional(object: Option<impl Object>) -> Self {
        object.map_or(Self::Data(Value::Null), Self::object)
    }

    /// Nothing.
    pub const fn null() -> Self {
        Self::Data(Value::Null)
    }
}

impl<T: Into<Value>> From<T> for Node {
    fn from(value: T) -> Self {
        Self::Data(value.into())
    }
}

/// Something with fields.
#[async_trait]
pub trait Object: fmt::Debug + Send + Sync + 'static {
    /// Its type, as the schema calls it.
    fn type_name(&self) -> &'static str;

    /// One of its fields; [`Node::Unknown`] when there is no such.
    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node>;
}
