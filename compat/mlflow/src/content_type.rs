//! How a file is announced: its type and its name.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Extensions, and whole names, that are shown as text (`utils/mime_type_utils.py`, MLflow 3.17.2).
const TEXT: [&str; 27] = [
    "txt",
    "log",
    "err",
    "cfg",
    "conf",
    "cnf",
    "cf",
    "ini",
    "properties",
    "prop",
    "hocon",
    "toml",
    "yaml",
    "yml",
    "xml",
    "json",
    "js",
    "py",
    "py3",
    "csv",
    "tsv",
    "md",
    "rst",
    "ipynb",
    "MLmodel",
    "mlproject",
    // Its spelling on disk, which MLflow itself does not know here.
    "MLproject",
];

/// What is escaped in an extended parameter: more than RFC 8187 demands.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The type of a file, by its name alone: its content comes from clients.
pub(crate) fn of_name(name: &str) -> &'static str {
    // A leading dot begins no extension.
    let extension = match name.trim_start_matches('.').rsplit_once('.') {
        Some((_, extension)) if !extension.is_empty() => extension,
        _ => name,
    };
    if TEXT.contains(&extension) {
        return "text/plain";
    }
    mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream")
}

/// The `Content-Disposition` under which a browser saves a file and never shows it.
pub(crate) fn attachment(name: &str) -> String {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if !name.is_empty() && name.chars().all(is_token) {
        format!("attachment; filename={name}")
    } else if name.is_ascii() {
        format!("attachment; filename=\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(name, ESCAPED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_mlflows() {
        for (name, expected) in [
            ("a.txt", "text/plain"),
            ("b.json", "text/plain"),
            ("MLmodel", "text/plain"),
            ("page.html", "text/html"),
            ("image.png", "image/png"),
            ("model.pkl", "application/octet-stream"),
            ("noextension", "application/octet-stream"),
            ("unknown.zzz", "application/octet-stream"),
            (".json", "application/octet-stream"),
            ("a.", "application/octet-stream"),
        ] {
            assert_eq!(of_name(name), expected, "{name}");
        }
    }

    #[test]
    fn names_are_quoted_as_needed() {
        assert_eq!(attachment("plus+percent%.txt"), "attachment; filename=plus+percent%.txt");
        assert_eq!(attachment("a \"b\".txt"), "attachment; filename=\"a \\\"b\\\".txt\"");
        assert_eq!(attachment("é.txt"), "attachment; filename*=UTF-8''%C3%A9.txt");
    }
}
