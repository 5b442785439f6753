//! Spans: writing them, and what they tell of their trace.

use rusqlite::{Connection, Row, params, params_from_iter, types::Value};
use trackside_core::{ExperimentId, Span, SpanBatch, SpanStatus, SpanUsage, TraceState, Usage, fault, total_usage};

use crate::{
    error::Result,
    experiments,
    key_values::{TRACE_METADATA, TRACE_TAGS},
    rows::{Columns, execute, number},
    trace_usage,
};

/// Nanoseconds of a millisecond.
const NS: i64 = 1_000_000;

/// Writes a batch, and with it the trace if it is not there.
pub(crate) fn append(connection: &Connection, experiment: ExperimentId, batch: &SpanBatch) -> Result<()> {
    let begin = batch.spans.iter().map(|span| span.started_at.div_euclid(NS)).min();
    let end = batch.spans.iter().filter_map(|span| span.ended_at).map(|end| end.div_euclid(NS)).max();
    let Some(begin) = begin else { return Ok(()) };
    let pk = match number(connection, "SELECT pk FROM trace WHERE id = ?1", [batch.trace.as_str()])? {
        Some(pk) => pk,
        None => create(connection, experiment, batch, begin)?,
    };
    for span in &batch.spans {
        write(connection, pk, span)?;
    }
    execute(
        connection,
        // Each expression sees the row as it was.
        "UPDATE trace SET requested_at = min(requested_at, ?2), \
         duration = CASE WHEN ?3 IS NULL THEN duration \
         ELSE max(coalesce(requested_at + duration, ?3), ?3) - min(requested_at, ?2) END \
         WHERE pk = ?1 AND NOT is_described",
        params![pk, begin, end],
    )?;
    execute(
        connection,
        "UPDATE trace SET state = CASE WHEN state IN (?2, ?3) THEN coalesce(?4, state) ELSE state END, \
         request_preview = coalesce(request_preview, ?5), response_preview = coalesce(response_preview, ?6), \
         name = coalesce(?7, name), session = coalesce(session, ?8) WHERE pk = ?1",
        params![
            pk,
            TraceState::InProgress.as_str(),
            TraceState::Unspecified.as_str(),
            root_state(&batch.spans).map(TraceState::as_str),
            batch.request_preview,
            batch.response_preview,
            batch.facts.name,
            batch.facts.session,
        ],
    )?;
    if batch.spans.iter().any(|span| span.usage != Usage::default()) {
        count(connection, pk)?;
    }
    for pair in &batch.first_metadata {
        TRACE_METADATA.add(connection, pk, pair)?;
    }
    TRACE_METADATA.set(connection, pk, &batch.facts.metadata)?;
    TRACE_TAGS.set(connection, pk, &batch.facts.tags)
}

/// The spans of a trace.
pub(crate) fn load(connection: &Connection, trace: i64) -> Result<Vec<Span>> {
    let sql = "SELECT * FROM span WHERE trace = ?1 ORDER BY parent IS NOT NULL, started_at, id";
    let mut statement = connection.prepare_cached(sql)?;
    let spans = statement.query_map([trace], read)?;
    Ok(spans.collect::<rusqlite::Result<_>>()?)
}

fn create(connection: &Connection, experiment: ExperimentId, batch: &SpanBatch, begin: i64) -> Result<i64> {
    experiments::lifecycle(connection, experiment)?;
    let pk = number(
        connection,
        "INSERT INTO trace (id, experiment, requested_at, state, artifact_uri, is_described) \
         VALUES (?1, ?2, ?3, ?4, ?5, FALSE) RETURNING pk",
        params![batch.trace.as_str(), experiment.get(), begin, TraceState::InProgress.as_str(), batch.artifact_uri],
    )?;
    Ok(pk.ok_or_else(|| fault::trace_not_found(&batch.trace))?)
}

fn write(connection: &Connection, trace: i64, span: &Span) -> Result<()> {
    let columns = trace_usage::COLUMNS;
    let sql = format!(
        "INSERT OR REPLACE INTO span (trace, id, parent, name, kind, status, started_at, ended_at, model, provider, \
         document, {columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
         ?19, ?20)"
    );
    let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
    let values = [
        Value::Integer(trace),
        Value::Text(span.id.clone()),
        text(&span.parent),
        Value::Text(span.name.clone()),
        text(&span.kind),
        Value::Text(span.status.as_str().to_owned()),
        Value::Integer(span.started_at),
        Value::from(span.ended_at),
        text(&span.model),
        text(&span.provider),
        Value::Text(span.document.clone()),
    ];
    execute(connection, &sql, params_from_iter(values.into_iter().chain(trace_usage::values(&span.usage))))?;
    Ok(())
}

/// What all spans of the trace used, unless the description said so.
fn count(connection: &Connection, pk: i64) -> Result<()> {
    let sql = format!("SELECT id, parent, {} FROM span WHERE trace = ?1", trace_usage::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    let spans = statement.query_map([pk], |row| {
        Ok(SpanUsage { id: row.get(0)?, parent: row.get(1)?, usage: trace_usage::read(row)? })
    })?;
    let total = total_usage(&spans.collect::<rusqlite::Result<Vec<_>>>()?);
    let mut statement = connection.prepare_cached("SELECT * FROM trace WHERE pk = ?1")?;
    let (described, known) =
        statement.query_row([pk], |row| Ok((row.get::<_, bool>("is_described")?, trace_usage::read(row)?)))?;
    let mut usage = known;
    if !(described && known.has_tokens()) {
        overlay(&mut usage.tokens, total.tokens);
    }
    if !(described && known.has_cost()) {
        overlay(&mut usage.cost, total.cost);
    }
    set_usage(connection, pk, &usage)
}

/// Takes over what is there.
fn overlay<T, const N: usize>(known: &mut [Option<T>; N], new: [Option<T>; N]) {
    for (known, new) in known.iter_mut().zip(new) {
        *known = new.or(known.take());
    }
}

/// Writes what is there of this usage; the rest stays.
pub(crate) fn set_usage(connection: &Connection, pk: i64, usage: &Usage) -> Result<()> {
    if *usage == Usage::default() {
        return Ok(());
    }
    let sets = trace_usage::COLUMNS.split(", ").enumerate();
    let sets: Vec<_> = sets.map(|(at, column)| format!("{column} = coalesce(?{}, {column})", at + 2)).collect();
    let values = std::iter::once(Value::Integer(pk)).chain(trace_usage::values(usage));
    let sql = format!("UPDATE trace SET {} WHERE pk = ?1", sets.join(", "));
    execute(connection, &sql, params_from_iter(values))?;
    Ok(())
}

/// A root says how its trace ended: whatever is no error is well.
fn root_state(spans: &[Span]) -> Option<TraceState> {
    let root = spans.iter().find(|span| span.parent.is_none())?;
    Some(if root.status == SpanStatus::Error { TraceState::Error } else { TraceState::Ok })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Span> {
    Ok(Span {
        id: row.get("id")?,
        parent: row.get("parent")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        status: row.parsed("status", SpanStatus::parse)?,
        started_at: row.get("started_at")?,
        ended_at: row.get("ended_at")?,
        usage: trace_usage::read(row)?,
        model: row.get("model")?,
        provider: row.get("provider")?,
        document: row.get("document")?,
    })
}
