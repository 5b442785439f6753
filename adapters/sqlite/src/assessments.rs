//! Assessments of traces.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use trackside_core::{
    Assessment, AssessmentChange, AssessmentError, AssessmentId, AssessmentKind, AssessmentUpdate, AssessorKind, Json,
    Judgement, NewAssessment, Result, Timestamp, TraceId, fault, store::Assessments,
};

use crate::{
    SqliteStore, error,
    key_values::ASSESSMENT_METADATA,
    owners::Owners,
    rows::{Columns, execute, number, unreadable},
    traces,
};

#[async_trait]
impl Assessments for SqliteStore {
    async fn create_assessment(&self, new: NewAssessment) -> Result<Assessment> {
        self.write(move |connection| {
            let pk = insert(connection, &new)?;
            let created = load(connection, &[pk])?.pop();
            Ok(created.ok_or_else(|| fault::assessment_not_found(&new.trace, &new.id))?)
        })
        .await
    }

    async fn assessment(&self, trace: &TraceId, id: &AssessmentId) -> Result<Assessment> {
        let (trace, id) = (trace.clone(), id.clone());
        self.read(move |connection| {
            let pk = require(connection, &trace, &id)?;
            Ok(load(connection, &[pk])?.pop().ok_or_else(|| fault::assessment_not_found(&trace, &id))?)
        })
        .await
    }

    async fn change_assessment(
        &self,
        trace: &TraceId,
        id: &AssessmentId,
        change: AssessmentChange,
        at: Timestamp,
    ) -> Result<()> {
        let (trace, id) = (trace.clone(), id.clone());
        self.write(move |connection| match &change {
            AssessmentChange::Update(new) => update(connection, &trace, &id, new, at),
            AssessmentChange::Delete => delete(connection, &trace, &id),
        })
        .await
    }
}

fn pk(connection: &Connection, trace: &TraceId, id: &AssessmentId) -> error::Result<Option<i64>> {
    let sql = "SELECT a.pk FROM assessment AS a JOIN trace ON trace.pk = a.trace WHERE a.id = ?2 AND trace.id = ?1";
    number(connection, sql, [trace.as_str(), id.as_str()])
}

fn require(connection: &Connection, trace: &TraceId, id: &AssessmentId) -> error::Result<i64> {
    if let Some(pk) = pk(connection, trace, id)? {
        return Ok(pk);
    }
    Err(match traces::pk(connection, trace)? {
        Some(_) => fault::assessment_not_found(trace, id),
        None => fault::assessed_trace_not_found(trace),
    }
    .into())
}

fn insert(connection: &Connection, new: &NewAssessment) -> error::Result<i64> {
    let trace = traces::pk(connection, &new.trace)?.ok_or_else(|| fault::trace_not_found(&new.trace))?;
    if let Some(overridden) = &new.overrides {
        let sql = "UPDATE assessment SET is_valid = 0 WHERE trace = ?1 AND id = ?2";
        if execute(connection, sql, params![trace, overridden.as_str()])? == 0 {
            return Err(fault::assessment_not_found(&new.trace, overridden).into());
        }
    }
    let error = new.judgement.error.as_ref();
    let inserted = number(
        connection,
        "INSERT INTO assessment (id, trace, name, kind, value, number, error_code, error_message, error_stack, assessor, \
         assessor_id, span, rationale, overrides, is_valid, of_session, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 1, ?15, ?16, ?17) \
         ON CONFLICT (id) DO NOTHING RETURNING pk",
        params![
            new.id.as_str(),
            trace,
            new.name,
            new.judgement.kind.as_str(),
            new.judgement.value.to_string(),
            finite(&new.judgement.value),
            error.map(|error| error.code.as_deref().unwrap_or_default()),
            error.and_then(|error| error.message.as_deref()),
            error.and_then(|error| error.stack_trace.as_deref()),
            new.assessor.as_str(),
            new.assessor_id,
            new.span,
            new.rationale,
            new.overrides.as_ref().map(AssessmentId::as_str),
            new.of_session,
            new.created_at.millis(),
            new.updated_at.millis(),
        ],
    )?;
    let pk = inserted.ok_or_else(|| fault::assessment_exists(&new.id))?;
    ASSESSMENT_METADATA.set(connection, pk, &new.metadata)?;
    Ok(pk)
}

fn update(
    connection: &Connection,
    trace: &TraceId,
    id: &AssessmentId,
    new: &AssessmentUpdate,
    at: Timestamp,
) -> error::Result<()> {
    let pk = require(connection, trace, id)?;
    if let Some(judgement) = &new.judgement {
        let sql = "SELECT 1 FROM assessment WHERE pk = ?1 AND kind = ?2";
        if number(connection, sql, params![pk, judgement.kind.as_str()])?.is_none() {
            return Err(fault::other_judgement(judgement.kind).into());
        }
        let error = judgement.error.as_ref();
        let sql = "UPDATE assessment SET value = ?2, number = ?3, error_code = ?4, error_message = ?5, error_stack = ?6 \
                   WHERE pk = ?1";
        execute(
            connection,
            sql,
            params![
                pk,
                judgement.value.to_string(),
                finite(&judgement.value),
                error.map(|error| error.code.as_deref().unwrap_or_default()),
                error.and_then(|error| error.message.as_deref()),
                error.and_then(|error| error.stack_trace.as_deref()),
            ],
        )?;
    }
    // Of what is expected nobody says why.
    let sql = "UPDATE assessment SET name = coalesce(?2, name), \
               rationale = CASE kind WHEN 'expectation' THEN NULL ELSE coalesce(?3, rationale) END, \
               of_session = of_session OR ?4, updated_at = ?5 WHERE pk = ?1";
    execute(connection, sql, params![pk, new.name, new.rationale, new.of_session, at.millis()])?;
    ASSESSMENT_METADATA.set(connection, pk, &new.metadata)
}

fn delete(connection: &Connection, trace: &TraceId, id: &AssessmentId) -> error::Result<()> {
    let Some(pk) = pk(connection, trace, id)? else { return Ok(()) };
    let sql = "UPDATE assessment SET is_valid = 1 WHERE id = (SELECT overrides FROM assessment WHERE pk = ?1)";
    execute(connection, sql, [pk])?;
    execute(connection, "DELETE FROM assessment WHERE pk = ?1", [pk]).map(drop)
}

/// What a number is compared by.
fn finite(value: &Json) -> Option<f64> {
    let number = match value {
        Json::Integer(digits) => digits.parse().ok()?,
        Json::Float(number) => *number,
        _ => return None,
    };
    Some(number).filter(|number| number.is_finite())
}

/// Hands each trace its assessments, in the order in which they were made.
pub(crate) fn of_traces(
    connection: &Connection,
    traces: &Owners,
    mut take: impl FnMut(usize, Assessment),
) -> error::Result<()> {
    let mut places = Vec::new();
    let sql = "SELECT trace, pk FROM assessment WHERE trace {owners} ORDER BY trace, created_at, pk";
    traces.parts(connection, sql, |position, row| {
        places.push((position, row.get::<_, i64>(1)?));
        Ok(())
    })?;
    if places.is_empty() {
        return Ok(());
    }
    let pks: Vec<_> = places.iter().map(|(_, pk)| *pk).collect();
    for ((position, _), assessment) in places.into_iter().zip(load(connection, &pks)?) {
        take(position, assessment);
    }
    Ok(())
}

fn load(connection: &Connection, pks: &[i64]) -> error::Result<Vec<Assessment>> {
    let owners = Owners::new(pks);
    let from = "assessment AS a ON a.pk = page.value JOIN trace ON trace.pk = a.trace";
    let mut found = owners.rows(connection, "a.*, trace.id AS trace_id", from, read)?;
    ASSESSMENT_METADATA.load(connection, &owners, |position, pair| found[position].metadata.push(pair))?;
    Ok(found)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Assessment> {
    let code: Option<String> = row.get("error_code")?;
    let error = match code {
        None => None,
        Some(code) => Some(AssessmentError {
            code: Some(code).filter(|code| !code.is_empty()),
            message: row.get("error_message")?,
            stack_trace: row.get("error_stack")?,
        }),
    };
    Ok(Assessment {
        id: AssessmentId::new(row.get::<_, String>("id")?),
        trace: TraceId::parse(&row.get::<_, String>("trace_id")?).map_err(unreadable)?,
        name: row.get("name")?,
        judgement: Judgement {
            kind: row.parsed("kind", AssessmentKind::parse)?,
            value: Json::parse(&row.get::<_, String>("value")?).map_err(unreadable)?,
            error,
        },
        assessor: row.parsed("assessor", AssessorKind::parse)?,
        assessor_id: row.get("assessor_id")?,
        span: row.get("span")?,
        rationale: row.get("rationale")?,
        metadata: Vec::new(),
        overrides: row.get::<_, Option<String>>("overrides")?.map(AssessmentId::new),
        is_valid: row.get("is_valid")?,
        of_session: row.get("of_session")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
    })
}
