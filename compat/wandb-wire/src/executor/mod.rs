//! GraphQL as a server: a query is read, and its fields are asked of [`Object`]s.
//!
//! W&B's clients need no strict server: a field that an object lacks is null, an argument that it does not know is
//! ignored, and types of variables do not matter. So a client newer than this code gets as much as there is. What is
//! at the top is different: a call that is not there is refused by name.
//!
//! Elsewhere: what a query is (`query.rs`), its values (`arguments.rs`), what is said of types (`introspection.rs`).

mod arguments;
mod introspection;
mod node;
mod query;

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use graphql_parser::query::{Field, Selection, SelectionSet, TypeCondition};
use serde_json::{Map, Value};
use trackside_core::{Error, Result};

pub use self::{
    arguments::Arguments,
    node::{Node, Object},
    query::{Query, Request},
};
use crate::schema::Schema;

/// Deepest nesting of fields; what clients 0.16 to 0.31 send is less than half as deep.
const MAX_DEPTH: usize = 24;
/// Fields of one answer, lists counted item by item: a page of a thousand runs has some ten thousands.
const MAX_FIELDS: usize = 500_000;

type Selected = SelectionSet<'static, String>;
type AField = Field<'static, String>;

/// Answers a query; `data` of the answer. The first field that fails fails all of it.
///
/// Fields are asked one after the other, as GraphQL demands of mutations.
pub async fn execute(query: &Query, root: &dyn Object, schema: &'static Schema) -> Result<Value> {
    let execution = Execution { query, schema, fields: AtomicUsize::new(0) };
    execution.object(root, &[query.selection()], 0).await
}

struct Execution<'a> {
    query: &'a Query,
    schema: &'static Schema,
    fields: AtomicUsize,
}

impl<'a> Execution<'a> {
    fn object<'b>(
        &'b self,
        object: &'b dyn Object,
        selections: &'b [&'a Selected],
        depth: usize,
    ) -> BoxFuture<'b, Result<Value>> {
        Box::pin(async move {
            let mut shown = Map::new();
            for (key, fields) in self.merged(object.type_name(), selections, depth)? {
                let Some(first) = fields.first() else { continue };
                let arguments = self.query.arguments(first);
                let node = match first.name.as_str() {
                    "__typename" => object.type_name().into(),
                    "__type" if depth == 0 => introspection::of(self.schema, &arguments),
                    name => match object.field(name, &arguments).await? {
                        Node::Unknown if depth == 0 => {
                            return Err(Error::invalid(format!("this server has no {}.{name}", object.type_name())));
                        }
                        Node::Unknown => {
                            tracing::debug!(of = object.type_name(), field = name, "no such field; answered with null");
                            Value::Null.into()
                        }
                        node => node,
                    },
                };
                let inner: Vec<_> = fields.iter().map(|field| &field.selection_set).collect();
                shown.insert(key.to_owned(), self.node(node, &inner, depth + 1).await?);
            }
            Ok(Value::Object(shown))
        })
    }

    fn node<'b>(&'b self, node: Node, selections: &'b [&'a Selected], depth: usize) -> BoxFuture<'b, Result<Value>> {
        Box::pin(async move {
            Ok(match node {
                Node::Unknown => Value::Null,
                Node::Data(value) => self.data(value, selections, depth)?,
                Node::Object(object) => self.object(object.as_ref(), selections, depth).await?,
                Node::List(nodes) => {
                    let mut items = Vec::with_capacity(nodes.len());
                    for node in nodes {
                        items.push(self.node(node, selections, depth).await?);
                    }
                    Value::Array(items)
                }
            })
        })
    }

    /// What is selected of a value; all of it where nothing is.
    fn data(&self, value: Value, selections: &[&'a Selected], depth: usize) -> Result<Value> {
        if selections.iter().all(|selection| selection.items.is_empty()) {
            return Ok(value);
        }
        Ok(match value {
            Value::Array(items) => {
                Value::Array(items.into_iter().map(|item| self.data(item, selections, depth)).collect::<Result<_>>()?)
            }
            Value::Object(mut object) => {
                let of = object.get("__typename").and_then(Value::as_str).unwrap_or_default().to_owned();
                let mut shown = Map::new();
                for (key, fields) in self.merged(&of, selections, depth)? {
                    let Some(first) = fields.first() else { continue };
                    let inner: Vec<_> = fields.iter().map(|field| &field.selection_set).collect();
                    // The same field may be asked for under several names.
                    let value = object.get_mut(&first.name).map_or(Value::Null, |value| value.clone());
                    shown.insert(key.to_owned(), self.data(value, &inner, depth + 1)?);
                }
                Value::Object(shown)
            }
            other => other,
        })
    }

    /// The fields selected of a type by their names in the answer.
    fn merged(&self, of: &str, selections: &[&'a Selected], depth: usize) -> Result<Vec<(&'a str, Vec<&'a AField>)>> {
        if depth > MAX_DEPTH {
            return Err(Error::invalid(format!("the query is nested deeper than {MAX_DEPTH} fields")));
        }
        let mut gathered = Gathered::default();
        for selection in selections {
            self.gather(of, selection, &mut gathered)?;
        }
        Ok(gathered.fields)
    }

    fn gather(&self, of: &str, selection: &'a Selected, into: &mut Gathered<'a>) -> Result<()> {
        for item in &selection.items {
            self.count()?;
            match item {
                Selection::Field(field) if self.query.is_wanted(&field.directives) => into.add(field),
                Selection::InlineFragment(inline) if self.query.is_wanted(&inline.directives) => {
                    let condition = inline.type_condition.as_ref();
                    if condition.is_none_or(|TypeCondition::On(condition)| self.applies(of, condition)) {
                        self.gather(of, &inline.selection_set, into)?;
                    }
                }
                Selection::FragmentSpread(spread) if self.query.is_wanted(&spread.directives) => {
                    let name = spread.fragment_name.as_str();
                    let fragment = self
                        .query
                        .fragment(name)
                        .ok_or_else(|| Error::invalid(format!("the query has no fragment '{name}'")))?;
                    let TypeCondition::On(condition) = &fragment.type_condition;
                    if self.applies(of, condition) && !into.spread.contains(&name) {
                        into.spread.push(name);
                        self.gather(of, &fragment.selection_set, into)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether a fragment is for objects of this type: those of another type are not, but interfaces and what the schema
    /// does not know may be. An object that does not say its type takes all.
    fn applies(&self, of: &str, condition: &str) -> bool {
        of.is_empty() || of == condition || !self.schema.is_object(condition)
    }

    fn count(&self) -> Result<()> {
        if self.fields.fetch_add(1, Ordering::Relaxed) >= MAX_FIELDS {
            return Err(Error::invalid(format!("the answer would have more than {MAX_FIELDS} fields; ask for less")));
        }
        Ok(())
    }
}

/// Fields by their names in the answer, in the order of their first appearance.
#[derive(Default)]
struct Gathered<'a> {
    fields: Vec<(&'a str, Vec<&'a AField>)>,
    spread: Vec<&'a str>,
}

impl<'a> Gathered<'a> {
    fn add(&mut self, field: &'a AField) {
        let key = field.alias.as_ref().unwrap_or(&field.name).as_str();
        match self.fields.iter_mut().find(|(known, _)| *known == key) {
            Some((_, fields)) => fields.push(field),
            None => self.fields.push((key, vec![field])),
        }
    }
}

#[cfg(test)]
mod tests;
