//! Where two things that should be equal are not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use serde_json::Value;

/// How many differences of each sink are shown; the rest are like them.
const MOST: usize = 4;

/// All differences found, by what they were found in.
#[derive(Debug, Default)]
pub(crate) struct Differences(Vec<String>);

impl Differences {
    pub(crate) fn add(&mut self, place: &str, what: impl Into<String>) {
        self.0.push(format!("{place}: {}", what.into()));
    }

    /// Compares the runs of a sink by their ids.
    pub(crate) fn runs<'a>(
        &mut self,
        sink: &str,
        expected: impl Iterator<Item = &'a String>,
        found: impl Iterator<Item = &'a String>,
    ) {
        let (expected, found): (BTreeSet<_>, BTreeSet<_>) = (expected.collect(), found.collect());
        for id in expected.symmetric_difference(&found) {
            let is = if found.contains(id) { "nobody's" } else { "not there" };
            self.add(&format!("{sink}.{id}"), format!("is {is}"));
        }
    }

    /// Compares two documents, member by member.
    pub(crate) fn compare(&mut self, place: &str, expected: &Value, found: &Value) {
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) => {
                for (key, value) in expected {
                    self.compare(&format!("{place}.{key}"), value, found.get(key).unwrap_or(&Value::Null));
                }
                for (key, value) in found.iter().filter(|(key, _)| !expected.contains_key(*key)) {
                    self.add(place, format!("has {key} = {}", short(value)));
                }
            }
            (Value::Array(expected), Value::Array(found)) => self.sequence(place, expected, found),
            _ if expected == found => {}
            _ => self.add(place, format!("is {} instead of {}", short(found), short(expected))),
        }
    }

    /// Compares two sequences, and names the first element that differs.
    pub(crate) fn sequence<T: Debug + PartialEq>(&mut self, place: &str, expected: &[T], found: &[T]) {
        if expected == found {
            return;
        }
        let same = expected.iter().zip(found).take_while(|(a, b)| a == b).count();
        let (expected_len, found_len) = (expected.len(), found.len());
        let (wanted, there) = (expected.get(same), found.get(same));
        self.add(
            place,
            format!("{found_len} elements instead of {expected_len}; number {same} is {there:?} instead of {wanted:?}"),
        );
    }

    /// Fails unless there are none.
    pub(crate) fn verdict(self, seed: u64) {
        let sink = |difference: &str| difference.split(['.', ':']).next().unwrap_or_default().to_owned();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut first = Vec::new();
        for difference in &self.0 {
            let count = counts.entry(sink(difference)).or_default();
            *count += 1;
            if *count <= MOST {
                first.push(difference);
            }
        }
        assert!(counts.is_empty(), "differences with seed {seed}: {counts:?}, the first ones of each: {first:#?}");
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(200).collect()
}
