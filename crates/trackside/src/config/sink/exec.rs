//! `type: exec`: any program that reads JSON lines.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde_json::Value as Json;
use trackside_core::{Capability, Kind};
use trackside_http_client::{HIDDEN, Secret};

use crate::config::{
    scalar,
    section::{Field, Report, Section},
    suggestion::nearest,
    value::{Origin, Value},
};

const COMMAND: Field = Field::new("command", "a list of the program and its arguments", "[\"python3\", \"to_csv.py\"]");
const ENV: Field = Field::new("env", "a map from names of variables to texts", "{OUT: runs.csv}");
const WORKING_DIR: Field = Field::new("working_dir", "the path of a folder", "./plugin");
const CAPABILITY: Field = Field::new(
    "capability",
    "a list of params, points, tags, datasets, artifacts, model_links, deletion, logged_models, registry",
    "[params, points]",
);
const ANSWER_TIMEOUT: Field = Field::new("answer_timeout_secs", "1 to 3600", "20");

/// What the sink needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ExecConfig {
    /// The program and its arguments; at least the program.
    pub(crate) command: Vec<String>,
    pub(crate) env: BTreeMap<String, Secret>,
    pub(crate) working_dir: PathBuf,
    pub(crate) capability: Capability,
    pub(crate) answer_timeout: Duration,
}

/// Reads the keys of this type.
pub(crate) fn read(section: &mut Section<'_>) -> Option<ExecConfig> {
    let folder = section.report.anchored("", section.origin_of(&COMMAND.key).unwrap_or(&Origin::Default));
    let command = section.required(&COMMAND, command, |command| command.clone().into());
    let env = section.optional(&ENV, variables, |env| {
        env.keys().map(|name| (name.clone(), Json::from(HIDDEN))).collect::<serde_json::Map<_, _>>().into()
    });
    let working_dir = section.optional(&WORKING_DIR, scalar::path, |path| path.display().to_string().into());
    let kinds = section.optional(&CAPABILITY, kinds, |kinds| {
        kinds.iter().map(|kind| Json::from(kind.as_str())).collect::<Vec<_>>().into()
    });
    let timeout = section.or(&ANSWER_TIMEOUT, 20, scalar::integer(1..=3600), |secs| (*secs).into());
    Some(ExecConfig {
        command: command?,
        env: env.unwrap_or_default(),
        working_dir: working_dir.unwrap_or(folder),
        capability: kinds.map_or(Capability::ALL, |kinds| capability(&kinds)),
        answer_timeout: Duration::from_secs(timeout),
    })
}

fn command(value: &Value, report: &Report) -> Result<Vec<String>, String> {
    let words = scalar::texts(value, report)?;
    if words.first().is_none_or(String::is_empty) { Err("a list without a program".to_owned()) } else { Ok(words) }
}

fn variables(value: &Value, report: &Report) -> Result<BTreeMap<String, Secret>, String> {
    let texts = scalar::text_map(value, report)?;
    if let Some(name) = texts.keys().find(|name| name.is_empty() || name.contains(['=', '\0'])) {
        return Err(format!("the name `{name}`"));
    }
    Ok(texts.into_iter().map(|(name, text)| (name, Secret::new(text))).collect())
}

fn kinds(value: &Value, report: &Report) -> Result<Vec<Kind>, String> {
    let words = scalar::words(value, report)?;
    let kind = |word: &String| {
        Kind::parse(word).ok_or_else(|| match nearest(word, Kind::ALL.map(Kind::as_str)) {
            Some(meant) => format!("`{word}`; did you mean `{meant}`?"),
            None => format!("`{word}`"),
        })
    };
    words.iter().map(kind).collect()
}

fn capability(kinds: &[Kind]) -> Capability {
    let has = |kind| kinds.contains(&kind);
    Capability {
        params: has(Kind::Params),
        points: has(Kind::Points),
        tags: has(Kind::Tags),
        datasets: has(Kind::Datasets),
        artifacts: has(Kind::Artifacts),
        model_links: has(Kind::ModelLinks),
        deletion: has(Kind::Deletion),
        logged_models: has(Kind::LoggedModels),
        registry: has(Kind::Registry),
    }
}
