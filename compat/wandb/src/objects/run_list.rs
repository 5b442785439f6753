//! The runs of a project.

use trackside_core::{PageRequest, PageToken, Query, Result, query::RunField};
use trackside_wandb_wire::executor::{Arguments, Node};

use super::{RunObject, connection};
use crate::{caller::Caller, project::Project};

/// Runs of a page where the client does not say, and at most.
const PAGE: usize = 50;
const MOST: usize = 1_000;

pub(super) async fn count(caller: &Caller, project: &Project, arguments: &Arguments) -> Result<usize> {
    let page = PageRequest::first(arguments.size("limit", MOST, MOST));
    let query = Query::<RunField>::default();
    Ok(caller.door.service.search_runs(vec![project.experiment.id], query, page).await?.items.len())
}

pub(super) async fn page(caller: &Caller, project: &Project, arguments: &Arguments) -> Result<Node> {
    let limit = arguments.size("first", PAGE, MOST);
    let page = PageRequest { limit, after: arguments.filled("after").map(PageToken::new) };
    let query = Query::<RunField>::default();
    let page = caller.door.service.search_runs(vec![project.experiment.id], query, page).await?;
    let cursor = page.next.as_ref().map(|token| token.as_str().to_owned()).unwrap_or_default();
    let node = |run| (cursor.clone(), Node::object(RunObject::new(caller, project, run)));
    Ok(connection(page.items.into_iter().map(node).collect(), page.next.is_some(), None))
}
