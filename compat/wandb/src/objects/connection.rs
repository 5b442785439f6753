//! Pages of things: edges with a cursor each, and whether there are more.

use serde_json::{Value, json};
use trackside_wandb_wire::executor::Node;

use super::Payload;

/// A page; `total` counts what is on all pages.
pub(crate) fn connection(edges: Vec<(String, Node)>, has_next: bool, total: Option<usize>) -> Node {
    let info = page_info(edges.last().map(|(cursor, _)| cursor.as_str()), has_next);
    let edge = |(cursor, node): (String, Node)| Payload::node("Edge", [("cursor", cursor.into()), ("node", node)]);
    let edges = Node::List(edges.into_iter().map(edge).collect());
    Payload::node("Connection", [("edges", edges), ("pageInfo", info.into()), ("totalCount", total.into())])
}

/// Where a page ends.
pub(crate) fn page_info(end: Option<&str>, has_next: bool) -> Value {
    json!({ "__typename": "PageInfo", "endCursor": end, "hasNextPage": has_next, "startCursor": null,
            "hasPreviousPage": false })
}
