//! Keys that hold secrets. Each has three spellings: `token`, `token_file` with the path of a file that holds it, and
//! `token_env` with the name of a variable that does.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use trackside_http_client::{HIDDEN, Secret};

use crate::config::{
    scalar,
    section::{Field, Section},
    value::{Origin, Value},
};

/// Larger files hold something else.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Reads a secret where there is one. What the environment says goes over every spelling in the file.
pub(crate) fn read(section: &mut Section<'_>, field: &Field) -> Option<Secret> {
    let spelled = |suffix: &str, allowed: &str, example: &str| Field {
        key: format!("{}{suffix}", field.key).into(),
        allowed: allowed.to_owned().into(),
        example: example.to_owned().into(),
    };
    let file = spelled("_file", "the path of a file that holds it", &format!("/run/secrets/{}", field.key));
    let variable = spelled(
        "_env",
        "the name of a variable that is set and holds it",
        &format!("MY_{}", field.key.to_ascii_uppercase()),
    );
    let mut given: Vec<(&Field, Value)> =
        [field, &file, &variable].into_iter().filter_map(|field| Some((field, section.take(field)?))).collect();
    if given.iter().any(|(_, value)| matches!(value.origin, Origin::Variable(_))) {
        given.retain(|(_, value)| matches!(value.origin, Origin::Variable(_)));
    }
    if let [(first, _), (second, value), ..] = given.as_slice() {
        let allowed = format!("exactly one of {}, {}, {}", field.key, file.key, variable.key);
        let field = Field { allowed: allowed.into(), ..(*second).clone() };
        section.fault(&field, &value.origin, format!("both `{}` and `{}`", first.key, second.key));
        return None;
    }
    let (spelling, value) = given.pop()?;
    let found = match &spelling.key {
        key if *key == file.key => from_file(section, &value),
        key if *key == variable.key => from_variable(section, &value),
        _ => scalar::text(&value, section.report).map_err(|_| scalar::sort(&value).to_owned()),
    };
    let found = found.and_then(|text| match text.trim() {
        "" => Err("nothing".to_owned()),
        text if text.contains(char::is_control) => Err("a text with control characters or several lines".to_owned()),
        text => Ok(Secret::new(text)),
    });
    match found {
        Ok(secret) => {
            // The name of a file or variable is no secret, and says where to look.
            let shown = if spelling.key == field.key { HIDDEN } else { value.scalar().unwrap_or(HIDDEN) };
            section.resolved(&spelling.key, shown.into(), value.origin);
            Some(secret)
        }
        Err(found) => {
            section.fault(spelling, &value.origin, found);
            None
        }
    }
}

fn from_file(section: &Section<'_>, value: &Value) -> Result<String, String> {
    let path = scalar::path(value, section.report)?;
    contents(&path).map_err(|error| format!("`{}`, which cannot be read: {error}", path.display()))
}

fn contents(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > MAX_FILE_BYTES { Err(io::Error::other("it is too large")) } else { Ok(text) }
}

fn from_variable(section: &Section<'_>, value: &Value) -> Result<String, String> {
    let name = scalar::text(value, section.report)?;
    // Whoever writes the secret itself here by mistake does not want to read it in a log.
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && name.len() < 64;
    let told = if is_name { format!("`{name}`") } else { "a text that is no name".to_owned() };
    section.report.environment.get(&name).map(str::to_owned).ok_or_else(|| format!("{told}, which is not set"))
}
