//! The graph as a tree for a terminal: from each subject upstream, then downstream.

use std::collections::BTreeSet;

use super::{Direction, Graph, Node};

impl Graph {
    /// A tree for each subject. What was told already is not told again.
    pub fn to_tree(&self) -> String {
        let mut text = String::new();
        for node in self.subjects.iter().filter_map(|id| self.nodes.get(id)) {
            text += format!("{}\n", shown(node)).as_str();
            for (direction, title) in [(Direction::Upstream, "came from"), (Direction::Downstream, "came of it")] {
                if self.neighbours(&node.id, direction).next().is_none() {
                    continue;
                }
                text += format!("  {title}\n").as_str();
                self.branch(&node.id, direction, "    ", &mut BTreeSet::from([node.id.clone()]), &mut text);
            }
        }
        text
    }

    fn branch(&self, id: &str, direction: Direction, indent: &str, seen: &mut BTreeSet<String>, text: &mut String) {
        let neighbours: Vec<_> = self.neighbours(id, direction).collect();
        for (index, (relation, node)) in neighbours.iter().enumerate() {
            let is_last = index + 1 == neighbours.len();
            let (corner, stem) = if is_last { ("└─", "  ") } else { ("├─", "│ ") };
            let is_new = seen.insert(node.id.clone());
            let again = if is_new { "" } else { " (above)" };
            *text += format!("{indent}{corner} {} {}{again}\n", relation.name(), shown(node)).as_str();
            if is_new {
                self.branch(&node.id, direction, &format!("{indent}{stem} "), seen, text);
            }
        }
    }
}

fn shown(node: &Node) -> String {
    format!("{} {}", node.kind.name(), node.label)
}
