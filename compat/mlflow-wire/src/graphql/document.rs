//! A parsed query: its operations and fragments by name.

use std::collections::HashMap;

use graphql_parser::query::{
    self as parsed, Definition, FragmentDefinition, OperationDefinition, ParseError, SelectionSet, VariableDefinition,
};

use super::schema::{self, Type};

/// A field as it stands in a query.
pub(super) type Node = parsed::Field<'static, String>;
/// What is selected of an object.
pub(super) type Selected = SelectionSet<'static, String>;
/// A directive on a part of a query.
pub(super) type Directive = parsed::Directive<'static, String>;
/// A value as it stands in a query.
pub(super) type Value = parsed::Value<'static, String>;
/// A whole query.
pub(super) type Parsed = parsed::Document<'static, String>;

/// What a query asks for, before it is known whether that can be.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) operations: Vec<Operation<'a>>,
    pub(super) fragments: HashMap<&'a str, &'a FragmentDefinition<'static, String>>,
}

/// One of the operations of a query.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    pub(super) name: Option<&'a str>,
    /// What its fields are fields of; none for a subscription, which the schema does not have.
    pub(super) root: Option<&'static Type>,
    pub(super) variables: &'a [VariableDefinition<'static, String>],
    pub(super) directives: &'a [Directive],
    pub(super) selection: &'a Selected,
}

/// Reads a query. Brackets may be nested fifty deep, so that no query exhausts the stack.
pub(super) fn parse(query: &str) -> Result<Parsed, ParseError> {
    Ok(parsed::parse_query::<String>(query)?.into_static())
}

impl<'a> Document<'a> {
    pub(super) fn of(parsed: &'a Parsed) -> Self {
        let mut document = Self { operations: Vec::new(), fragments: HashMap::new() };
        for definition in &parsed.definitions {
            match definition {
                Definition::Operation(operation) => document.operations.push(Operation::of(operation)),
                Definition::Fragment(fragment) => drop(document.fragments.insert(fragment.name.as_str(), fragment)),
            }
        }
        document
    }

    /// The operation to run.
    pub(super) fn operation(&self, name: Option<&str>) -> Result<&Operation<'a>, String> {
        match (name, &self.operations[..]) {
            (None, [only]) => Ok(only),
            (None, []) => Err("Must provide an operation.".to_owned()),
            (None, _) => Err("Must provide operation name if query contains multiple operations.".to_owned()),
            (Some(name), operations) => operations
                .iter()
                .find(|operation| operation.name == Some(name))
                .ok_or_else(|| format!("Unknown operation named '{name}'.")),
        }
    }
}

impl<'a> Operation<'a> {
    fn of(operation: &'a OperationDefinition<'static, String>) -> Self {
        match operation {
            OperationDefinition::SelectionSet(selection) => {
                Self { name: None, root: Some(&schema::QUERY), variables: &[], directives: &[], selection }
            }
            OperationDefinition::Query(query) => Self {
                name: query.name.as_deref(),
                root: Some(&schema::QUERY),
                variables: &query.variable_definitions,
                directives: &query.directives,
                selection: &query.selection_set,
            },
            OperationDefinition::Mutation(mutation) => Self {
                name: mutation.name.as_deref(),
                root: Some(&schema::MUTATION),
                variables: &mutation.variable_definitions,
                directives: &mutation.directives,
                selection: &mutation.selection_set,
            },
            OperationDefinition::Subscription(subscription) => Self {
                name: subscription.name.as_deref(),
                root: None,
                variables: &subscription.variable_definitions,
                directives: &subscription.directives,
                selection: &subscription.selection_set,
            },
        }
    }
}
