//! How many packages a lock file names, and how many of them without an exact version.
//!
//! Formats: uv.lock version 1, pylock.toml 1.0 (PEP 751), poetry.lock 2, Pipfile.lock 6, Cargo.lock 4, requirement
//! files of pip 25, environment.yml of conda, conda-lock.yml 1. Older versions differ in what is not read here.

use std::collections::BTreeSet;

use saphyr_parser::{Event, Parser};
use serde::Deserialize;

/// Most levels of a YAML file; conda's have four.
const DEPTH: usize = 32;

/// A kind of lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Uv,
    Pylock,
    Poetry,
    Pipfile,
    Requirements,
    Conda,
    CondaLock,
    Cargo,
}

impl Kind {
    /// Told by the name of the file.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "uv.lock" => Self::Uv,
            "pylock.toml" => Self::Pylock,
            "poetry.lock" => Self::Poetry,
            "Pipfile.lock" => Self::Pipfile,
            "environment.yml" | "environment.yaml" => Self::Conda,
            "conda-lock.yml" | "conda-lock.yaml" => Self::CondaLock,
            "Cargo.lock" => Self::Cargo,
            name => match name.rsplit_once('.')? {
                (stem, "toml") if stem.starts_with("pylock.") => Self::Pylock,
                (stem, "txt") if stem.starts_with("requirements") => Self::Requirements,
                _ => return None,
            },
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Uv => "uv",
            Self::Pylock => "pylock",
            Self::Poetry => "poetry",
            Self::Pipfile => "pipfile",
            Self::Requirements => "requirements",
            Self::Conda | Self::CondaLock => "conda",
            Self::Cargo => "cargo",
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) packages: u64,
    pub(super) loose: u64,
}

/// Counts, or says in a few words why it cannot.
pub(super) fn count(kind: Kind, content: &[u8]) -> Result<Count, String> {
    let text = std::str::from_utf8(content).map_err(|error| error.to_string())?;
    let exact = |packages: usize| Ok(Count { packages: packages as u64, loose: 0 });
    match kind {
        Kind::Uv | Kind::Pylock | Kind::Poetry | Kind::Cargo => {
            let lock: Toml = toml::from_str(text).map_err(|error| error.message().to_owned())?;
            let packages = lock.packages.iter().filter(|package| match kind {
                Kind::Uv => !package.is_own(),
                Kind::Cargo => package.source.is_some(),
                _ => true,
            });
            exact(packages.count())
        }
        Kind::Pipfile => {
            let lock: Pipfile = serde_json::from_str(text).map_err(|error| error.to_string())?;
            exact(lock.default.keys().chain(lock.develop.keys()).collect::<BTreeSet<_>>().len())
        }
        Kind::Requirements => Ok(requirements(text)),
        Kind::Conda => conda(text),
        Kind::CondaLock => exact(sequence(text, "package")?.len()),
    }
}

#[derive(Deserialize)]
struct Toml {
    #[serde(default, alias = "package")]
    packages: Vec<TomlPackage>,
}

#[derive(Deserialize)]
struct TomlPackage {
    /// A text in Cargo.lock, a table in the others.
    source: Option<toml::Value>,
}

impl TomlPackage {
    /// The project itself, which nothing pins but its repository.
    fn is_own(&self) -> bool {
        let source = self.source.as_ref().and_then(toml::Value::as_table);
        source.is_some_and(|source| source.contains_key("editable") || source.contains_key("virtual"))
    }
}

#[derive(Deserialize)]
struct Pipfile {
    #[serde(default)]
    default: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    develop: serde_json::Map<String, serde_json::Value>,
}

/// Lines that name a package; options, comments and files that are included are none.
fn requirements(text: &str) -> Count {
    let mut count = Count::default();
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").lines() {
        let line =
            if line.trim_start().starts_with('#') { "" } else { line.split(" #").next().unwrap_or_default().trim() };
        let (line, editable) = match line.strip_prefix("-e ").or_else(|| line.strip_prefix("--editable ")) {
            Some(line) => (line, true),
            None => (line, false),
        };
        if line.is_empty() || line.starts_with('-') {
            continue;
        }
        // Hashes and markers follow, which have `==` of their own.
        let requirement = line.split(" --").next().unwrap_or_default().split(';').next().unwrap_or_default();
        count.packages += 1;
        count.loose += u64::from(editable || !is_exact(requirement));
    }
    count
}

/// `a==1` and `a @ git+https://…@<commit>`, but not `a==1.*` nor a branch.
fn is_exact(requirement: &str) -> bool {
    if let Some((_, version)) = requirement.split_once("==") {
        return !version.contains('*');
    }
    let reference =
        requirement.rsplit_once('@').map(|(_, reference)| reference.split('#').next().unwrap_or_default().trim());
    let commit = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    reference.is_some_and(commit) || requirement.contains(".whl") || requirement.contains(".tar.gz")
}

/// `dependencies:` of conda's environment.yml, with the list below `pip:` in it.
fn conda(text: &str) -> Result<Count, String> {
    let mut count = Count::default();
    for entry in sequence(text, "dependencies")? {
        match entry {
            // `channel::name=version=build`; `name>=1` is loose.
            Entry::Text(text) => {
                let text = text.split(['#', ' ']).next().unwrap_or_default().to_owned();
                let exact = text.contains('=') && !text.contains(['>', '<', '*', '~', '!']);
                count.packages += 1;
                count.loose += u64::from(!exact);
            }
            Entry::Map(texts) => {
                let pip = requirements(&texts.join("\n"));
                count.packages += pip.packages;
                count.loose += pip.loose;
            }
        }
    }
    Ok(count)
}

/// An entry of a sequence.
#[derive(Debug)]
enum Entry {
    Text(String),
    /// The texts in the sequences of a mapping.
    Map(Vec<String>),
}

/// The entries of a sequence under a key at the top of a YAML file.
fn sequence(text: &str, key: &str) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    // What is open: a mapping or a sequence. Whether the next scalar of the mapping at the top is a key.
    let (mut open, mut at_key, mut wanted, mut top) = (Vec::new(), true, false, false);
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| error.to_string())?;
        let inside = wanted && open.len() >= 2;
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                let mapping = matches!(event, Event::MappingStart(..));
                top |= open.is_empty() && mapping;
                if inside && open.len() == 2 {
                    entries.push(Entry::Map(Vec::new()));
                }
                open.push(mapping);
                if open.len() > DEPTH {
                    return Err(format!("it is nested more than {DEPTH} levels deep"));
                }
            }
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
                if open.len() == 1 {
                    (at_key, wanted) = (true, false);
                }
            }
            Event::Scalar(value, ..) if open.len() == 1 => {
                wanted = at_key && value == key;
                at_key = !at_key;
            }
            Event::Scalar(value, ..) if inside && open.len() == 2 => entries.push(Entry::Text(value.into_owned())),
            Event::Scalar(value, ..) if inside && open.last() == Some(&false) => {
                if let Some(Entry::Map(texts)) = entries.last_mut() {
                    texts.push(value.into_owned());
                }
            }
            _ => {}
        }
    }
    if top { Ok(entries) } else { Err("it is no mapping".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_kinds() {
        for (name, kind) in [
            ("uv.lock", Some(Kind::Uv)),
            ("pylock.dev.toml", Some(Kind::Pylock)),
            ("requirements-gpu.txt", Some(Kind::Requirements)),
            ("environment.yaml", Some(Kind::Conda)),
            ("my-requirements.txt", None),
            ("pyproject.toml", None),
        ] {
            assert_eq!(Kind::of(name), kind, "{name}");
        }
    }

    #[test]
    fn packages_are_counted() {
        let uv = "version = 1\n[[package]]\nname = \"own\"\nsource = { editable = \".\" }\n\
                  [[package]]\nname = \"a\"\nsource = { registry = \"https://host/simple\" }\n";
        let pylock = "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\n[[packages]]\nname = \"b\"\n";
        let cargo = "version = 4\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n\
                     [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://host\"\n";
        let pipfile = r#"{"_meta": {}, "default": {"a": {}, "b": {}}, "develop": {"b": {}, "c": {}}}"#;
        let requirements = "# no\n-r other.txt\n--index-url https://host\na==1 \\\n    --hash=sha256:00 # x\nb>=1\nc\n-e ./own\n\
                            d==1.*\ne @ git+https://host/e@0123456789012345678901234567890123456789\nf @ git+https://host/f@main\n\
                            g==2; python_version == '3.9'\nh ; python_version == '3.9'\n";
        let conda =
            "name: x\nchannels: [defaults]\ndependencies:\n  - python=3.11.7\n  - conda-forge::numpy=1.26=py311\n\
                     - scipy\n  - pandas>=2\n  - pip:\n      - a==1\n      - b\n"
                .replace("\n- scipy", "\n  - scipy");
        let lock = "version: 1\nmetadata: {a: [b, c]}\npackage:\n- name: a\n  dependencies: {b: '>=1'}\n- name: b\n  hash: {md5: x}\n";
        for (kind, text, packages, loose) in [
            (Kind::Uv, uv, 1, 0),
            (Kind::Pylock, pylock, 2, 0),
            (Kind::Poetry, "[[package]]\nname = \"a\"\n[metadata]\nlock-version = \"2.0\"\n", 1, 0),
            (Kind::Cargo, cargo, 1, 0),
            (Kind::Pipfile, pipfile, 3, 0),
            (Kind::Requirements, requirements, 9, 6),
            (Kind::Conda, conda.as_str(), 6, 3),
            (Kind::CondaLock, lock, 2, 0),
            (Kind::Uv, "", 0, 0),
        ] {
            assert_eq!(count(kind, text.as_bytes()), Ok(Count { packages, loose }), "{kind:?}");
        }
    }

    #[test]
    fn what_is_malformed_is_told() {
        let deep = format!("a: {}", "[".repeat(100));
        for (kind, text) in [
            (Kind::Uv, "= 1"),
            (Kind::Poetry, "package = 3"),
            (Kind::Pipfile, "{"),
            (Kind::Conda, "- a"),
            (Kind::Conda, "a: [1"),
            (Kind::Conda, ""),
            (Kind::CondaLock, &deep),
        ] {
            assert!(count(kind, text.as_bytes()).is_err(), "{kind:?} {text}");
        }
        assert!(count(Kind::Requirements, &[0xff, 0xfe]).is_err());
    }
}
