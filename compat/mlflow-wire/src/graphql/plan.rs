//! What a query asks for: its fields with their types, fragments and variables resolved, and nothing in it that cannot be.

use graphql_parser::query::{Selection, TypeCondition};
use serde_json::Value as Json;

use super::{
    call::{self, Call, Related},
    document::{Directive, Document, Node, Operation, Selected},
    schema::{Kind, Type},
    value::Variables,
};

/// A query that can be answered.
#[derive(Debug)]
pub struct Plan {
    /// What the fields at the top ask for, in their order.
    pub calls: Vec<Call>,
    /// What of it is shown.
    pub shape: Shape,
}

/// The fields of an answer.
#[derive(Debug)]
pub struct Shape(pub(super) Vec<Shown>);

/// A field of an answer.
#[derive(Debug)]
pub(super) struct Shown {
    /// What it is called in the answer.
    pub(super) key: String,
    /// What it is called in REST.
    pub(super) source: String,
    pub(super) kind: Kind,
    /// What is shown of an object.
    pub(super) inner: Vec<Shown>,
}

impl Plan {
    pub(super) fn of(
        document: &Document<'_>,
        operation: &Operation<'_>,
        variables: &Variables<'_>,
    ) -> Result<Self, String> {
        check_operation(operation, variables)?;
        let root = operation.root.ok_or("Schema is not configured to execute subscription operation.")?;
        let reader = Reader { document, variables };
        let mut plan = Self { calls: Vec::new(), shape: Shape(Vec::new()) };
        for nodes in reader.merged(root, &[operation.selection])? {
            let shown = reader.shown(root, &nodes)?;
            plan.calls.push(reader.call(root, nodes[0], &shown)?);
            plan.shape.0.push(shown);
        }
        Ok(plan)
    }
}

/// The one directive of operations is `@component(name: String!)`, which has no effect.
fn check_operation(operation: &Operation<'_>, variables: &Variables<'_>) -> Result<(), String> {
    for directive in operation.directives {
        match directive.name.as_str() {
            "component" => match argument(directive, "name", variables)? {
                Some(name) if name.is_string() => {}
                _ => return Err(required(&directive.name, "name", "String!")),
            },
            name => return Err(refused(name, "this operation")),
        }
    }
    Ok(())
}

struct Reader<'a> {
    document: &'a Document<'a>,
    variables: &'a Variables<'a>,
}

impl<'a> Reader<'a> {
    /// The fields selected of a type by their names in the answer: a name that comes several times is one field.
    fn merged(&self, of: &'static Type, selections: &[&'a Selected]) -> Result<Vec<Vec<&'a Node>>, String> {
        let mut found = Fields::default();
        for selection in selections {
            self.gather(of, selection, &mut found)?;
        }
        Ok(found.by_key)
    }

    fn gather(&self, of: &'static Type, selection: &'a Selected, found: &mut Fields<'a>) -> Result<(), String> {
        for item in &selection.items {
            match item {
                Selection::Field(field) if self.is_wanted(&field.directives)? => found.add(field)?,
                Selection::InlineFragment(inline) if self.is_wanted(&inline.directives)? => {
                    if let Some(TypeCondition::On(condition)) = &inline.type_condition {
                        check_condition(of, condition, "Fragment")?;
                    }
                    self.gather(of, &inline.selection_set, found)?;
                }
                Selection::FragmentSpread(spread) if self.is_wanted(&spread.directives)? => {
                    let name = spread.fragment_name.as_str();
                    let fragment =
                        *self.document.fragments.get(name).ok_or_else(|| format!("Unknown fragment '{name}'."))?;
                    let TypeCondition::On(condition) = &fragment.type_condition;
                    check_condition(of, condition, &format!("Fragment '{name}'"))?;
                    if !found.spread.contains(&name) {
                        found.spread.push(name);
                        self.gather(of, &fragment.selection_set, found)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// How a field is shown that was selected by these nodes.
    fn shown(&self, of: &'static Type, nodes: &[&'a Node]) -> Result<Shown, String> {
        let node = nodes[0];
        let kind = match of.field(&node.name) {
            Some(field) => field.kind,
            None if node.name == "__typename" => Kind::TypeName(of.name),
            None => return Err(format!("Cannot query field '{}' on type '{}'.", node.name, of.name)),
        };
        let selections: Vec<_> = nodes.iter().map(|node| &node.selection_set).collect();
        let is_empty = selections.iter().all(|selection| selection.items.is_empty());
        let inner = match kind.object() {
            Some(_) if is_empty => {
                return Err(format!(
                    "Field '{}' of type '{}' must have a selection of subfields. Did you mean '{} {{ ... }}'?",
                    node.name,
                    kind.name(),
                    node.name
                ));
            }
            Some(inner) => {
                let merged = self.merged(inner, &selections)?;
                merged.iter().map(|nodes| self.shown(inner, nodes)).collect::<Result<_, _>>()?
            }
            None if is_empty => Vec::new(),
            None => {
                return Err(format!(
                    "Field '{}' must not have a selection since type '{}' has no subfields.",
                    node.name,
                    kind.name()
                ));
            }
        };
        // Only fields at the top have arguments; those are looked at where they are read.
        if !matches!(of.name, "Query" | "Mutation")
            && let Some((argument, _)) = node.arguments.first()
        {
            return Err(unknown_argument(argument, of, node));
        }
        Ok(Shown { key: key(node).to_owned(), source: snake_case(&node.name), kind, inner })
    }

    fn call(&self, of: &'static Type, node: &Node, shown: &Shown) -> Result<Call, String> {
        let known = call::argument(&node.name);
        let mut value = None;
        for (name, given) in &node.arguments {
            if Some(name.as_str()) != known {
                return Err(unknown_argument(name, of, node));
            }
            value = self.variables.json(given)?;
        }
        let of_runs = |name: &str| shown.inner.iter().flat_map(|field| &field.inner).any(|field| field.source == name);
        let related = Related { experiment: of_runs("experiment"), model_versions: of_runs("model_versions") };
        Call::of(&node.name, value, related)
    }

    /// Whether `@skip` and `@include` let a selection be.
    fn is_wanted(&self, directives: &[Directive]) -> Result<bool, String> {
        let mut wanted = true;
        for directive in directives {
            let when = match directive.name.as_str() {
                "include" => true,
                "skip" => false,
                name => return Err(refused(name, "field")),
            };
            let given = argument(directive, "if", self.variables)?.and_then(|value| value.as_bool());
            wanted &= given.ok_or_else(|| required(&directive.name, "if", "Boolean!"))? == when;
        }
        Ok(wanted)
    }
}

/// Fields by their names in the answer, in the order of their first appearance.
#[derive(Default)]
struct Fields<'a> {
    by_key: Vec<Vec<&'a Node>>,
    spread: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    fn add(&mut self, node: &'a Node) -> Result<(), String> {
        let Some(same) = self.by_key.iter_mut().find(|nodes| key(nodes[0]) == key(node)) else {
            self.by_key.push(vec![node]);
            return Ok(());
        };
        let first = same[0];
        let why = if first.name != node.name {
            format!("'{}' and '{}' are different fields", first.name, node.name)
        } else if first.arguments != node.arguments {
            "they have differing arguments".to_owned()
        } else {
            same.push(node);
            return Ok(());
        };
        Err(format!(
            "Fields '{}' conflict because {why}. Use different aliases on the fields to fetch both if this was \
             intentional.",
            key(node)
        ))
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

fn key(node: &Node) -> &str {
    node.alias.as_ref().unwrap_or(&node.name)
}

/// Types here have no subtypes, so that a fragment is of the very type or of another.
fn check_condition(of: &'static Type, condition: &str, what: &str) -> Result<(), String> {
    if condition == of.name {
        return Ok(());
    }
    Err(format!("{what} cannot be spread here as objects of type '{}' can never be of type '{condition}'.", of.name))
}

fn argument(directive: &Directive, name: &str, variables: &Variables<'_>) -> Result<Option<Json>, String> {
    match directive.arguments.iter().find(|(known, _)| known == name) {
        Some((_, value)) => variables.json(value),
        None => Ok(None),
    }
}

fn required(directive: &str, argument: &str, kind: &str) -> String {
    format!("Directive '@{directive}' argument '{argument}' of type '{kind}' is required, but it was not provided.")
}

fn refused(directive: &str, place: &str) -> String {
    match directive {
        "component" | "include" | "skip" => format!("Directive '@{directive}' may not be used on {place}."),
        other => format!("Unknown directive '@{other}'."),
    }
}

fn unknown_argument(argument: &str, of: &'static Type, node: &Node) -> String {
    format!("Unknown argument '{argument}' on field '{}.{}'.", of.name, node.name)
}
