//! A Markdown table of numbers, with ratios of the first column to others.

use std::fmt::{self, Write as _};

use crate::stats::{number, ratio};

/// What stands in a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Entry {
    Number(f64),
    /// It was to be measured, and an answer was wrong or missing.
    Void,
    /// There is nothing to measure.
    None,
}

/// The columns.
#[derive(Debug)]
pub(crate) struct Table {
    /// Heading, and whether a column of ratios follows.
    columns: Vec<(String, bool)>,
}

impl Table {
    /// The first column is never compared with itself.
    pub(crate) fn new(columns: impl IntoIterator<Item = (String, bool)>) -> Self {
        let mut columns: Vec<(String, bool)> = columns.into_iter().collect();
        if let Some((_, is_compared)) = columns.first_mut() {
            *is_compared = false;
        }
        Self { columns }
    }

    pub(crate) fn write_head(&self, text: &mut String) -> fmt::Result {
        write!(text, "\n| |")?;
        for (name, is_compared) in &self.columns {
            write!(text, " {name} |")?;
            if *is_compared {
                write!(text, " {} : {name} |", self.columns[0].0)?;
            }
        }
        let n_ratios = self.columns.iter().filter(|(_, is_compared)| *is_compared).count();
        writeln!(text, "\n| --- |{}", " ---: |".repeat(self.columns.len() + n_ratios))
    }

    pub(crate) fn write_row(&self, text: &mut String, name: &str, entries: &[Entry]) -> fmt::Result {
        write!(text, "| {name} |")?;
        for (entry, (_, is_compared)) in entries.iter().zip(&self.columns) {
            write!(text, " {entry} |")?;
            if *is_compared {
                match (entries[0], entry) {
                    (Entry::Number(first), Entry::Number(other)) => write!(text, " {} |", ratio(first, *other))?,
                    _ => write!(text, " – |")?,
                }
            }
        }
        writeln!(text)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => f.write_str(&number(*value)),
            Self::Void => f.write_str("void"),
            Self::None => f.write_str("–"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_have_ratios_and_only_in_compared_columns() {
        let table = Table::new([("a", true), ("b", true), ("c", false)].map(|(name, is)| (name.to_owned(), is)));
        let mut text = String::new();
        table.write_head(&mut text).unwrap();
        table.write_row(&mut text, "x", &[Entry::Number(8.0), Entry::Number(2.0), Entry::Number(4.0)]).unwrap();
        table.write_row(&mut text, "y", &[Entry::Number(8.0), Entry::Void, Entry::None]).unwrap();
        let rows: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            rows,
            [
                "| | a | b | a : b | c |",
                "| --- | ---: | ---: | ---: | ---: |",
                "| x | 8.00 | 2.00 | 4.00 : 1 | 4.00 |",
                "| y | 8.00 | void | – | – |"
            ]
        );
    }
}
