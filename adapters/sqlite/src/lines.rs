//! Lines of runs, in blocks of consecutive ones.
//!
//! A request makes a row or a few. One that writes numbers anew takes the blocks apart that it touches, and puts them
//! together again: consoles rewrite their last lines all the time, and a repeated request all of its own.

use std::{borrow::Cow, collections::BTreeMap, ops::RangeInclusive};

use rusqlite::{Connection, params};
use trackside_core::{
    Error, Key, LineExtent, LineQuery, Lines, MAX_LINE_NUMBER, NumberedLine, Page, PageRequest, PageToken, fault,
};

use crate::{
    error::Result,
    rows::{Columns, bound, execute, integer},
};

/// Lines of a block at most. Part of the format: what reads relies on it to find the block of a number.
const BLOCK_LINES: usize = 512;
/// A block of so many bytes is full.
const BLOCK_BYTES: usize = 256 << 10;
/// A page of so many bytes is full.
const PAGE_BYTES: usize = 4 << 20;

/// Adds lines, in place of those with the same numbers.
pub(crate) fn write(connection: &Connection, run: i64, added: &Lines) -> Result<()> {
    let end = added.first.checked_add(added.lines.len() as u64).filter(|end| *end <= MAX_LINE_NUMBER);
    let Some(end) = end else {
        return Err(
            Error::invalid(format!("a line has the number {}, at most {MAX_LINE_NUMBER} is", added.first)).into()
        );
    };
    if added.lines.is_empty() {
        return Ok(());
    }
    let stream = Stream { run, name: added.stream.as_str(), writer: added.writer.as_str() };
    let new =
        added.lines.iter().map(|line| Kept { text: escaped(&line.text), steps: line.step.map(|step| step..=step) });
    let touched = stream.take(connection, added.first, end)?;
    if touched.is_empty() {
        return stream.insert(connection, added.first, new);
    }
    let mut lines: BTreeMap<u64, Kept<'_>> = BTreeMap::new();
    for block in &touched {
        let old = block.text.split('\n').map(|line| Kept { text: Cow::Borrowed(line), steps: block.steps.clone() });
        lines.extend((block.first..).zip(old));
    }
    lines.extend((added.first..).zip(new));
    // Between the blocks nothing is missing, for the new lines reach from the first to the last of them.
    let first = lines.first_key_value().map_or(added.first, |(number, _)| *number);
    stream.insert(connection, first, lines.into_values())
}

/// A line as it is stored, and between which steps its own lies: of an old one it is only known for the whole block.
struct Kept<'a> {
    text: Cow<'a, str>,
    steps: Option<RangeInclusive<i64>>,
}

struct Stream<'a> {
    run: i64,
    name: &'a str,
    writer: &'a str,
}

struct Block {
    pk: i64,
    first: u64,
    steps: Option<RangeInclusive<i64>>,
    text: String,
}

impl Stream<'_> {
    /// Removes the blocks that hold any of these numbers, and returns them.
    fn take(&self, connection: &Connection, first: u64, end: u64) -> Result<Vec<Block>> {
        let sql = "SELECT pk, first, low, high, text FROM line_block WHERE run = ?1 AND stream = ?2 AND writer = ?3 \
                   AND first > ?4 AND first < ?6 AND first + count > ?5 ORDER BY first";
        let reach = integer(first) - bound(BLOCK_LINES);
        let mut statement = connection.prepare_cached(sql)?;
        let values = params![self.run, self.name, self.writer, reach, integer(first), integer(end)];
        let blocks = statement.query_map(values, |row| {
            Ok(Block {
                pk: row.get(0)?,
                first: row.count(1)?,
                steps: row.get::<_, Option<i64>>(2)?.zip(row.get(3)?).map(|(low, high)| low..=high),
                text: row.get(4)?,
            })
        })?;
        let blocks: Vec<_> = blocks.collect::<rusqlite::Result<_>>()?;
        for block in &blocks {
            execute(connection, "DELETE FROM line_block WHERE pk = ?1", [block.pk])?;
        }
        Ok(blocks)
    }

    /// Writes lines where there are none.
    fn insert<'l>(&self, connection: &Connection, mut first: u64, lines: impl Iterator<Item = Kept<'l>>) -> Result<()> {
        let (mut text, mut count, mut steps) = (String::new(), 0_usize, None);
        let write = |first: u64, count: usize, text: &str, steps: Option<RangeInclusive<i64>>| {
            let sql = "INSERT INTO line_block (run, stream, writer, first, count, low, high, text) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            let (low, high) = steps.map(RangeInclusive::into_inner).unzip();
            let values = params![self.run, self.name, self.writer, integer(first), bound(count), low, high, text];
            execute(connection, sql, values).map(drop)
        };
        for line in lines {
            if count == BLOCK_LINES || (count > 0 && text.len() + line.text.len() > BLOCK_BYTES) {
                write(first, count, &text, steps.take())?;
                first += count as u64;
                text.clear();
                count = 0;
            }
            if count > 0 {
                text.push('\n');
            }
            text.push_str(&line.text);
            steps = union(steps, line.steps);
            count += 1;
        }
        if count > 0 { write(first, count, &text, steps) } else { Ok(()) }
    }
}

/// A page of lines.
pub(crate) fn read(
    connection: &Connection,
    run: i64,
    query: &LineQuery,
    page: &PageRequest,
) -> Result<Page<NumberedLine>> {
    let (writer, number) = place(page)?.unwrap_or_default();
    // Of one writer, the blocks before the first number are passed over by the index.
    let of_writer = if query.writer.is_some() { "writer = ?3" } else { "?3 IS NULL" };
    let sql = format!(
        "SELECT writer, first, text FROM line_block WHERE run = ?1 AND stream = ?2 AND {of_writer} \
               AND (writer > ?4 OR (writer = ?4 AND first > ?5 AND first + count > ?6)) \
               AND first > ?7 - ?10 AND first + count > ?7 AND (?8 IS NULL OR (high >= ?8 AND low <= ?9)) \
               ORDER BY writer, first"
    );
    let (low, high) = query.steps.clone().map(RangeInclusive::into_inner).unzip();
    let (only, reach) = (query.writer.as_ref().map(Key::as_str), integer(number) - bound(BLOCK_LINES));
    let values = params![
        run,
        query.stream.as_str(),
        only,
        writer,
        reach,
        integer(number),
        integer(query.from),
        low,
        high,
        bound(BLOCK_LINES)
    ];
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    let (mut items, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let (of, first) = (row.key(0)?, row.count(1)?);
        let text = row.get_ref(2)?.as_str().map_err(crate::rows::unreadable)?;
        for (line_number, line) in (first..).zip(text.split('\n')) {
            if line_number < query.from || (of.as_str() == writer && line_number < number) {
                continue;
            }
            if items.len() >= page.limit || bytes >= PAGE_BYTES {
                let next = Some(PageToken::new(format!("{line_number}:{of}")));
                return Ok(Page { items, next });
            }
            bytes += line.len();
            items.push(NumberedLine { writer: of.clone(), number: line_number, text: unescaped(line) });
        }
    }
    Ok(Page { items, next: None })
}

/// The page of a run that there is not.
pub(crate) fn nothing(page: &PageRequest) -> Result<Page<NumberedLine>> {
    place(page)?;
    Ok(Page { items: Vec::new(), next: None })
}

/// How far the streams of a run go.
pub(crate) fn extents(connection: &Connection, run: i64) -> Result<Vec<LineExtent>> {
    let sql = "SELECT stream, writer, max(first + count), max(high) FROM line_block WHERE run = ?1 \
               GROUP BY stream, writer ORDER BY stream, writer";
    let mut statement = connection.prepare_cached(sql)?;
    let extents = statement.query_map([run], |row| {
        Ok(LineExtent { stream: row.key(0)?, writer: row.key(1)?, end: row.count(2)?, last_step: row.get(3)? })
    })?;
    Ok(extents.collect::<rusqlite::Result<_>>()?)
}

/// Whose line a page begins with, and its number.
fn place(page: &PageRequest) -> Result<Option<(String, u64)>> {
    let Some(token) = &page.after else { return Ok(None) };
    let (number, writer) = token.as_str().split_once(':').ok_or_else(fault::invalid_page_token)?;
    let number = number.parse().ok().filter(|number| *number <= MAX_LINE_NUMBER);
    Ok(Some((writer.to_owned(), number.ok_or_else(fault::invalid_page_token)?)))
}

fn union(a: Option<RangeInclusive<i64>>, b: Option<RangeInclusive<i64>>) -> Option<RangeInclusive<i64>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(*a.start().min(b.start())..=*a.end().max(b.end())),
        (a, b) => a.or(b),
    }
}

fn escaped(line: &str) -> Cow<'_, str> {
    if line.contains(['\\', '\n']) {
        return Cow::Owned(line.replace('\\', "\\\\").replace('\n', "\\n"));
    }
    Cow::Borrowed(line)
}

fn unescaped(line: &str) -> String {
    if !line.contains('\\') {
        return line.to_owned();
    }
    let (mut text, mut rest) = (String::with_capacity(line.len()), line.chars());
    while let Some(c) = rest.next() {
        match (c, c == '\\') {
            (_, true) => text.push(if rest.next() == Some('n') { '\n' } else { '\\' }),
            (c, false) => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_a_line() {
        for text in ["", "\\", "\\n", "a\nb\\\\n\n", r#"{"a":"\n\\"}"#, "ä\n"] {
            let escaped = escaped(text);
            assert!(!escaped.contains('\n'));
            assert_eq!(unescaped(&escaped), text);
        }
    }
}
