//! The graph for Graphviz.

use super::{Graph, NodeKind};

impl Graph {
    /// A digraph in the language of Graphviz.
    pub fn to_dot(&self) -> String {
        let mut text = "digraph lineage {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n".to_owned();
        for node in self.nodes.values() {
            let shape = match node.kind {
                NodeKind::Run => "box",
                NodeKind::Commit => "note",
                NodeKind::Data | NodeKind::Dataset => "cylinder",
                NodeKind::ModelVersion => "component",
                NodeKind::Alias | NodeKind::Stage => "tag",
            };
            let style = if self.subjects.contains(&node.id) { ", penwidth=2" } else { "" };
            let label = quoted(&format!("{}\n{}", node.kind.name(), node.label));
            text += format!("  {} [shape={shape}, label={label}{style}];\n", quoted(&node.id)).as_str();
        }
        for edge in &self.edges {
            let label = quoted(edge.relation.name());
            text += format!("  {} -> {} [label={label}];\n", quoted(&edge.from), quoted(&edge.to)).as_str();
        }
        text + "}\n"
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
