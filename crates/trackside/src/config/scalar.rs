//! From what a user wrote to numbers, sizes, truth values, texts and lists of them.
//!
//! Each reader answers with what it found when it cannot be read. Where a list is wanted a variable of the environment
//! may hold a YAML list in brackets; words may also be separated by commas, in the file as well.

use std::{collections::BTreeMap, ops::RangeInclusive, path::PathBuf};

use crate::config::{
    section::Report,
    value::{Node, Origin, Value},
    yaml,
};

type Read<T> = Result<T, String>;

/// Any text but the empty one.
pub(crate) fn text(value: &Value, _: &Report) -> Read<String> {
    value.scalar().filter(|text| !text.trim().is_empty()).map(str::to_owned).ok_or_else(|| value.found())
}

/// `true` or `false`.
pub(crate) fn boolean(value: &Value, _: &Report) -> Read<bool> {
    match value.scalar() {
        Some("true" | "True" | "TRUE") => Ok(true),
        Some("false" | "False" | "FALSE") => Ok(false),
        _ => Err(value.found()),
    }
}

/// A whole number within a range.
pub(crate) fn integer(range: RangeInclusive<u64>) -> impl Fn(&Value, &Report) -> Read<u64> {
    move |value, _| {
        let number = value.scalar().and_then(|text| text.parse().ok());
        number.filter(|number| range.contains(number)).ok_or_else(|| value.found())
    }
}

/// A number of bytes within a range, as a plain number or with one of the units `KiB`, `MiB`, `GiB`, `TiB`.
pub(crate) fn bytes(range: RangeInclusive<u64>) -> impl Fn(&Value, &Report) -> Read<u64> {
    move |value, _| {
        let number = value.scalar().and_then(parse_bytes);
        number.filter(|number| range.contains(number)).ok_or_else(|| value.found())
    }
}

fn parse_bytes(text: &str) -> Option<u64> {
    const UNITS: [(&str, u32); 5] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("B", 0)];
    let (number, shift) =
        UNITS.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?.trim_end(), *shift))).unwrap_or((text, 0));
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// One of some words.
pub(crate) fn word<T: Copy>(words: &[(&str, T)]) -> impl Fn(&Value, &Report) -> Read<T> {
    move |value, _| {
        let found = words.iter().find(|(word, _)| value.scalar() == Some(word));
        found.map(|(_, meaning)| *meaning).ok_or_else(|| value.found())
    }
}

/// A path; a relative one in the file counts from the file's folder.
pub(crate) fn path(value: &Value, report: &Report) -> Read<PathBuf> {
    text(value, report).map(|path| report.anchored(&path, &value.origin))
}

/// A list of texts, the empty ones included.
pub(crate) fn texts(value: &Value, _: &Report) -> Read<Vec<String>> {
    match structured(value).node {
        Node::List(items) => items
            .iter()
            .map(|item| item.scalar().map(str::to_owned).ok_or_else(|| format!("{} in the list", item.found())))
            .collect(),
        _ => Err(value.found()),
    }
}

/// A list of words, or one text with commas between them.
pub(crate) fn words(value: &Value, report: &Report) -> Read<Vec<String>> {
    match value.scalar() {
        Some(text) if !text.trim_start().starts_with('[') => {
            Ok(text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect())
        }
        _ => texts(value, report),
    }
}

/// A map of texts.
pub(crate) fn text_map(value: &Value, _: &Report) -> Read<BTreeMap<String, String>> {
    match structured(value).node {
        Node::Map(entries) => entries
            .iter()
            .map(|(key, item)| match &item.node {
                Node::Scalar(text) => Ok((key.clone(), text.clone())),
                Node::Empty => Ok((key.clone(), String::new())),
                // What it holds may be a secret, so only its key is named.
                _ => Err(format!("something other than a text at `{key}`")),
            })
            .collect(),
        _ => Err(sort(value).to_owned()),
    }
}

/// What sort of thing stands there, without showing it.
pub(crate) fn sort(value: &Value) -> &'static str {
    match value.node {
        Node::Empty => "nothing",
        Node::Scalar(_) => "a text (not shown)",
        Node::List(_) => "a list",
        Node::Map(_) => "a map",
    }
}

/// The list or map that a variable holds as text.
fn structured(value: &Value) -> Value {
    match (&value.origin, value.scalar()) {
        (Origin::Variable(_), Some(text)) if text.trim_start().starts_with(['[', '{']) => {
            yaml::parse(text).unwrap_or_else(|_| value.clone())
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    fn value(text: &str, origin: Origin) -> Value {
        Value { node: Node::Scalar(text.to_owned()), origin }
    }

    fn read<T>(parse: impl Fn(&Value, &Report) -> Read<T>, text: &str) -> Option<T> {
        let report = Report::new(Environment::default(), None);
        parse(&value(text, Origin::Variable("V".into())), &report).ok()
    }

    #[test]
    fn sizes_have_units_of_1024() {
        for (text, bytes_) in [("0", 0), ("17", 17), ("17B", 17), ("2KiB", 2048), ("3 MiB", 3 << 20), ("4GiB", 4 << 30)]
        {
            assert_eq!(read(bytes(0..=u64::MAX), text), Some(bytes_), "{text}");
        }
        for wrong in ["", "GiB", "1.5GiB", "4GB", "-1", "4gib", "99999999999TiB", "1 2"] {
            assert_eq!(read(bytes(0..=u64::MAX), wrong), None, "{wrong}");
        }
        assert_eq!(read(bytes(10..=20), "9"), None);
    }

    #[test]
    fn numbers_keep_to_their_range() {
        assert_eq!(read(integer(1..=64), "64"), Some(64));
        for wrong in ["0", "65", "1.0", "", "1_000", "0x10"] {
            assert_eq!(read(integer(1..=64), wrong), None, "{wrong}");
        }
    }

    #[test]
    fn truth_is_spelled_one_way() {
        assert_eq!(
            (read(boolean, "true"), read(boolean, "False"), read(boolean, "yes")),
            (Some(true), Some(false), None)
        );
    }

    #[test]
    fn lists_may_come_in_a_variable() {
        assert_eq!(read(words, "mlflow, tb"), Some(vec!["mlflow".into(), "tb".into()]));
        assert_eq!(read(words, "[mlflow, tb]"), Some(vec!["mlflow".into(), "tb".into()]));
        assert_eq!(read(texts, r#"["python3", "a,b.py"]"#), Some(vec!["python3".into(), "a,b.py".into()]));
        assert_eq!(read(texts, "python3 a.py"), None);
        assert_eq!(read(text_map, "{A: 1, B: }"), Some([("A".into(), "1".into()), ("B".into(), String::new())].into()));
    }
}
