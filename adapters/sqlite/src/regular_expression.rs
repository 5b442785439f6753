//! Regular expressions in SQL: `regexp(pattern, text)`, which SQLite itself does not have.
//!
//! The crate's matching takes time linear in the text, whatever the pattern; it has neither look-around nor references
//! back.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use rusqlite::{Connection, functions::FunctionFlags};
use trackside_core::Error;

use crate::error::Result;

/// Most memory of a compiled pattern: patterns of a few hundred characters need some KiB.
const MAX_COMPILED_BYTES: usize = 1 << 20;

/// Makes the function known to a connection.
pub(crate) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("regexp", 2, flags, |context| {
        // Compiled once per statement, as long as the pattern is a bound value.
        let pattern: Arc<Regex> = context.get_or_create_aux(0, |pattern| {
            compile(pattern.as_str()?).map_err(|error| Box::new(error) as Box<dyn std::error::Error + Send + Sync>)
        })?;
        Ok(context.get_raw(1).as_str_or_null()?.is_some_and(|text| pattern.is_match(text)))
    })?;
    Ok(())
}

/// `Invalid` when it is no pattern.
pub(crate) fn check(pattern: &str) -> Result<()> {
    compile(pattern).map(drop).map_err(|error| Error::invalid(format!("Invalid regular expression: {error}")).into())
}

fn compile(pattern: &str) -> std::result::Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(MAX_COMPILED_BYTES).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_matches_anywhere_and_nothing_in_what_is_missing() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        let holds = |text: Option<&str>, pattern: &str| -> bool {
            connection.query_row("SELECT regexp(?1, ?2)", [Some(pattern), text], |row| row.get(0)).unwrap()
        };
        assert!(holds(Some("abcä"), "b.ä$") && holds(Some(""), "") && !holds(Some("abc"), "^b"));
        assert!(!holds(None, ""));
    }

    #[test]
    fn what_is_no_pattern_or_a_huge_one_is_refused() {
        for bad in ["(", "a{1000}{1000}{1000}", "(?=a)"] {
            assert!(check(bad).is_err(), "{bad}");
        }
        check("[a-z]+").unwrap();
    }
}
