//! Lineage: what came from what.
//!
//! A [`Graph`] of commits, data, runs, model versions and what points at them; edges lead from what was there first to
//! what came of it. The other files write it down: a tree for people, Graphviz, OpenLineage, W3C PROV.

mod dot;
mod graph;
mod openlineage;
mod prov;
#[cfg(test)]
mod tests;
mod tree;

pub use graph::{Direction, Edge, Graph, Node, NodeKind, Relation};
