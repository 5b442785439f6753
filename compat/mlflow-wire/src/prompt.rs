//! Prompts, which MLflow keeps among the registered models, told apart by a tag.
//!
//! Source: `prompt/constants.py` and `prompt/registry_utils.py` at 3.17.2. Elsewhere: which of the two a search shows
//! (`search/prompt.rs`).

pub(crate) use trackside_core::PROMPT_TAG as IS_PROMPT;
use trackside_core::{Key, Tag};

use crate::{ErrorCode, Failure, search::python};

/// What the versions of a prompt have in place of a source.
const PLACEHOLDERS: [&str; 2] = ["dummy-source", "prompt-template"];

/// Refuses a source of a prompt that names anything.
pub(crate) fn check_source(source: &str) -> Result<(), Failure> {
    if PLACEHOLDERS.contains(&source) {
        return Ok(());
    }
    Err(Failure::invalid(format!("Invalid prompt source: '{source}'. Prompt sources must use an MLflow placeholder.")))
}

/// The failure for a name that is taken, which says by what.
pub fn name_taken(name: &Key, present: &[Tag], new: &[Tag]) -> Failure {
    let kind = |tags: &[Tag]| {
        let is_prompt = tags.iter().any(|tag| tag.key.as_str() == IS_PROMPT);
        if is_prompt { ("Prompt", "prompt") } else { ("Registered Model", "registered model") }
    };
    let ((_, old), (title, new)) = (kind(present), kind(new));
    let message = if old == new {
        format!("{title} (name={name}) already exists.")
    } else {
        format!(
            "Tried to create a {new} with name {}, but the name is already taken by a {old}. MLflow does not allow \
             creating a model and a prompt with the same name.",
            python::text(name.as_str())
        )
    };
    Failure::new(ErrorCode::ResourceAlreadyExists, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(values: &[&str]) -> Vec<Tag> {
        values.iter().map(|value| Tag::new(IS_PROMPT, *value).unwrap()).collect()
    }

    #[test]
    fn a_taken_name_says_by_what() {
        let name = Key::new("a").unwrap();
        let message = |present: &[&str], new: &[&str]| name_taken(&name, &tags(present), &tags(new)).message;
        assert_eq!(message(&[], &[]), "Registered Model (name=a) already exists.");
        assert_eq!(message(&["true"], &["true"]), "Prompt (name=a) already exists.");
        assert!(message(&["true"], &[]).starts_with(
            "Tried to create a registered model with name 'a', but the name is already taken by a prompt."
        ));
    }
}
