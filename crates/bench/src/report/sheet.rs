//! Figures of any kind in columns, round by round: a table that grows a row whenever a new quantity is measured.

use std::fmt::{self, Write as _};

use serde::Serialize;

use super::table::{Entry, Table};
use crate::{
    progress::step,
    stats::{median, number},
};

/// What becomes of the values of several rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Over {
    Median,
    /// For memory: a later round finds what an earlier one has taken.
    Most,
}

/// A table.
#[derive(Debug, Serialize)]
pub(crate) struct Sheet {
    title: String,
    notes: Vec<String>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    /// Why cells are void.
    voids: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Column {
    name: String,
    /// With a ratio to the first one.
    is_compared: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    over: Over,
    /// Per column and round.
    rounds: Vec<Vec<f64>>,
    void: Vec<bool>,
}

impl Sheet {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        let (columns, rows) = (Vec::new(), Vec::new());
        Self { title: title.into(), notes: Vec::new(), columns, rows, voids: Vec::new() }
    }

    /// One more column, for which nothing is measured yet.
    pub(crate) fn column(mut self, name: impl Into<String>, is_compared: bool) -> Self {
        self.columns.push(Column { name: name.into(), is_compared });
        for row in &mut self.rows {
            row.rounds.push(Vec::new());
            row.void.push(false);
        }
        self
    }

    /// What a reader must know.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// A value of one round.
    pub(crate) fn add(&mut self, column: usize, name: &str, over: Over, value: f64) {
        step(&format!("{}, {}: {name} {}", self.title, self.columns[column].name, number(value)));
        self.row(name, over).rounds[column].push(value);
    }

    /// A value that is none, because an answer was wrong or missing: whatever other rounds say.
    pub(crate) fn void(&mut self, column: usize, name: &str, error: &anyhow::Error) {
        let reason = format!("{}, {name}: {error:#}", self.columns[column].name);
        step(&format!("{}: void: {reason}", self.title));
        self.row(name, Over::Median).void[column] = true;
        self.voids.push(reason);
    }

    fn row(&mut self, name: &str, over: Over) -> &mut Row {
        let index = self.rows.iter().position(|row| row.name == name).unwrap_or_else(|| {
            let n_columns = self.columns.len();
            let (rounds, void) = (vec![Vec::new(); n_columns], vec![false; n_columns]);
            self.rows.push(Row { name: name.to_owned(), over, rounds, void });
            self.rows.len() - 1
        });
        &mut self.rows[index]
    }

    pub(crate) fn write(&self, text: &mut String) -> fmt::Result {
        writeln!(text, "\n## {}\n", self.title)?;
        for note in &self.notes {
            writeln!(text, "- {note}")?;
        }
        let table = Table::new(self.columns.iter().map(|column| (column.name.clone(), column.is_compared)));
        table.write_head(text)?;
        for row in &self.rows {
            let entries: Vec<Entry> = (0..self.columns.len()).map(|column| row.entry(column)).collect();
            table.write_row(text, &row.name, &entries)?;
        }
        if !self.voids.is_empty() {
            writeln!(text, "\nVoid, because an answer was wrong or missing:\n")?;
        }
        for reason in &self.voids {
            writeln!(text, "- {reason}")?;
        }
        Ok(())
    }
}

impl Row {
    fn entry(&self, column: usize) -> Entry {
        if self.void[column] {
            return Entry::Void;
        }
        let values = self.rounds[column].iter().copied();
        let value = match self.over {
            Over::Median => median(values),
            Over::Most => values.max_by(f64::total_cmp),
        };
        value.map_or(Entry::None, Entry::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_gather_rounds_and_a_void_one_counts_for_all() {
        let mut sheet = Sheet::new("Curves").column("ours", true).note("how");
        sheet.add(0, "rate", Over::Median, 2.0);
        sheet = sheet.column("theirs", true);
        for value in [3.0, 1.0, 8.0] {
            sheet.add(0, "rate", Over::Median, value);
            sheet.add(0, "memory", Over::Most, value);
            sheet.add(1, "rate", Over::Median, 1.5);
        }
        sheet.add(1, "memory", Over::Most, 5.0);
        sheet.void(1, "memory", &anyhow::anyhow!("a point is missing"));
        let mut text = String::new();
        sheet.write(&mut text).unwrap();
        assert!(text.contains("## Curves\n\n- how\n"), "{text}");
        assert!(text.contains("| rate | 2.50 | 1.50 | 1.67 : 1 |"), "{text}");
        assert!(text.contains("| memory | 8.00 | void | – |"), "{text}");
        assert!(text.contains("- theirs, memory: a point is missing\n"), "{text}");
    }
}
