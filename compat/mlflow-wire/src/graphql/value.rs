//! Values of a query as JSON, its variables filled in.

use std::collections::HashMap;

use graphql_parser::query::Type;
use serde_json::{Map, Value as Json};

use super::document::{Operation, Value};

/// The variables of an operation. Those that were not given, and may be absent, are `None`.
#[derive(Debug)]
pub(super) struct Variables<'a>(HashMap<&'a str, Option<Json>>);

impl<'a> Variables<'a> {
    pub(super) fn of(operation: &Operation<'a>, given: &Map<String, Json>) -> Result<Self, String> {
        let mut variables = Self(HashMap::new());
        for declared in operation.variables {
            let (name, kind) = (declared.name.as_str(), &declared.var_type);
            let value = match (given.get(name), &declared.default_value) {
                (Some(value), _) => Some(value.clone()),
                (None, Some(default)) => Self(HashMap::new()).json(default)?,
                (None, None) => None,
            };
            if let Type::NonNullType(_) = kind {
                match value {
                    None => return Err(format!("Variable '${name}' of required type '{kind}' was not provided.")),
                    Some(Json::Null) => {
                        return Err(format!("Variable '${name}' of non-null type '{kind}' must not be null."));
                    }
                    Some(_) => {}
                }
            }
            variables.0.insert(name, value);
        }
        Ok(variables)
    }

    /// A value in JSON; `None` for a variable that was not given.
    pub(super) fn json(&self, value: &Value) -> Result<Option<Json>, String> {
        Ok(Some(match value {
            Value::Variable(name) => match self.0.get(name.as_str()) {
                Some(value) => return Ok(value.clone()),
                None => return Err(format!("Variable '${name}' is not defined.")),
            },
            Value::Int(number) => number.as_i64().map_or(Json::Null, Json::from),
            Value::Float(number) => Json::from(*number),
            Value::String(text) => Json::from(text.as_str()),
            Value::Boolean(flag) => Json::from(*flag),
            Value::Null => Json::Null,
            Value::Enum(name) => Json::from(name.as_str()),
            Value::List(items) => {
                let items = items.iter().map(|item| Ok(self.json(item)?.unwrap_or_default()));
                Json::Array(items.collect::<Result<_, String>>()?)
            }
            Value::Object(fields) => {
                let mut object = Map::new();
                for (name, value) in fields {
                    if let Some(value) = self.json(value)? {
                        object.insert(name.clone(), value);
                    }
                }
                Json::Object(object)
            }
        }))
    }
}
