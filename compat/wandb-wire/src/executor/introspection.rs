//! `__type(name:)`: clients up to 0.25 ask which fields there are before they ask for them.

use serde_json::{Value, json};

use super::{Arguments, Node};
use crate::schema::Schema;

pub(super) fn of(schema: &Schema, arguments: &Arguments) -> Node {
    let Some(name) = arguments.text("name") else { return Node::null() };
    let Some(fields) = schema.fields(name) else { return Node::null() };
    let listed: Value = fields
        .iter()
        .map(|field| {
            let arguments: Value = field.arguments.iter().map(|argument| json!({ "name": argument })).collect();
            json!({ "name": field.name, "args": arguments })
        })
        .collect();
    let is_input = schema.is_input(name);
    let (fields, inputs) = if is_input { (Value::Null, listed) } else { (listed, Value::Null) };
    json!({
        "__typename": "__Type",
        "name": name,
        "kind": if is_input { "INPUT_OBJECT" } else { "OBJECT" },
        "fields": fields,
        "inputFields": inputs,
    })
    .into()
}
