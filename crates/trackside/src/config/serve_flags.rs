//! The section `serve`: every flag of `trackside serve`, under its long name with underscores.
//!
//! A value becomes the flag it stands for and is read by the command line's own parser, so there is one reading of
//! each. A flag that is given, or whose own variable is set, goes over the file.

use std::{collections::BTreeMap, path::Path};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, parser::ValueSource};
use serde_json::Value as Json;

use crate::{
    cli::ServeArgs,
    config::{
        scalar,
        section::{Field, Report, Section, Setting},
        value::{Origin, Value, without_credentials},
    },
    roots,
};

/// What the section is called.
pub(crate) const SERVE: Field = Field::new("serve", "a map of keys", "{port: 5001}");

/// What the section asks for.
#[derive(Debug, Default)]
pub(crate) struct ServeFlags {
    /// Flags to put after those that were given.
    pub(crate) injected: Vec<String>,
    /// Who gave each, by id.
    origins: BTreeMap<String, Origin>,
}

/// The flags of `serve`, without the subcommand around them.
fn command() -> Command {
    ServeArgs::augment_args(Command::new("serve").no_binary_name(true))
}

/// Those that have a key: `serve_artifacts: false` is `--no-serve-artifacts`, and where the file is, is not in it.
fn has_key(arg: &Arg) -> bool {
    !matches!(arg.get_id().as_str(), "help" | "config" | "no_serve_artifacts")
}

/// Whether the command line or the flag's own variable has given it.
fn is_given(given: &ArgMatches, id: &str) -> bool {
    let ids: &[&str] = if id == "serve_artifacts" { &["serve_artifacts", "no_serve_artifacts"] } else { &[id] };
    ids.iter().any(|id| matches!(given.value_source(id), Some(ValueSource::CommandLine | ValueSource::EnvVariable)))
}

/// Reads the section. `given` is what the command line and its variables say.
pub(crate) fn read(root: &mut Section<'_>, given: &ArgMatches) -> ServeFlags {
    let value = root.take(&SERVE);
    let mut section = Section::open(root.report, &SERVE.key, value, "serve: {port: 5001}");
    let mut flags = ServeFlags::default();
    for arg in command().get_arguments().filter(|arg| has_key(arg)) {
        let (id, field) = (arg.get_id().as_str(), field(arg));
        // What is accepted for `mlflow server`'s sake is not advertised.
        if arg.is_hide_set() && section.origin_of(id).is_none() {
            continue;
        }
        let Some(value) = section.take(&field) else { continue };
        let flag = match flag(arg, &value, section.report) {
            Ok(flag) => flag,
            Err(found) => {
                section.fault(&field, &value.origin, found);
                continue;
            }
        };
        if !is_given(given, id) {
            flags.injected.extend(flag);
            flags.origins.insert(id.to_owned(), value.origin);
        }
    }
    section.finish();
    flags
}

fn field(arg: &Arg) -> Field {
    let id = arg.get_id().as_str();
    let words: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let help = arg.get_help().map(|help| help.to_string().trim_end_matches('.').to_owned()).unwrap_or_default();
    let default = arg.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
    let example = match id {
        "backend_store_uri" => "sqlite:///trackside.db",
        "artifacts_destination" => "./artifacts",
        "default_artifact_root" => "mlflow-artifacts:/",
        "static_prefix" => "/tracking",
        "allowed_hosts" => "[mlflow.example.com]",
        "cors_allowed_origins" => "[\"https://ui.example.com\"]",
        "public_url" => "https://trackside.example.com",
        "stale_after" => "2h",
        "workers" => "4",
        _ if is_switch(arg) => "true",
        _ => default.as_deref().unwrap_or("\"…\""),
    };
    Field {
        key: id.to_owned().into(),
        allowed: if is_switch(arg) {
            "true, false".into()
        } else if words.is_empty() {
            help.into()
        } else {
            words.join(", ").into()
        },
        example: example.to_owned().into(),
    }
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

/// The flag that a value stands for, once the command line's parser has accepted it; none for what is the default.
fn flag(arg: &Arg, value: &Value, report: &Report) -> Result<Option<String>, String> {
    let long = arg.get_long().unwrap_or_default();
    if is_switch(arg) {
        return Ok(match (scalar::boolean(value, report)?, long) {
            (true, _) => Some(format!("--{long}")),
            (false, "serve-artifacts") => Some("--no-serve-artifacts".to_owned()),
            (false, _) => None,
        });
    }
    let text = if arg.get_value_delimiter().is_some() {
        scalar::words(value, report)?.join(",")
    } else {
        anchored(arg.get_id().as_str(), scalar::text(value, report)?, &value.origin, report)
    };
    let flag = format!("--{long}={text}");
    command().try_get_matches_from([&flag]).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("{}{cause}", value.found())
    })?;
    Ok(Some(flag))
}

/// A path of the file counts from the file's folder, also inside a URI.
fn anchored(id: &str, text: String, origin: &Origin, report: &Report) -> String {
    let path = |text: &str| report.anchored(text, origin).display().to_string();
    match id {
        "data_dir" => path(&text),
        "artifacts_destination" | "default_artifact_root" if roots::local_path(&text).is_some() => {
            if Path::new(&text).is_absolute() || text.starts_with("file:") { text } else { path(&text) }
        }
        "backend_store_uri" => match text.strip_prefix("sqlite:///") {
            Some(file) if !file.is_empty() && file != ":memory:" => format!("sqlite:///{}", path(file)),
            _ => text,
        },
        _ => text,
    }
}

/// The settings of `serve` as they were resolved: `given` without the file, `all` with it.
pub(crate) fn settings(given: &ArgMatches, all: &ArgMatches, flags: &ServeFlags) -> Vec<Setting> {
    let command = command();
    let shown = command.get_arguments().filter(|arg| has_key(arg));
    shown.filter_map(|arg| setting(arg, given, all, flags)).collect()
}

fn setting(arg: &Arg, given: &ArgMatches, all: &ArgMatches, flags: &ServeFlags) -> Option<Setting> {
    let id = arg.get_id().as_str();
    let own = if id == "serve_artifacts" && given.value_source("no_serve_artifacts") == Some(ValueSource::CommandLine) {
        Some(ValueSource::CommandLine)
    } else {
        given.value_source(id)
    };
    let variable = || arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let origin = match (flags.origins.get(id), own) {
        (Some(origin), _) => origin.clone(),
        (None, Some(ValueSource::CommandLine)) => Origin::Flag,
        (None, Some(ValueSource::EnvVariable)) => Origin::Variable(variable()),
        _ => Origin::Default,
    };
    if arg.is_hide_set() && origin == Origin::Default {
        return None;
    }
    let value = if id == "serve_artifacts" {
        Json::from(!all.get_flag("no_serve_artifacts"))
    } else if is_switch(arg) {
        Json::from(all.get_flag(id))
    } else {
        let mut texts = all.get_raw(id)?.map(|text| without_credentials(&text.to_string_lossy()));
        if arg.get_value_delimiter().is_some() {
            texts.collect::<Vec<_>>().into()
        } else {
            let text = texts.next_back()?;
            text.parse::<u64>().map_or_else(|_| Json::from(text), Json::from)
        }
    };
    Some(Setting { path: format!("{}.{id}", SERVE.key), value, origin })
}
