//! Variables of the environment, and the names that the configuration derives from its keys.
//!
//! `sinks.my-mlflow.url` is `TRACKSIDE_SINKS__MY_MLFLOW__URL`: upper case, two underscores for a dot, one for a hyphen.
//! A sink can be made of variables alone.

use std::collections::BTreeMap;

use crate::config::{
    Fault,
    suggestion::nearest,
    value::{Node, Origin, Value},
};

/// Sections whose keys have derived names.
const SECTIONS: [&str; 6] = ["serve", "outbox", "storage", "retention", "start", "sinks"];

/// The environment as it was when the process began.
#[derive(Clone, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

/// Variables may be secrets, so none is shown.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

impl Environment {
    /// Of this process. What is no Unicode is none of ours.
    pub(crate) fn of_process() -> Self {
        Self(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect())
    }

    #[cfg(test)]
    pub(crate) fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// A variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Puts what variables say over what the file says.
    pub(crate) fn overlay(&self, root: &mut Value, faults: &mut Vec<Fault>) {
        for (name, value) in &self.0 {
            let Some(rest) = name.strip_prefix("TRACKSIDE_").filter(|_| !value.is_empty()) else { continue };
            let value = Value { node: Node::Scalar(value.clone()), origin: Origin::Variable(name.clone()) };
            if rest == "BACKENDS" {
                set(root, &["backends"], value);
            } else if let Some((section, rest)) = rest.split_once("__") {
                let section = section.to_ascii_lowercase();
                match (section.as_str(), rest.rsplit_once("__")) {
                    ("sinks", Some((sink, key))) => match sink_name(root, sink) {
                        Ok(sink) => set(root, &["sinks", &sink, &key.to_ascii_lowercase()], value),
                        Err(names) => faults.push(ambiguous(name, &names)),
                    },
                    ("serve" | "outbox" | "storage" | "retention" | "start", None) => {
                        set(root, &[&section, &rest.to_ascii_lowercase()], value);
                    }
                    _ => faults.push(unknown(name, &section)),
                }
            }
        }
        if let Some(backends) = self.get("TRACKER_BACKEND") {
            let origin = Origin::Variable("TRACKER_BACKEND".to_owned());
            set(root, &["backends"], Value { node: Node::Scalar(backends.to_owned()), origin });
        }
    }
}

/// Sets a value below maps, which are made where they are absent. Something else in their place is reported by whoever
/// reads it.
fn set(root: &mut Value, path: &[&str], value: Value) {
    let Some((last, above)) = path.split_last() else { return };
    let mut at = root;
    for key in above {
        let origin = value.origin.clone();
        match at.entry(key, || Value::empty_map(origin)) {
            Some(below) => at = below,
            None => return,
        }
    }
    let replacement = value.clone();
    if let Some(slot) = at.entry(last, || value) {
        *slot = replacement;
    }
}

/// The sink of the file whose name a variable means, or a new one. An error when it may mean several.
fn sink_name(root: &Value, derived: &str) -> Result<String, Vec<String>> {
    let derived = derived.to_ascii_lowercase();
    let sinks = match &root.node {
        Node::Map(entries) => entries.get("sinks"),
        _ => None,
    };
    let meant: Vec<String> = match sinks.map(|sinks| &sinks.node) {
        Some(Node::Map(entries)) => entries.keys().filter(|name| name.replace('-', "_") == derived).cloned().collect(),
        _ => Vec::new(),
    };
    match meant.as_slice() {
        [] => Ok(derived),
        [name] => Ok(name.clone()),
        _ => Err(meant),
    }
}

fn ambiguous(name: &str, sinks: &[String]) -> Fault {
    Fault {
        path: name.to_owned(),
        place: "environment".to_owned(),
        found: format!("a name that means any of {}", sinks.join(", ")),
        allowed: "sinks whose names differ by more than `-` and `_`".to_owned(),
        example: String::new(),
    }
}

fn unknown(name: &str, section: &str) -> Fault {
    Fault {
        path: name.to_owned(),
        place: "environment".to_owned(),
        found: match nearest(section, SECTIONS) {
            Some(meant) if meant != section => {
                format!("an unknown name; did you mean TRACKSIDE_{}__…?", meant.to_ascii_uppercase())
            }
            _ => "an unknown name".to_owned(),
        },
        allowed: "TRACKSIDE_SINKS__<NAME>__<KEY>, TRACKSIDE_SERVE__<KEY>, TRACKSIDE_OUTBOX__<KEY>, \
                  TRACKSIDE_STORAGE__<KEY>, TRACKSIDE_RETENTION__<KEY>, TRACKSIDE_START__<KEY>"
            .to_owned(),
        example: "TRACKSIDE_SINKS__PROD__URL=https://mlflow.example.com".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    fn at<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
        path.split('/').try_fold(root, |value, key| match &value.node {
            Node::Map(entries) => entries.get(key),
            _ => None,
        })
    }

    fn overlaid<const N: usize>(file: &str, variables: [(&str, &str); N]) -> (Value, Vec<Fault>) {
        let (mut root, mut faults) = (yaml::parse(file).unwrap(), Vec::new());
        Environment::of(variables).overlay(&mut root, &mut faults);
        (root, faults)
    }

    #[test]
    fn derived_names_reach_every_section() {
        let (root, faults) = overlaid(
            "sinks: {my-mlflow: {url: a}}",
            [
                ("TRACKSIDE_SINKS__MY_MLFLOW__URL", "b"),
                ("TRACKSIDE_SINKS__A__B__URL", "c"),
                ("TRACKSIDE_OUTBOX__MAX_BYTES", "1GiB"),
                ("TRACKSIDE_SERVE__PORT", "1"),
                ("TRACKSIDE_LOG", "debug"),
                ("TRACKSIDE_DATA_DIR", "d"),
            ],
        );
        assert!(faults.is_empty(), "{faults:?}");
        for (path, value) in
            [("sinks/my-mlflow/url", "b"), ("sinks/a__b/url", "c"), ("outbox/max_bytes", "1GiB"), ("serve/port", "1")]
        {
            assert_eq!(at(&root, path).and_then(Value::scalar), Some(value), "{path}");
        }
        assert!(at(&root, "log").is_none() && at(&root, "data_dir").is_none());
    }

    #[test]
    fn tracker_backend_goes_over_the_derived_name() {
        let (root, _) = overlaid("backends: [a]", [("TRACKSIDE_BACKENDS", "b"), ("TRACKER_BACKEND", "c")]);
        assert_eq!(at(&root, "backends").and_then(Value::scalar), Some("c"));
        let (root, _) = overlaid("backends: [a]", [("TRACKER_BACKEND", "")]);
        assert!(matches!(at(&root, "backends").unwrap().node, Node::List(_)), "an empty variable says nothing");
    }

    #[test]
    fn names_that_mean_nothing_or_too_much_are_faults() {
        let (_, faults) = overlaid("sinks: {a-b: {}, a_b: {}}", [("TRACKSIDE_SINKS__A_B__URL", "x")]);
        assert!(faults[0].found.contains("a-b, a_b"), "{faults:?}");
        for (name, hint) in [
            ("TRACKSIDE_SINK__A__URL", "TRACKSIDE_SINKS__"),
            ("TRACKSIDE_SINKS__URL", "unknown name"),
            ("TRACKSIDE_OUTBOX__A__B", "unknown name"),
        ] {
            let (_, faults) = overlaid("", [(name, "x")]);
            assert!(faults[0].found.contains(hint), "{faults:?}");
        }
    }
}
