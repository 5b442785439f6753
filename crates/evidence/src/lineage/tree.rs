//! The graph as a tree for a terminal: from each subject upstream, then downstream.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{Result, Write},
};

use super::{Direction, Edge, Graph, Node};

impl Graph {
    /// A tree for each subject. What was told already is not told again.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic, as the message says")]
    pub fn to_tree(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a text can always be written");
        text
    }

    fn write(&self, text: &mut String) -> Result {
        let directions = [(Direction::Upstream, "came from"), (Direction::Downstream, "came of it")]
            .map(|(direction, title)| (Branches { graph: self, direction, edges: self.adjacent(direction) }, title));
        for node in self.subjects.iter().filter_map(|id| self.nodes.get(id)) {
            writeln!(text, "{}", shown(node))?;
            let mut is_alone = true;
            for (branches, title) in &directions {
                if branches.edges.contains_key(node.id.as_str()) {
                    is_alone = false;
                    writeln!(text, "  {title}")?;
                    branches.write(&node.id, "    ", &mut BTreeSet::from([node.id.clone()]), text)?;
                }
            }
            if is_alone {
                writeln!(text, "  nothing is known of where it came from, or of what came of it")?;
            }
        }
        Ok(())
    }
}

/// What grows in one direction.
struct Branches<'a> {
    graph: &'a Graph,
    direction: Direction,
    edges: BTreeMap<&'a str, Vec<&'a Edge>>,
}

impl Branches<'_> {
    fn write(&self, id: &str, indent: &str, seen: &mut BTreeSet<String>, text: &mut String) -> Result {
        let edges = self.edges.get(id).map_or(&[][..], Vec::as_slice);
        for (index, edge) in edges.iter().enumerate() {
            let Some(node) = self.graph.nodes.get(edge.ends(self.direction).1) else { continue };
            let relation = match self.direction {
                Direction::Upstream => edge.relation.origin(),
                Direction::Downstream => edge.relation.name(),
            };
            let (corner, stem) = if index + 1 == edges.len() { ("└─", "   ") } else { ("├─", "│  ") };
            let is_new = seen.insert(node.id.clone());
            let has_more = self.edges.contains_key(node.id.as_str());
            let again = if is_new || !has_more { "" } else { " (told above)" };
            writeln!(text, "{indent}{corner} {relation} {}{again}", shown(node))?;
            if is_new {
                self.write(&node.id, &format!("{indent}{stem}"), seen, text)?;
            }
        }
        Ok(())
    }
}

/// Names are others' choice: what would steer a terminal is left out.
fn shown(node: &Node) -> String {
    let label: String = node.label.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    format!("{} {label}", node.kind.name())
}
