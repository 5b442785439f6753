//! Names of tags, as GTO 1.10 reads and writes them (its `constants.py` and `tag.py`).
//!
//! `NAME@v1.2.0` registers, `NAME@v1.2.0!` takes that back, `NAME#stage#3` assigns and `NAME#stage!#4` takes that back,
//! `NAME@deprecated` is about the whole. The number at the end may be there with any of them; it counts the tags of a
//! name that have one. What is spelt otherwise is no tag of GTO.

use std::fmt;

use semver::Version;

/// What a tag does to the version of the commit it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Says which version it is.
    Register(Version),
    /// Takes that back.
    Deregister(Version),
    /// Gives it a stage.
    Assign(String),
    /// Takes that back.
    Unassign(String),
    /// Deprecates all versions.
    Deprecate,
}

/// The name of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagName {
    /// Of what.
    pub artifact: String,
    /// What it does.
    pub deed: Deed,
    /// Its number among the tags of that name.
    pub counter: Option<u64>,
}

impl TagName {
    /// Reads the name of a tag; nothing when it is none of GTO.
    pub fn parse(text: &str) -> Option<Self> {
        let at = text.find(['@', '#'])?;
        let (artifact, rest) = text.split_at_checked(at)?;
        if !is_full_name(artifact) {
            return None;
        }
        let (sign, rest) = rest.split_at_checked(1)?;
        let (what, counter) = match rest.split_once('#') {
            None => (rest, None),
            Some((what, digits)) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                (what, Some(digits.parse().ok()?))
            }
            Some(_) => return None,
        };
        let (what, is_back) = what.strip_suffix('!').map_or((what, false), |what| (what, true));
        let deed = match sign {
            "#" if is_name(what) && is_back => Deed::Unassign(what.to_owned()),
            "#" if is_name(what) => Deed::Assign(what.to_owned()),
            "@" if what == "deprecated" && !is_back => Deed::Deprecate,
            "@" => {
                let version = Version::parse(what.strip_prefix('v')?).ok()?;
                if is_back { Deed::Deregister(version) } else { Deed::Register(version) }
            }
            _ => return None,
        };
        Some(Self { artifact: artifact.to_owned(), deed, counter })
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.artifact)?;
        match &self.deed {
            Deed::Register(version) => write!(f, "@v{version}")?,
            Deed::Deregister(version) => write!(f, "@v{version}!")?,
            Deed::Assign(stage) => write!(f, "#{stage}")?,
            Deed::Unassign(stage) => write!(f, "#{stage}!")?,
            Deed::Deprecate => f.write_str("@deprecated")?,
        }
        self.counter.map_or(Ok(()), |counter| write!(f, "#{counter}"))
    }
}

/// `directory=name` or `name`.
fn is_full_name(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    match text.split_once('=') {
        Some((directory, name)) => !directory.is_empty() && directory.bytes().all(is_inner) && is_name(name),
        None => is_name(text),
    }
}

fn is_name(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte);
    let ends = [text.bytes().next(), text.bytes().next_back()];
    text.bytes().all(is_inner) && ends.iter().all(|end| end.is_some_and(|end| end.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tags_come_back() {
        for text in [
            "churn@v1.2.0",
            "churn@v1.2.0-rc.1+build.5",
            "churn@v1.2.0!",
            "churn@v1.2.0#7",
            "churn#production#3",
            "churn#production!#4",
            "churn#production",
            "models/churn#alias/production#1",
            "some.dir/below=churn@v0.0.1",
            "churn@deprecated",
            "churn@deprecated#9",
            "c@v1.0.0",
        ] {
            assert_eq!(TagName::parse(text).map(|name| name.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_gto_passes_over_is_no_tag_of_it() {
        for text in [
            "churn",
            "v1.0.0",
            "churn@v2",
            "churn@3",
            "churn@1.0.0",
            "churn@v01.0.0",
            "churn@v1.0.0-01",
            "churn@created",
            "churn@deprecated!",
            "my churn@v1.0.0",
            "my.churn@v1.0.0",
            "-churn@v1.0.0",
            "churn_@v1.0.0",
            "@v1.0.0",
            "=churn@v1.0.0",
            "a=b=c@v1.0.0",
            "churn#",
            "churn#prod.eu#1",
            "churn#production#x",
            "churn#production#1#2",
            "churn#production!!#1",
            "churn@v1.0.0#",
        ] {
            assert_eq!(TagName::parse(text), None, "{text}");
        }
    }
}
