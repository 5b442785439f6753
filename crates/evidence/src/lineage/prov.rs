//! The graph as W3C PROV, in its JSON form.
//!
//! Source: the PROV-JSON serialisation (W3C member submission of 2013-04-24). Runs are activities, all else are entities.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::{Graph, NodeKind, Relation};

const NAMESPACE: &str = "https://trackside.dev/lineage/v1#";

impl Graph {
    /// One document.
    pub fn to_prov(&self) -> Value {
        let (mut entities, mut activities) = (Map::new(), Map::new());
        for node in self.nodes.values() {
            let mut facts = Map::new();
            facts.insert("prov:label".to_owned(), json!(node.label));
            facts.insert(
                "prov:type".to_owned(),
                json!({"$": format!("ts:{}", node.kind.name().replace(' ', "-")), "type": "prov:QUALIFIED_NAME"}),
            );
            for (name, value) in &node.facts {
                let name = match name.as_str() {
                    "started_at" => "prov:startTime".to_owned(),
                    "ended_at" => "prov:endTime".to_owned(),
                    other => format!("ts:{other}"),
                };
                facts.insert(name, json!(value));
            }
            let things = if node.kind == NodeKind::Run { &mut activities } else { &mut entities };
            things.insert(qualified(&node.id), Value::Object(facts));
        }
        let mut document = json!({"prefix": {"ts": NAMESPACE}, "entity": entities, "activity": activities});
        for (index, edge) in self.edges.iter().enumerate() {
            let (from, to) = (qualified(&edge.from), qualified(&edge.to));
            let (relation, facts) = match edge.relation {
                Relation::Executed | Relation::Read => ("used", json!({"prov:activity": to, "prov:entity": from})),
                Relation::Wrote | Relation::Registered => {
                    ("wasGeneratedBy", json!({"prov:entity": to, "prov:activity": from}))
                }
                Relation::Promoted => ("wasDerivedFrom", json!({"prov:generatedEntity": to, "prov:usedEntity": from})),
                Relation::PartOf => ("hadMember", json!({"prov:collection": to, "prov:entity": from})),
                Relation::Repeated => ("wasInformedBy", json!({"prov:informed": to, "prov:informant": from})),
            };
            document[relation][format!("_:e{index}")] = facts;
        }
        document
    }
}

/// A local name of PROV: what is not a letter, a digit, `-`, `_` or `.` is written as its bytes.
fn qualified(id: &str) -> String {
    let mut name = String::from("ts:");
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => name.push(char::from(byte)),
            other => write!(name, "_{other:02x}").expect("a text takes everything"),
        }
    }
    name
}
