//! MLflow's rules for keys and names, narrower than core's.
//!
//! Source: `mlflow/utils/validation.py` at 3.17.2, checked on a running server.

use std::fmt;

use compact_str::CompactString;
use trackside_core::Key;

use crate::{Failure, request};

/// Longest key of a metric, param or tag, in characters.
pub const MAX_KEY_CHARS: usize = 250;

/// Checks a key of a metric, param or tag and makes it one of core's. `parameter` is where it stands in the
/// request, e.g. `metrics[0].name`, and only written out when the key is refused.
pub fn key(text: impl Into<CompactString>, parameter: impl fmt::Display) -> Result<Key, Failure> {
    let text = text.into();
    let is_plain = || text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_.- :".contains(&byte));
    if !is_plain() && !text.chars().all(|c| c.is_alphanumeric() || "/_.- :".contains(c)) {
        return Err(request::bad_value(
            &text,
            parameter,
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and \
             slashes (/).",
        ));
    }
    refuse_path(&text, parameter)?;
    Ok(Key::new(text)?)
}

/// Refuses a name that a file system would read as another one.
pub(crate) fn refuse_path(text: &str, parameter: impl fmt::Display) -> Result<(), Failure> {
    if !is_path(text) {
        return Ok(());
    }
    Err(request::bad_value(
        text,
        parameter,
        &format!(
            "Names may be treated as files in certain cases, and must not resolve to other names when treated as such. \
             This name would resolve to '{}'",
            normalised(text)
        ),
    ))
}

/// Whether a file system would read the text as another name.
fn is_path(text: &str) -> bool {
    let is_odd = text.is_empty() || text == "." || text.starts_with("..") || text.starts_with('/');
    // Most names are of plain parts, which are normal as they are.
    let is_plain = || text.split('/').all(|part| !matches!(part, "" | "." | ".."));
    is_odd || (!is_plain() && normalised(text) != text)
}

/// Where an entry stands in its request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// It is the request.
    Alone,
    /// In a list, by name and index.
    Listed(&'static str, usize),
}

/// What comes before the name of a field: nothing, or e.g. `metrics[0].`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alone => Ok(()),
            Self::Listed(list, at) => write!(f, "{list}[{at}]."),
        }
    }
}

/// Checks the key of an entry, which must be there. MLflow calls it by other names when it breaks a rule
/// (`ruled`) or is too long (`long`).
pub(crate) fn entry_key(
    text: Option<CompactString>,
    place: Place,
    ruled: impl fmt::Display,
    long: impl fmt::Display,
) -> Result<Key, Failure> {
    let text = text.filter(|text| !text.is_empty()).ok_or_else(|| request::missing(format_args!("{place}key")))?;
    let key = key(text, ruled)?;
    max_chars(key.as_str(), MAX_KEY_CHARS, long)?;
    Ok(key)
}

/// Checks a length in characters.
pub fn max_chars(text: &str, max: usize, what: impl fmt::Display) -> Result<(), Failure> {
    if text.len() <= max || text.chars().count() <= max {
        return Ok(());
    }
    Err(Failure::invalid(format!("'{what}' exceeds the maximum length of {max} characters")))
}

/// The text cut to so many characters: MLflow shortens long values of params and run tags silently.
pub fn truncated(mut text: String, max: usize) -> String {
    if text.len() > max
        && let Some((end, _)) = text.char_indices().nth(max)
    {
        text.truncate(end);
    }
    text
}

/// What Python's `posixpath.normpath` makes of a path.
fn normalised(text: &str) -> String {
    let root = match text.len() - text.trim_start_matches('/').len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." && (root.is_empty() && parts.last().is_none_or(|last| *last == "..")) {
            parts.push(part);
        } else if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    match format!("{root}{}", parts.join("/")) {
        empty if empty.is_empty() => ".".to_owned(),
        normal => normal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_checked() {
        for good in ["a", "train/loss", "a b.c-d_e:f", "ä", "a/.b", "a..b"] {
            key(good, "name").unwrap();
        }
        for bad in ["", ".", "..", "../a", "/a", "a//b", "a/", "a/../b", "./a", "a?", "a\"b", "a\nb"] {
            assert!(key(bad, "name").is_err(), "{bad:?}");
        }
    }

    #[test]
    fn long_texts_are_cut_at_characters() {
        assert_eq!(truncated("äöü".to_owned(), 2), "äö");
        assert_eq!(truncated("äöü".to_owned(), 3), "äöü");
    }

    #[test]
    fn normal_forms_are_pythons() {
        for (text, normal) in [
            ("", "."),
            ("a/../..", ".."),
            ("/..", "/"),
            ("//a", "//a"),
            ("///a", "/a"),
            ("a/./b//c/", "a/b/c"),
            ("../../a", "../../a"),
        ] {
            assert_eq!(normalised(text), normal, "{text}");
        }
    }
}
