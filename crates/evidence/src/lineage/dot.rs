//! The graph for Graphviz.

use std::fmt::{Result, Write};

use super::{Graph, NodeKind};

impl Graph {
    /// A digraph in the language of Graphviz.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic, as the message says")]
    pub fn to_dot(&self) -> String {
        let mut text = String::new();
        self.draw(&mut text).expect("a text can always be written");
        text
    }

    fn draw(&self, text: &mut String) -> Result {
        writeln!(text, "digraph lineage {{\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];")?;
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
            writeln!(text, "  {} [shape={shape}, label={label}{style}];", quoted(&node.id))?;
        }
        for edge in &self.edges {
            let label = quoted(edge.relation.name());
            writeln!(text, "  {} -> {} [label={label}];", quoted(&edge.from), quoted(&edge.to))?;
        }
        writeln!(text, "}}")
    }
}

/// A backslash begins an escape of a label there, so it is doubled.
fn quoted(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
