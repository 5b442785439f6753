//! What is at the end of the branches of a nested object, by its path with dots.

use trackside_core::{Json, Object};

/// Keys with leaves: lists, empty objects, and objects that say their type, such as images, are leaves. Where a key with dots
/// and a nested one are spelled alike the first counts.
pub fn of(object: &Object) -> Vec<(String, &Json)> {
    let mut found: Vec<(String, &Json)> = Vec::new();
    let mut known = std::collections::HashSet::new();
    let mut rest: Vec<(String, &Json)> = object.iter().map(|(key, value)| (key.to_owned(), value)).collect();
    rest.reverse();
    while let Some((key, value)) = rest.pop() {
        match value {
            Json::Object(inner) if !inner.is_empty() && inner.get("_type").is_none() => {
                let from = rest.len();
                rest.extend(inner.iter().map(|(below, value)| (format!("{key}.{below}"), value)));
                if let Some(added) = rest.get_mut(from..) {
                    added.reverse();
                }
            }
            leaf => {
                if known.insert(key.clone()) {
                    found.push((key, leaf));
                }
            }
        }
    }
    found
}

/// The number that a leaf is; truths are 1 and 0.
pub fn number(leaf: &Json) -> Option<f64> {
    match leaf {
        Json::Integer(digits) => digits.parse().ok(),
        Json::Float(number) => Some(*number),
        Json::Bool(truth) => Some(f64::from(u8::from(*truth))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_keys_are_joined_by_dots() {
        let text =
            r#"{"a": {"b": 1, "c": {"d": true}}, "a.b": 2, "i": {"_type": "image-file"}, "l": [1], "e": {}, "n": NaN}"#;
        let Json::Object(object) = Json::parse(text).unwrap() else { panic!("an object") };
        let leaves = of(&object);
        let keys: Vec<_> = leaves.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["a.b", "a.c.d", "i", "l", "e", "n"]);
        let numbers: Vec<_> = leaves.iter().map(|(_, leaf)| number(leaf).map(|value| value.to_string())).collect();
        assert_eq!(numbers[..2], [Some("1".to_owned()), Some("1".to_owned())]);
        assert_eq!(numbers[5].as_deref(), Some("NaN"));
        assert_eq!(numbers[2..5], [const { None }; 3]);
    }
}
