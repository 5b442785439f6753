//! Hides what looks secret before it is written down.
//!
//! A guess by names and shapes, made so that what machine learning calls tokens and keys stays readable: a
//! `--tokenizer`, `--max-tokens 512` or `--key-dim=64` is no secret.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands in place of a secret.
pub const HIDDEN: &str = "***";

/// Words of a name that make its value secret, whatever stands beside them.
const SECRET: [&str; 13] = [
    "secret",
    "secrets",
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "pwd",
    "credential",
    "credentials",
    "apikey",
    "accesskey",
    "authorization",
    "bearer",
];
/// Words that may mean a secret, or part of a model or a table.
const PERHAPS: [&str; 5] = ["key", "keys", "token", "auth", "pat"];
/// Beside one of these they mean the latter.
const HARMLESS: [&str; 46] = [
    "max",
    "min",
    "num",
    "n",
    "per",
    "pad",
    "eos",
    "bos",
    "unk",
    "mask",
    "cls",
    "sep",
    "special",
    "start",
    "end",
    "stop",
    "limit",
    "count",
    "dim",
    "size",
    "type",
    "id",
    "ids",
    "sort",
    "group",
    "join",
    "primary",
    "foreign",
    "metric",
    "head",
    "heads",
    "value",
    "query",
    "bias",
    "len",
    "length",
    "point",
    "points",
    "image",
    "label",
    "text",
    "embedding",
    "drop",
    "dropout",
    "vocab",
    "public",
];
/// How well-known services begin their tokens.
const PREFIXES: &str = "hf_|ghp_|gho_|ghs_|ghu_|github_pat_|glpat-|sk-|xox[abprs]-|AKIA|ASIA|pypi-|wandb_v1_";

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern is valid")
}

/// `name=value`, `name: value` or `"name": "value"`; a value in quotes is taken whole.
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"([A-Za-z][A-Za-z0-9_.\-]*)(["']?\s*[=:]\s*)((?:(?:Bearer|Basic|Token)\s+)?(?:"[^"]*"|'[^']*'|[^\s"'&,;}]+))"#,
    )
});
/// `--name value` within one text.
static OPTION: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(--?)([A-Za-z][A-Za-z0-9_.\-]*)(\s+)("[^"]*"|'[^']*'|[^\s"']+)"#));
static USERINFO: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"([A-Za-z][A-Za-z0-9+.\-]*://)[^/?#\s"'@]*(?:@[^/?#\s"'@]*)*@"#));
static TOKEN: LazyLock<Regex> = LazyLock::new(|| regex(&format!(r"\b(?:{PREFIXES})[A-Za-z0-9_\-]{{12,}}")));

/// Whether the value of an option, a variable or a field of this name is to be hidden.
///
/// Words are told apart by `-`, `_`, `.` and capitals: `WANDB_API_KEY`, `--hf-token`, `dbPassword`.
pub fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    has(&SECRET) || (has(&PERHAPS) && !has(&HARMLESS))
}

fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for letter in name.chars() {
        if !letter.is_ascii_alphanumeric() || (lower && letter.is_ascii_uppercase()) {
            words.push(String::new());
        }
        if letter.is_ascii_alphanumeric() {
            words.last_mut().expect("there is a first").push(letter.to_ascii_lowercase());
        }
        lower = letter.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether to hide this value of a secret name: a number or a switch under a name such as `token` is a setting.
fn is_secret(name: &str, value: &str) -> bool {
    let plain = value.trim_matches(['"', '\'']);
    let setting = plain.len() < 8 && plain.parse::<f64>().is_ok()
        || matches!(
            plain.to_ascii_lowercase().as_str(),
            "" | "true" | "false" | "none" | "null" | "yes" | "no" | HIDDEN
        );
    let surely = words(name).iter().any(|word| SECRET.contains(&word.as_str()));
    is_secret_name(name) && (!setting || (surely && !plain.is_empty()))
}

/// Hides secrets in a text: `--api-key X`, `TOKEN=X`, `"password": "X"`, user names and passwords in URLs, and what
/// begins as the tokens of well-known services do.
pub fn hide_in(text: &str) -> String {
    let text = USERINFO.replace_all(text, |found: &Captures<'_>| format!("{}{HIDDEN}@", &found[1]));
    let text = hide_assigned(&text);
    let text = OPTION.replace_all(&text, |found: &Captures<'_>| {
        let hide = is_secret(&found[2], &found[4]) && !is_option(&found[4]);
        format!("{}{}{}{}", &found[1], &found[2], &found[3], if hide { HIDDEN } else { &found[4] })
    });
    TOKEN.replace_all(&text, HIDDEN).into_owned()
}

/// A value that is no secret may hold one: `https://host/?token=X`, `--set=password=X`.
fn hide_assigned(text: &str) -> String {
    let hidden = ASSIGNMENT.replace_all(text, |found: &Captures<'_>| {
        let value = if is_secret(&found[1], &found[3]) { HIDDEN.to_owned() } else { hide_assigned(&found[3]) };
        format!("{}{}{value}", &found[1], &found[2])
    });
    hidden.into_owned()
}

/// Hides secrets in a command, argument by argument; their number stays.
pub fn hide_in_command<S: AsRef<str>>(command: &[S]) -> Vec<String> {
    let mut hidden = Vec::with_capacity(command.len());
    let mut option: Option<&str> = None;
    for argument in command {
        let argument = argument.as_ref();
        let follows = option.is_some_and(|name| is_secret(name, argument) && !is_option(argument));
        hidden.push(if follows { HIDDEN.to_owned() } else { hide_in(argument) });
        let name = argument.trim_start_matches('-');
        option = (name.len() < argument.len() && !name.contains('=')).then_some(name);
    }
    hidden
}

/// A secret may begin with `-`, but not like an option does.
fn is_option(argument: &str) -> bool {
    argument.starts_with("--") || (argument.starts_with('-') && argument.len() == 2)
}

/// A URL of a repository without user name, password, query and fragment: what remains says where it is.
///
/// Knows `scheme://user:password@host/…`, `user@host:path` as ssh has it, and `helper::address` of git.
pub fn without_credentials(url: &str) -> String {
    // What follows `ext::` is a command line.
    if url.starts_with("ext::") {
        return format!("ext::{HIDDEN}");
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return without_user(url);
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let port = host.rsplit_once(':').map(|(_, port)| port.trim_end_matches(']'));
    // `user:pass/word@host/…`: a password that was not escaped.
    if host.len() == authority.len()
        && port.is_some_and(|port| !host.starts_with('[') && !port.bytes().all(|b| b.is_ascii_digit()))
        && let Some((_, behind)) = path.rsplit_once('@')
    {
        return format!("{scheme}://{behind}");
    }
    format!("{scheme}://{host}{path}")
}

/// `user@host:path`; a path may have an `@` of its own.
fn without_user(address: &str) -> String {
    let host_end = address.find('/').unwrap_or(address.len());
    match address[..host_end].rfind('@') {
        Some(at) if address[at..].contains(':') => address[at + 1..].to_owned(),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_of_settings() {
        for secret in
            ["WANDB_API_KEY", "hf-token", "dbPassword", "AWS_SECRET_ACCESS_KEY", "key", "token", "api.key", "auth"]
        {
            assert!(is_secret_name(secret), "{secret}");
        }
        for setting in ["tokenizer", "max_tokens", "max-token", "monkey", "key_dim", "sort-key", "keyboard", "author"] {
            assert!(!is_secret_name(setting), "{setting}");
        }
    }

    #[test]
    fn secrets_in_commands_are_hidden_and_the_rest_stays() {
        for (command, expected) in [
            (vec!["train", "--api-key", "abc", "--lr", "1"], vec!["train", "--api-key", "***", "--lr", "1"]),
            (vec!["train", "--token=abc"], vec!["train", "--token=***"]),
            (vec!["env", "PASSWORD=12345", "train"], vec!["env", "PASSWORD=***", "train"]),
            (vec!["train", "+api_key=abc", "lr=1"], vec!["train", "+api_key=***", "lr=1"]),
            (vec!["train", "--use-token", "--lr", "1"], vec!["train", "--use-token", "--lr", "1"]),
            (vec!["train", "--token", "true"], vec!["train", "--token", "true"]),
            (
                vec!["train", "--max-tokens", "512", "--tokenizer", "bert"],
                vec!["train", "--max-tokens", "512", "--tokenizer", "bert"],
            ),
            (
                vec!["sh", "-c", "TOKEN=abc python t.py --api-key 'x y' --lr 1"],
                vec!["sh", "-c", "TOKEN=*** python t.py --api-key *** --lr 1"],
            ),
            (vec!["t", "--data", "https://me:pw@host/x"], vec!["t", "--data", "https://***@host/x"]),
            (vec!["t", "postgresql://u:p%40x@h/db?sslmode=on"], vec!["t", "postgresql://***@h/db?sslmode=on"]),
            (vec!["t", "https://host/x?access_token=abc&page=2"], vec!["t", "https://host/x?access_token=***&page=2"]),
            (vec!["curl", "-H", "Authorization: Bearer abc"], vec!["curl", "-H", "Authorization: ***"]),
            (vec!["t", r#"{"password": "abc", "lr": 1}"#], vec!["t", r#"{"password": ***, "lr": 1}"#]),
            (vec!["t", "hf_abcdefghijklmnopqrst"], vec!["t", "***"]),
            (vec!["t", "--set=db.password=a=b"], vec!["t", "--set=db.password=***"]),
            (vec!["t", "--password", "-abc"], vec!["t", "--password", "***"]),
        ] {
            assert_eq!(hide_in_command(&command), expected);
        }
    }

    #[test]
    fn urls_lose_user_password_and_query() {
        for (url, expected) in [
            ("https://user:token@host/a/b.git", "https://host/a/b.git"),
            ("https://token@host:8443/a.git", "https://host:8443/a.git"),
            ("https://u:p@ss@host/a", "https://host/a"),
            ("https://u:pa/ss@host/a", "https://host/a"),
            ("https://host/a.git?private_token=x#y", "https://host/a.git"),
            ("ssh://git@host:22/a", "ssh://host:22/a"),
            ("ssh://[::1]:22/a@b", "ssh://[::1]:22/a@b"),
            ("git+https://x:y@host/a", "git+https://host/a"),
            ("git@host:org/a.git", "host:org/a.git"),
            ("user:token@host:org/a.git", "host:org/a.git"),
            ("file:///srv/a@b.git", "file:///srv/a@b.git"),
            ("/srv/a@b:c.git", "/srv/a@b:c.git"),
            ("../a", "../a"),
            ("helper::https://u:p@host/a", "helper::https://host/a"),
            ("ext::ssh -i key host", "ext::***"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(url), expected, "{url}");
        }
    }
}
