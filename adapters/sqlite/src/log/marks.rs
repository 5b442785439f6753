//! What is known of subjects at sinks.

use rusqlite::{Connection, OptionalExtension, Row, params};
use trackside_core::{
    Seq, Subject,
    store::{Mark, MarkFilter},
};

use super::subject;
use crate::{
    error::Result,
    rows::{Columns, execute, integer, number, unreadable},
};

/// The mark of one subject.
pub(super) fn mark(connection: &Connection, sink: i64, subject: &Subject) -> Result<Option<Mark>> {
    let (kind, subject) = subject::columns(subject);
    let sql = "SELECT upto, memory, keep_alive, catch_up, lost, cuts FROM sink_mark \
               WHERE sink = ?1 AND subject_kind = ?2 AND subject = ?3";
    Ok(connection.prepare_cached(sql)?.query_row(params![sink, kind, subject], |row| read(row, 0)).optional()?)
}

/// Writes a mark, or forgets it.
pub(super) fn set(connection: &Connection, sink: i64, subject: &Subject, mark: Option<&Mark>) -> Result<()> {
    let (kind, subject) = subject::columns(subject);
    let Some(mark) = mark else {
        let sql = "DELETE FROM sink_mark WHERE sink = ?1 AND subject_kind = ?2 AND subject = ?3";
        return execute(connection, sql, params![sink, kind, subject]).map(drop);
    };
    execute(
        connection,
        "INSERT OR REPLACE INTO sink_mark (sink, subject_kind, subject, upto, memory, keep_alive, catch_up, lost, cuts) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            sink,
            kind,
            subject,
            integer(mark.upto.0),
            mark.memory,
            mark.keep_alive,
            mark.catch_up,
            mark.lost,
            cuts_text(&mark.cuts),
        ],
    )?;
    Ok(())
}

/// Marks of one sort in the order of their subjects.
pub(super) fn search(
    connection: &Connection,
    sink: i64,
    filter: MarkFilter,
    after: Option<&Subject>,
    limit: usize,
) -> Result<Vec<(Subject, Mark)>> {
    // Before all subjects there is no kind.
    let (kind, subject) = after.map_or((-1, ""), subject::columns);
    let mut statement = connection.prepare_cached(&search_sql(filter))?;
    let rows = statement.query_map(params![sink, kind, subject, integer(limit as u64)], |row| {
        Ok((subject::read(row, 0)?, read(row, 2)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn search_sql(filter: MarkFilter) -> String {
    // SQLite would take the primary key and pass over all marks of other sorts. The conditions are those of the
    // indexes, word for word.
    let (index, sort) = match filter {
        MarkFilter::KeepAlive => ("sink_mark_kept_alive", "keep_alive = 1"),
        MarkFilter::CatchingUp => ("sink_mark_catching_up", "catch_up IS NOT NULL"),
        MarkFilter::Lost => ("sink_mark_lost", "lost = 1"),
    };
    format!(
        "SELECT subject_kind, subject, upto, memory, keep_alive, catch_up, lost, cuts \
         FROM sink_mark INDEXED BY {index} WHERE sink = ?1 AND {sort} AND (subject_kind, subject) > (?2, ?3) ORDER BY subject_kind, subject LIMIT ?4"
    )
}

/// Marks as lost what a sink has yet to get after its position; says how many subjects were not marked so before.
pub(super) fn lose(connection: &Connection, sink: i64) -> Result<u64> {
    let count = "SELECT count(*) FROM sink_mark INDEXED BY sink_mark_lost WHERE sink = ?1 AND lost = 1";
    let before = number(connection, count, [sink])?;
    // Entries up to `upto` it has already.
    execute(
        connection,
        "INSERT INTO sink_mark (sink, subject_kind, subject, upto, keep_alive, lost) \
         SELECT sink.pk, o.subject_kind, o.subject, 0, 0, 1 FROM sink JOIN ( \
             SELECT subject_kind, subject, max(seq) AS last FROM outbox \
             WHERE seq > (SELECT position FROM sink WHERE pk = ?1) GROUP BY subject_kind, subject \
         ) AS o LEFT JOIN sink_mark AS m \
         ON m.sink = sink.pk AND m.subject_kind = o.subject_kind AND m.subject = o.subject \
         WHERE sink.pk = ?1 AND (m.upto IS NULL OR m.upto < o.last) \
         ON CONFLICT (sink, subject_kind, subject) DO UPDATE SET lost = 1, catch_up = NULL, cuts = NULL",
        [sink],
    )?;
    let after = number(connection, count, [sink])?;
    Ok(u64::try_from(after.unwrap_or(0) - before.unwrap_or(0)).unwrap_or(0))
}

fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Mark> {
    Ok(Mark {
        upto: Seq(row.count(first)?),
        memory: row.get(first + 1)?,
        keep_alive: row.get(first + 2)?,
        catch_up: row.get(first + 3)?,
        lost: row.get(first + 4)?,
        cuts: cuts(row, first + 5)?,
    })
}

/// Cuts as they are stored.
fn cuts_text(cuts: &[u32]) -> Option<String> {
    (!cuts.is_empty()).then(|| serde_json::to_string(cuts).expect("numbers always make JSON"))
}

fn cuts(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<u32>> {
    let text: Option<String> = row.get(column)?;
    text.map_or(Ok(vec![]), |text| serde_json::from_str(&text)).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_a_sort_are_walked_in_order_from_any_subject() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("../migrations/0002_log.sql")).unwrap();
        for filter in [MarkFilter::KeepAlive, MarkFilter::CatchingUp, MarkFilter::Lost] {
            let sql = format!("EXPLAIN QUERY PLAN {}", search_sql(filter));
            let mut statement = connection.prepare(&sql).unwrap();
            let plan = statement.query_map(params![1, 0, "", 9], |row| row.get::<_, String>(3)).unwrap();
            let plan = plan.collect::<rusqlite::Result<Vec<_>>>().unwrap().join("\n");
            assert!(plan.contains("(sink=? AND (subject_kind,subject)>(?,?))"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
