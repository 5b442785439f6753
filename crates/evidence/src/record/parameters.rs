//! Params of a run as they stood when it ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Params, and which of them are seeds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// All of them.
    pub values: BTreeMap<String, String>,
    /// Keys of those that seed something, sorted.
    pub seeds: Vec<String>,
}

impl Parameters {
    /// Finds the seeds among these.
    pub fn new(values: BTreeMap<String, String>) -> Self {
        let seeds = values.iter().filter(|(key, value)| is_seed(key, value)).map(|(key, _)| key.clone()).collect();
        Self { values, seeds }
    }
}

/// `seed`, `random_state` and their kin, as a whole word of the key, with a number: `None` seeds nothing.
pub(crate) fn is_seed(key: &str, value: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let words: Vec<&str> = key.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let named = words.iter().any(|word| matches!(*word, "seed" | "randomseed" | "rngseed" | "randomstate"))
        || words.windows(2).any(|pair| pair == ["random", "state"]);
    named && value.trim().parse::<i128>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_word_of_the_key_with_a_number() {
        for (key, value, expected) in [
            ("seed", "0", true),
            ("random_state", "42", true),
            ("model.random_state", "42", true),
            ("data/seed", "-1", true),
            ("RandomState", "7", true),
            ("random_state", "None", false),
            ("seed", "", false),
            ("seedling", "3", false),
            ("state", "3", false),
            ("n_seeds", "3", false),
        ] {
            assert_eq!(is_seed(key, value), expected, "{key}={value}");
        }
    }
}
