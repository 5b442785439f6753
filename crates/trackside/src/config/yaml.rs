//! From the text of a YAML 1.2 file to a [`Value`].
//!
//! The parser is asked for its events and not for typed data, because every value needs its line and its text as
//! written: `password: 0123` is a text here, not the number 123. Anchors are refused: nothing here is long enough to be
//! worth a second name, and without them the tree is never larger than the file.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use crate::config::{
    Fault,
    value::{Entries, Node, Origin, Value},
};

/// Deeper nesting than any key needs; bounds what a strange file can cost.
const MAX_DEPTH: usize = 16;

/// A list or map whose end has not come yet.
enum Open {
    List { items: Vec<Value>, line: usize },
    Map { entries: Entries, key: Option<(String, Marker)>, line: usize },
}

/// Reads one document. An empty one is an empty map.
pub(crate) fn parse(text: &str) -> Result<Value, Fault> {
    let mut tree = Tree { open: Vec::new(), root: None };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Fault::syntax(place(error.marker()), error.info()))?;
        tree.take(event, span.start)?;
    }
    Ok(tree.root.unwrap_or_else(|| Value::empty_map(Origin::File(1))))
}

/// Line and column, both from 1.
fn place(marker: &Marker) -> String {
    format!("line {}, column {}", marker.line(), marker.col() + 1)
}

struct Tree {
    open: Vec<Open>,
    root: Option<Value>,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, at: Marker) -> Result<(), Fault> {
        let line = at.line();
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(Fault::syntax(place(&at), "a second document begins; this file holds one"))
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
            Event::Alias(_) => Err(Fault::syntax(place(&at), "anchors and aliases are not read; write the value out")),
            Event::Scalar(text, style, ..) => self.scalar(text.into_owned(), style, at),
            Event::SequenceStart(..) => self.begin(Open::List { items: Vec::new(), line }, at),
            Event::MappingStart(..) => self.begin(Open::Map { entries: Entries::new(), key: None, line }, at),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { items, line }) => self.put(Node::List(items), line),
                Some(Open::Map { entries, line, .. }) => self.put(Node::Map(entries), line),
                None => Ok(()),
            },
        }
    }

    fn begin(&mut self, open: Open, at: Marker) -> Result<(), Fault> {
        if let Some(Open::Map { key: None, .. }) = self.open.last() {
            return Err(Fault::syntax(place(&at), "a key must be a plain text"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Fault::syntax(place(&at), "nested too deeply"));
        }
        self.open.push(open);
        Ok(())
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, at: Marker) -> Result<(), Fault> {
        if let Some(Open::Map { entries, key: key @ None, .. }) = self.open.last_mut() {
            if entries.contains_key(&text) {
                return Err(Fault::syntax(place(&at), format!("the key `{text}` is given twice")));
            }
            *key = Some((text, at));
            return Ok(());
        }
        let empty = style == ScalarStyle::Plain && matches!(text.as_str(), "" | "~" | "null");
        self.put(if empty { Node::Empty } else { Node::Scalar(text) }, at.line())
    }

    fn put(&mut self, node: Node, line: usize) -> Result<(), Fault> {
        match self.open.last_mut() {
            Some(Open::List { items, .. }) => items.push(Value { node, origin: Origin::File(line) }),
            Some(Open::Map { entries, key, .. }) => {
                // A value that begins on a later line is still looked for where its key is.
                let (key, at) = key.take().ok_or_else(|| Fault::syntax(format!("line {line}"), "a key is missing"))?;
                entries.insert(key, Value { node, origin: Origin::File(at.line()) });
            }
            None => self.root = Some(Value { node, origin: Origin::File(line) }),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    fn entry<'a>(value: &'a Value, key: &str) -> &'a Value {
        let Node::Map(entries) = &value.node else { panic!("not a map") };
        &entries[key]
    }

    #[test]
    fn scalars_stay_as_written_and_know_their_line() {
        let root = parse("a: 007\nb:\n  - 'null'\n  - ~\nc: \"x\\ty\"\nd: yes\n").unwrap();
        assert_eq!(entry(&root, "a").scalar(), Some("007"));
        assert_eq!(entry(&root, "c").scalar(), Some("x\ty"));
        assert_eq!(entry(&root, "d").scalar(), Some("yes"));
        assert_eq!(entry(&root, "b").origin, Origin::File(2));
        let Node::List(items) = &entry(&root, "b").node else { panic!("not a list") };
        assert_eq!((items[0].scalar(), &items[1].origin), (Some("null"), &Origin::File(4)));
        assert!(items[1].node == Node::Empty);
    }

    #[test]
    fn an_empty_file_is_an_empty_map() {
        for text in ["", "# nothing\n", "---\n"] {
            assert!(matches!(parse(text).unwrap().node, Node::Map(_) | Node::Empty), "{text:?}");
        }
    }

    #[test]
    fn errors_name_line_and_column() {
        for (text, expected) in [
            ("a: 1\na: 2\n", "line 2, column 1: the key `a` is given twice"),
            ("a: &x 1\nb: *x\n", "line 2, column 4: anchors and aliases are not read; write the value out"),
            ("a: 1\n---\nb: 1\n", "line 2, column 1: a second document begins; this file holds one"),
            ("? [a]\n: 1\n", "line 1, column 3: a key must be a plain text"),
        ] {
            assert_eq!(fault(text), expected, "{text:?}");
        }
        for text in ["a: [1\n", "a: \"x\n", "a:\n\tb: 1\n", "a: b: c\n", "a: 'x' y\n"] {
            assert!(fault(text).starts_with("line "), "{text:?}: {}", fault(text));
        }
        assert_eq!(fault(&"[".repeat(20)), "line 1, column 17: nested too deeply");
        assert!(fault(&"[".repeat(100_000)).starts_with("line 1, "));
    }
}
