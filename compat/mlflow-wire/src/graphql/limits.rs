//! How large a query may be, looked at before anything else: a query is short, and may still ask for a great deal.
//!
//! Source: `server/graphql/graphql_no_batching.py`, MLflow 3.17.2.

use std::collections::HashSet;

use graphql_parser::query::Selection;

use super::document::{Document, Node, Selected};

/// How deep selections may be nested.
const MAX_DEPTH: usize = 10;
/// Most fields of all operations, those of a fragment counted at each place where it is used.
const MAX_SELECTIONS: usize = 1000;
/// Most fields at the top.
const MAX_ROOT_FIELDS: usize = 10;
/// Most fields under another name within one selection.
const MAX_ALIASES: usize = 10;

/// Refuses a query that is too large, in MLflow's words.
pub(super) fn check(document: &Document<'_>) -> Result<(), String> {
    let (mut n_root_fields, mut n_fields, mut max_aliases) = (0, 0, 0);
    for operation in &document.operations {
        let mut open = vec![(operation.selection, 1)];
        while let Some((selection, depth)) = open.pop() {
            if depth > MAX_DEPTH {
                return Err(format!("Query exceeds maximum depth of {MAX_DEPTH}"));
            }
            let mut n_aliases = 0;
            for field in fields(selection, document) {
                n_root_fields += usize::from(depth == 1);
                n_aliases += usize::from(field.alias.is_some());
                n_fields += 1;
                if n_fields > MAX_SELECTIONS {
                    return Err(format!("Query exceeds maximum total selections of {MAX_SELECTIONS}"));
                }
                if !field.selection_set.items.is_empty() {
                    open.push((&field.selection_set, depth + 1));
                }
            }
            max_aliases = max_aliases.max(n_aliases);
        }
    }
    at_most(MAX_ROOT_FIELDS, n_root_fields, "root fields", "MLFLOW_SERVER_GRAPHQL_MAX_ROOT_FIELDS")?;
    at_most(MAX_ALIASES, max_aliases, "aliases", "MLFLOW_SERVER_GRAPHQL_MAX_ALIASES")
}

/// The fields of one level, those of fragments included, each fragment once.
fn fields<'a>(selection: &'a Selected, document: &Document<'a>) -> Vec<&'a Node> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![selection];
    while let Some(selection) = open.pop() {
        for item in &selection.items {
            match item {
                Selection::Field(field) => found.push(field),
                Selection::InlineFragment(inline) => open.push(&inline.selection_set),
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name.as_str();
                    let fragment = document.fragments.get(name);
                    open.extend(fragment.filter(|_| seen.insert(name)).map(|it| &it.selection_set));
                }
            }
        }
    }
    found
}

fn at_most(limit: usize, found: usize, what: &str, variable: &str) -> Result<(), String> {
    if found <= limit {
        return Ok(());
    }
    Err(format!(
        "GraphQL queries should have at most {limit} {what}, got {found} {what}. To increase the limit, set the {variable} \
         environment variable."
    ))
}
