//! `trackside config print`: what was resolved, and who said so.

use serde_json::{Value as Json, json};

use crate::config::{Config, section::Setting, value::Origin};

/// As YAML that could be read again, each line with who gave it; but for the secrets, which are hidden.
pub(crate) fn as_yaml(config: &Config) -> String {
    let mut text = match &config.file {
        Some(file) => format!("# {}\n", file.display()),
        None => "# no file\n".to_owned(),
    };
    let mut open: Vec<&str> = Vec::new();
    for Setting { path, value, origin } in ordered(config) {
        let mut above: Vec<&str> = path.split('.').collect();
        let key = above.pop().unwrap_or_default();
        let common = open.iter().zip(&above).take_while(|(a, b)| a == b).count();
        for (depth, section) in above.iter().enumerate().skip(common) {
            text.extend(["  ".repeat(depth), format!("{section}:\n")]);
        }
        let line = format!("{}{key}: {}", "  ".repeat(above.len()), scalar(value));
        text.extend([format!("{line:<48} # "), comment(origin), "\n".to_owned()]);
        open = above;
    }
    text
}

/// The same for machines.
pub(crate) fn as_json(config: &Config) -> Json {
    let setting = |Setting { path, value, origin }: &Setting| {
        let (from, detail) = match origin {
            Origin::Default => ("default", Json::Null),
            Origin::File(line) => ("file", json!({"line": line})),
            Origin::Variable(name) => ("environment", json!({"variable": name})),
            Origin::Flag => ("command_line", Json::Null),
        };
        json!({"path": path, "value": value, "from": from, "detail": detail})
    };
    json!({"file": config.file, "settings": ordered(config).into_iter().map(setting).collect::<Vec<_>>()})
}

/// Keys of the root come first, because what follows a section belongs to it.
fn ordered(config: &Config) -> Vec<&Setting> {
    let (root, nested): (Vec<_>, Vec<_>) = config.settings.iter().partition(|setting| !setting.path.contains('.'));
    root.into_iter().chain(nested).collect()
}

fn comment(origin: &Origin) -> String {
    match origin {
        Origin::Variable(name) => format!("variable {name}"),
        other => other.to_string(),
    }
}

/// JSON is YAML; texts that need no quotes go without.
fn scalar(value: &Json) -> String {
    let plain = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '.')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c) || c == ':')
            && !text.ends_with(':')
            && !["true", "false", "null", "yes", "no", "on", "off"].contains(&text.to_ascii_lowercase().as_str())
            && text.parse::<f64>().is_err()
    };
    match value {
        Json::String(text) if plain(text) => text.clone(),
        Json::Array(items) => format!("[{}]", items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}
