//! Names of the registry as names that GTO and git take, and back.
//!
//! GTO takes letters, digits, `-`, `_` and `/`, with a letter or a digit at both ends. Any other byte becomes `_xHH`, a
//! name that would begin so gets an `x` in front, and what looks like either is escaped itself, so that each name has one
//! spelling and each spelling one name. The registry takes neither `/` nor `:`; those of names in git are `%2F` and `%3A`
//! there. `directory:name` of GTO is `directory=name` in a tag.

use crate::Held;

/// Stages of MLflow with their names in git.
const STAGES: [(&str, &str); 3] = [("Production", "production"), ("Staging", "staging"), ("Archived", "archived")];
/// Before aliases that are called like a stage.
const ALIAS: &str = "alias/";
/// Before stages of a team's own, which could be aliases by their names.
const OWN_STAGE: &str = "stage/";
/// MLflow's name for no stage.
pub(super) const NO_STAGE: &str = "None";
const SLASH: &str = "%2F";
const COLON: &str = "%3A";

/// What a registered model is called in tags.
pub fn artifact_name(model: &str) -> String {
    let name = model.replace(SLASH, "/").replace(COLON, ":");
    match name.split_once(':') {
        Some((directory, name)) if !directory.is_empty() && !name.is_empty() => {
            format!("{}={}", escaped(directory, true), escaped(name, false))
        }
        _ => escaped(&name, false),
    }
}

/// Which registered model a name in tags is of; nothing when no model is spelt so.
pub fn model_name(artifact: &str) -> Option<String> {
    let name = match artifact.split_once('=') {
        Some((directory, name)) => format!("{}:{}", unescaped(directory)?, unescaped(name)?),
        None => unescaped(artifact)?,
    };
    let model = name.replace('/', SLASH).replace(':', COLON);
    (artifact_name(&model) == artifact).then_some(model)
}

/// What a stage or an alias is called in tags; nothing for no stage.
pub fn label_of(held: &Held) -> Option<String> {
    match held {
        Held::Stage(stage) if stage.is_empty() || stage.eq_ignore_ascii_case(NO_STAGE) => None,
        Held::Stage(stage) => {
            let known = STAGES.iter().find(|(name, _)| name.eq_ignore_ascii_case(stage));
            Some(
                known.map_or_else(|| format!("{OWN_STAGE}{}", escaped(stage, false)), |(_, label)| (*label).to_owned()),
            )
        }
        Held::Alias(alias) if is_stage(alias) => Some(format!("{ALIAS}{}", escaped(alias, false))),
        Held::Alias(alias) => Some(escaped(alias, false)),
    }
}

/// Which stage or alias a name in tags is of; nothing when none is spelt so.
pub(super) fn held(label: &str) -> Option<Held> {
    if let Some((stage, _)) = STAGES.iter().find(|(_, spelt)| *spelt == label) {
        return Some(Held::Stage((*stage).to_owned()));
    }
    if let Some(stage) = label.strip_prefix(OWN_STAGE) {
        let held = Held::Stage(unescaped(stage)?);
        return (label_of(&held).as_deref() == Some(label)).then_some(held);
    }
    let held = Held::Alias(unescaped(label.strip_prefix(ALIAS).unwrap_or(label))?);
    (label_of(&held).as_deref() == Some(label)).then_some(held)
}

fn is_stage(alias: &str) -> bool {
    alias.starts_with(OWN_STAGE) || STAGES.iter().any(|(_, label)| label.eq_ignore_ascii_case(alias))
}

/// Directories may have dots within their names.
fn escaped(text: &str, is_directory: bool) -> String {
    let bytes = text.as_bytes();
    let mut spelt = String::with_capacity(bytes.len());
    let mut before = None;
    for (index, byte) in bytes.iter().copied().enumerate() {
        let rest = bytes.get(index + 1..).unwrap_or_default();
        let is_inner = before.is_some() && !rest.is_empty();
        let is_plain = match byte {
            b'-' => is_inner,
            b'_' => is_inner && !is_escape(rest),
            b'/' => is_inner && before != Some(b'/'),
            b'.' => {
                is_directory && [before, rest.first().copied()].iter().all(|near| near.is_some_and(is_alphanumeric))
            }
            byte => is_alphanumeric(byte),
        };
        if is_plain {
            spelt.push(char::from(byte));
        } else {
            spelt.push_str("_x");
            spelt.push_str(&hex::encode_upper([byte]));
        }
        before = Some(byte);
    }
    if spelt.starts_with('_') {
        spelt.insert(0, 'x');
    } else if let Some(rest) = spelt.strip_prefix('x')
        && begins_with_escape(rest)
    {
        spelt = format!("x_x78{rest}");
    }
    spelt
}

fn unescaped(spelt: &str) -> Option<String> {
    let rest = spelt.strip_prefix('x').filter(|rest| begins_with_escape(rest)).unwrap_or(spelt);
    let (mut bytes, mut rest) = (Vec::new(), rest.as_bytes());
    while let Some((first, behind)) = rest.split_first() {
        if *first == b'_' && is_escape(behind) {
            let digits = std::str::from_utf8(behind.get(1..3)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = behind.get(3..)?;
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).ok()
}

fn begins_with_escape(text: &str) -> bool {
    text.strip_prefix('_').is_some_and(|rest| is_escape(rest.as_bytes()))
}

/// Whether this stands behind the `_` of an escape.
fn is_escape(behind: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte);
    matches!(behind, [b'x', high, low, ..] if is_digit(high) && is_digit(low))
}

const fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::TagName;

    #[test]
    fn each_name_has_one_spelling_and_each_spelling_one_name() {
        for (model, artifact) in [
            ("churn", "churn"),
            ("churn_v2-b", "churn_v2-b"),
            ("my model", "my_x20model"),
            ("v1.5", "v1_x2E5"),
            (".hidden", "x_x2Ehidden"),
            ("x.hidden", "x_x78_x2Ehidden"),
            ("_x2Ehidden", "x_x5Fx2Ehidden"),
            ("x_x2Ehidden", "x_x78_x5Fx2Ehidden"),
            ("a-", "a_x2D"),
            ("é", "x_xC3_xA9"),
            ("a_x2E", "a_x5Fx2E"),
            ("models%2Fchurn", "models/churn"),
            ("models%2F", "models_x2F"),
            ("a%2F%2Fb", "a/_x2Fb"),
            ("my.dir%3Achurn", "my.dir=churn"),
            ("..%3Achurn", "x_x2E_x2E=churn"),
            ("%3Achurn", "x_x3Achurn"),
            ("a%3Ab%3Ac", "a=b_x3Ac"),
        ] {
            let spelt = artifact_name(model);
            assert_eq!(spelt, artifact, "{model}");
            assert_eq!(model_name(&spelt).as_deref(), Some(model), "{spelt}");
            assert!(TagName::parse(&format!("{spelt}@v1.0.0")).is_some(), "GTO takes no {spelt}");
        }
        for artifact in ["a_x41", "x_x62", "a_xC3", "a.b=c=d"] {
            assert_eq!(model_name(artifact), None, "{artifact}");
        }
    }

    #[test]
    fn all_short_names_come_back() {
        let letters = ["_", "x", "2", "E", "5", "F", "7", "8", ".", "-", "%2F", "%3A"];
        let mut names = vec![String::new()];
        for _ in 0..5 {
            names = names.iter().flat_map(|name| letters.iter().map(move |letter| format!("{name}{letter}"))).collect();
        }
        let mut seen = std::collections::HashMap::new();
        for name in names {
            let spelt = artifact_name(&name);
            assert_eq!(model_name(&spelt).as_ref(), Some(&name), "{spelt}");
            assert_eq!(seen.insert(spelt, name.clone()), None, "{name}");
        }
    }

    #[test]
    fn aliases_called_like_a_stage_are_told_apart() {
        for (held_is, label) in [
            (Held::Stage("Production".to_owned()), "production"),
            (Held::Alias("production".to_owned()), "alias/production"),
            (Held::Alias("Production".to_owned()), "alias/Production"),
            (Held::Alias("champion".to_owned()), "champion"),
            (Held::Alias("_best_".to_owned()), "x_x5Fbest_x5F"),
            (Held::Stage("Canary".to_owned()), "stage/Canary"),
            (Held::Stage("pre prod".to_owned()), "stage/pre_x20prod"),
            (Held::Alias("stage/Canary".to_owned()), "alias/stage/Canary"),
            (Held::Alias("canary".to_owned()), "canary"),
        ] {
            assert_eq!(label_of(&held_is).as_deref(), Some(label));
            assert_eq!(held(label), Some(held_is));
        }
        assert_eq!(label_of(&Held::Stage("None".to_owned())), None);
        for label in ["Production", "alias/champion", "STAGING"] {
            assert_eq!(held(label), None, "{label}");
        }
    }
}
