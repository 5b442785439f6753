//! A query as it came: its operation, fragments and values.

use std::collections::BTreeMap;

use graphql_parser::query::{
    Definition, Directive, Document, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    Value as Written, VariableDefinition,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use trackside_core::{Error, Result};

use super::Arguments;

/// Longest query in bytes: the longest that clients send have 12 KiB.
const MAX_QUERY_BYTES: usize = 128 << 10;

/// `POST /graphql`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    /// The text.
    pub query: String,
    /// Values of its variables.
    pub variables: Option<Map<String, Value>>,
    /// Which of its operations, when there are several; an empty text counts as none.
    pub operation_name: Option<String>,
}

/// A query that was read.
#[derive(Debug)]
pub struct Query {
    document: Document<'static, String>,
    /// Of the operation among the definitions.
    chosen: usize,
    variables: Map<String, Value>,
}

impl Query {
    /// Reads a query. `Invalid` for what is none. Brackets may be nested fifty deep.
    pub fn parse(request: Request) -> Result<Self> {
        if request.query.len() > MAX_QUERY_BYTES {
            return Err(Error::invalid(format!("the query is longer than {MAX_QUERY_BYTES} bytes")));
        }
        let document = graphql_parser::parse_query::<String>(&request.query)
            .map_err(|error| Error::invalid(format!("the query cannot be read: {error}")))?
            .into_static();
        let name = request.operation_name.as_deref().filter(|name| !name.is_empty());
        let is_chosen = |definition: &Definition<'static, String>| match definition {
            Definition::Operation(operation) => name.is_none_or(|name| operation_name(operation) == Some(name)),
            Definition::Fragment(_) => false,
        };
        let chosen = document.definitions.iter().position(is_chosen);
        let chosen = chosen.ok_or_else(|| Error::invalid("the query has no such operation"))?;
        let mut query = Self { document, chosen, variables: request.variables.unwrap_or_default() };
        query.set_defaults();
        Ok(query)
    }

    /// Whether something is to change.
    pub fn is_mutation(&self) -> bool {
        matches!(self.operation(), Some(OperationDefinition::Mutation(_)))
    }

    /// Names of the fields at the top, those within fragments too.
    pub fn root_fields(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut rest = vec![self.selection()];
        let mut spread = Vec::new();
        while let Some(selection) = rest.pop() {
            for item in &selection.items {
                match item {
                    Selection::Field(field) => names.push(field.name.as_str()),
                    Selection::InlineFragment(inline) => rest.push(&inline.selection_set),
                    Selection::FragmentSpread(fragment) => {
                        let name = fragment.fragment_name.as_str();
                        if !spread.contains(&name) {
                            spread.push(name);
                            rest.extend(self.fragment(name).map(|fragment| &fragment.selection_set));
                        }
                    }
                }
            }
        }
        names
    }

    pub(super) fn selection(&self) -> &SelectionSet<'static, String> {
        static NOTHING: SelectionSet<'static, String> = SelectionSet { span: NOWHERE, items: Vec::new() };
        match self.operation() {
            Some(OperationDefinition::SelectionSet(selection)) => selection,
            Some(OperationDefinition::Query(query)) => &query.selection_set,
            Some(OperationDefinition::Mutation(mutation)) => &mutation.selection_set,
            Some(OperationDefinition::Subscription(_)) | None => &NOTHING,
        }
    }

    pub(super) fn fragment(&self, name: &str) -> Option<&FragmentDefinition<'static, String>> {
        self.document.definitions.iter().find_map(|definition| match definition {
            Definition::Fragment(fragment) if fragment.name == name => Some(fragment),
            _ => None,
        })
    }

    /// Whether `@skip` and `@include` let a selection be; other directives mean nothing here.
    pub(super) fn is_wanted(&self, directives: &[Directive<'static, String>]) -> bool {
        directives.iter().all(|directive| {
            let given = directive.arguments.iter().find(|(name, _)| name == "if");
            let given = given.and_then(|(_, value)| self.value(value)).and_then(|value| value.as_bool());
            match directive.name.as_str() {
                "include" => given != Some(false),
                "skip" => given != Some(true),
                _ => true,
            }
        })
    }

    pub(super) fn arguments(&self, field: &Field<'static, String>) -> Arguments {
        let given = field.arguments.iter().filter_map(|(name, value)| Some((name.clone(), self.value(value)?)));
        Arguments::new(given.collect())
    }

    /// A value as JSON; `None` for a variable that has none.
    fn value(&self, written: &Written<'static, String>) -> Option<Value> {
        Some(match written {
            Written::Variable(name) => return self.variables.get(name).cloned(),
            Written::Int(number) => number.as_i64().into(),
            Written::Float(number) => (*number).into(),
            Written::String(text) | Written::Enum(text) => text.as_str().into(),
            Written::Boolean(truth) => (*truth).into(),
            Written::Null => Value::Null,
            Written::List(items) => items.iter().filter_map(|item| self.value(item)).collect(),
            Written::Object(fields) => self.fields(fields),
        })
    }

    fn fields(&self, fields: &BTreeMap<String, Written<'static, String>>) -> Value {
        let given = fields.iter().filter_map(|(name, value)| Some((name.clone(), self.value(value)?)));
        Value::Object(given.collect())
    }

    fn operation(&self) -> Option<&OperationDefinition<'static, String>> {
        match self.document.definitions.get(self.chosen) {
            Some(Definition::Operation(operation)) => Some(operation),
            _ => None,
        }
    }

    fn set_defaults(&mut self) {
        let declared: &[VariableDefinition<'static, String>] = match self.operation() {
            Some(OperationDefinition::Query(query)) => &query.variable_definitions,
            Some(OperationDefinition::Mutation(mutation)) => &mutation.variable_definitions,
            _ => &[],
        };
        let missing: Vec<_> = declared
            .iter()
            .filter(|variable| !self.variables.contains_key(&variable.name))
            .filter_map(|variable| Some((variable.name.clone(), self.value(variable.default_value.as_ref()?)?)))
            .collect();
        self.variables.extend(missing);
    }
}

const NOWHERE: (graphql_parser::Pos, graphql_parser::Pos) =
    (graphql_parser::Pos { line: 0, column: 0 }, graphql_parser::Pos { line: 0, column: 0 });

fn operation_name<'a>(operation: &'a OperationDefinition<'static, String>) -> Option<&'a str> {
    match operation {
        OperationDefinition::SelectionSet(_) => None,
        OperationDefinition::Query(query) => query.name.as_deref(),
        OperationDefinition::Mutation(mutation) => mutation.name.as_deref(),
        OperationDefinition::Subscription(subscription) => subscription.name.as_deref(),
    }
}
