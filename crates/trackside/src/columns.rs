//! Columns of text for people.

/// Longest free text in a cell, in characters; `--json` has the whole.
const MAX_CELL: usize = 60;

/// Columns as wide as their widest cell.
pub(crate) fn aligned<const N: usize>(head: &[String; N], rows: &[[String; N]]) -> String {
    let all: Vec<&[String; N]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &&[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    all.iter().map(line).collect()
}

/// What peers say goes to a terminal: one line without control characters.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// As much of it as a cell has room for.
pub(crate) fn shortened(text: &str) -> String {
    let text = plain(text);
    match text.char_indices().nth(MAX_CELL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
