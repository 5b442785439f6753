//! Numbers in texts, in SQL: `number_in(text)`. SQLite's own `CAST` makes 0 of a text that is no number, and 5 of `5 GB`.

use rusqlite::{Connection, functions::FunctionFlags};

use crate::error::Result;

/// Makes the function known to a connection.
pub(crate) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("number_in", 1, flags, |context| {
        Ok(context.get_raw(0).as_str_or_null()?.and_then(number))
    })?;
    Ok(())
}

/// The number that a text is as a whole. NaN, which nothing compares with, is none.
fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| !number.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_number_as_a_whole_or_not_at_all() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        let number = |text: Option<&str>| -> Option<f64> {
            connection.query_row("SELECT number_in(?1)", [text], |row| row.get(0)).unwrap()
        };
        for (text, expected) in
            [("0.1", Some(0.1)), (" 1e-3 ", Some(1e-3)), ("-inf", Some(f64::NEG_INFINITY)), ("007", Some(7.0))]
        {
            assert_eq!(number(Some(text)), expected, "{text}");
        }
        for none in ["", "adam", "5 GB", "nan", "1,5", "0x10"] {
            assert_eq!(number(Some(none)), None, "{none}");
        }
        assert_eq!(number(None), None);
    }
}
