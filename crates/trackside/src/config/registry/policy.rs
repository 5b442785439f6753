//! One policy.

use trackside_core::{Key, Stage, Target};
use trackside_policy::{Pattern, Policy};

use super::{Groups, rules};
use crate::config::{
    scalar,
    section::{Field, Report, Section},
    value::Value,
};

const MODELS: Field = Field::new("models", "names or patterns of models", "[churn, \"fraud-*\"]");
const TO: Field = Field::new("to", "stages, and aliases behind @; patterns too", "[Production, \"@champion\"]");
const ROLLBACK: Field = Field::new("rollback", "free, governed", "free");
const REQUIRE: Field = Field::new("require", "a map of rules", "{approvals: 1}");

/// What rules may name.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) stages: &'a [Key],
    pub(super) groups: &'a Groups,
}

impl Known<'_> {
    /// The stage of this name.
    pub(super) fn stage(&self, text: &str) -> Result<Stage, String> {
        let own = || self.stages.iter().find(|own| own.as_str().eq_ignore_ascii_case(text)).cloned().map(Stage::Own);
        match Stage::parse(text) {
            Some(Stage::Own(_)) | None => own().ok_or_else(|| format!("`{text}`, which is no stage")),
            Some(known) => Ok(known),
        }
    }
}

/// Reads a policy; one with a fault is of no use.
pub(super) fn read(report: &mut Report, path: &str, value: Value, known: &Known<'_>) -> Option<Policy> {
    let mut section = Section::open(report, path, Some(value), "- {to: Production, require: {approvals: 1}}");
    let models = section.or(&MODELS, vec!["*".to_owned()], words_that(|text| pattern(text).map(drop)), shown);
    let to = section.required(&TO, words_that(|text| target(text, known)), shown);
    let rollbacks = [("free", true), ("governed", false)];
    let free_rollback =
        section.or(&ROLLBACK, false, scalar::word(&rollbacks), |free| if *free { "free" } else { "governed" }.into());
    let require = section.take(&REQUIRE);
    if require.is_none() {
        section.missing(&REQUIRE);
    }
    let rules = rules::read(section.report, &format!("{path}.require"), require, known);
    section.finish();
    let models = models.iter().map(|text| pattern(text)).collect::<Result<_, _>>().ok()?;
    let to = to?.iter().map(|text| pattern(&lower(text))).collect::<Result<_, _>>().ok()?;
    Some(Policy { models, to, rules, free_rollback })
}

fn words_that(
    is_right: impl Fn(&str) -> Result<(), String>,
) -> impl FnOnce(&Value, &Report) -> Result<Vec<String>, String> {
    move |value, report| {
        let words = scalar::words(value, report)?;
        words.iter().try_for_each(|word| is_right(word))?;
        if words.is_empty() { Err("an empty list".to_owned()) } else { Ok(words) }
    }
}

#[expect(clippy::ptr_arg, reason = "as the section passes it")]
fn shown(words: &Vec<String>) -> serde_json::Value {
    words.clone().into()
}

fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| error.message().to_owned())
}

/// A stage that there is, an alias, or a pattern.
fn target(text: &str, known: &Known<'_>) -> Result<(), String> {
    pattern(text)?;
    if text.contains(['*', '?', '[', '{']) {
        return Ok(());
    }
    match Target::parse(text) {
        Some(Target::Alias(_)) => Ok(()),
        _ => known.stage(text).map(drop),
    }
}

/// Stages are of any case, aliases are not.
fn lower(text: &str) -> String {
    if text.starts_with('@') { text.to_owned() } else { text.to_ascii_lowercase() }
}
