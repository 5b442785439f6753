//! DVC's digest of a directory: MD5 over a list of its files, with `.dir` behind it.
//!
//! The list is one line of JSON, sorted by path as text, with everything but printable ASCII escaped as Python does.
//!
//! Source: `dvc_data/hashfile/tree.py` of dvc-data 3.18.3; checked on DVC's own code by `test_data.py`.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};
use serde::Deserialize;

/// The digest of files that are sorted by path.
pub(crate) fn digest<'a>(files: impl IntoIterator<Item = (&'a str, [u8; 16])>) -> String {
    let mut hash = Md5::new();
    let mut text = String::from("[");
    for (index, (path, md5)) in files.into_iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        text += comma;
        text += "{\"md5\": \"";
        text += &hex::encode(md5);
        text += "\", \"relpath\": \"";
        escape(path, &mut text);
        text += "\"}";
        hash.update(&text);
        text.clear();
    }
    text += "]";
    hash.update(&text);
    format!("{}.dir", hex::encode(hash.finalize()))
}

/// As `json.dumps` of Python writes a text: whatever is not printable ASCII is escaped, DEL too.
fn escape(path: &str, text: &mut String) {
    for c in path.chars() {
        match c {
            '"' => *text += "\\\"",
            '\\' => *text += "\\\\",
            '\n' => *text += "\\n",
            '\r' => *text += "\\r",
            '\t' => *text += "\\t",
            '\u{8}' => *text += "\\b",
            '\u{c}' => *text += "\\f",
            ' '..='~' => text.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(text, "\\u{unit:04x}").expect("a text takes everything");
                }
            }
        }
    }
}

/// A file of a list that DVC keeps in its cache.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ListedFile {
    /// In hexadecimal, by the algorithm of the entry that the list belongs to.
    pub(crate) md5: String,
    /// Below the directory, with `/`.
    pub(crate) relpath: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_directory_is_an_empty_list() {
        assert_eq!(digest([]), "d751713988987e9331980363e24189ce.dir");
    }

    #[test]
    fn a_list_has_the_digest_that_dvc_gives_it() {
        let files = [("a", Md5::digest("abc").into()), ("é/\u{1f600} b", Md5::digest("").into())];
        assert_eq!(digest(files), "30706e768d7d186120b8ddb634c57e5e.dir");
    }

    #[test]
    fn paths_are_escaped_as_python_does() {
        let mut text = String::new();
        escape("a/é\u{7f}\u{1f600}\"\\\n\r\t\u{8}\u{c}\u{1}~", &mut text);
        assert_eq!(text, "a/\\u00e9\\u007f\\ud83d\\ude00\\\"\\\\\\n\\r\\t\\b\\f\\u0001~");
    }
}
