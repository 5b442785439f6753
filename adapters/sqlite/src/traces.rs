//! Traces.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use trackside_core::{
    ExperimentId, NewTrace, Page, PageRequest, Query, Result, Span, SpanBatch, Timestamp, Trace, TraceChange,
    TraceFacts, TraceId, TraceLinks, TraceSelection, TraceState, fault,
    query::{Filter, MeasureQuery, Measurement, TraceField},
    store::Traces,
};

use crate::{
    SqliteStore, assessments, error, experiments,
    key_values::{TRACE_METADATA, TRACE_TAGS},
    owners::{Owners, json_array},
    rows::{Columns, execute, integer, number, unreadable},
    search::Search,
    spans, trace_usage,
};

#[async_trait]
impl Traces for SqliteStore {
    async fn describe_trace(&self, new: NewTrace) -> Result<Trace> {
        self.write(move |connection| {
            let pk = describe(connection, &new)?;
            Ok(load(connection, &[pk])?.pop().ok_or_else(|| fault::trace_not_found(&new.id))?)
        })
        .await
    }

    async fn append_spans(&self, experiment: ExperimentId, batches: Vec<SpanBatch>) -> Result<()> {
        self.write(move |connection| batches.iter().try_for_each(|batch| spans::append(connection, experiment, batch)))
            .await
    }

    async fn traces(&self, ids: Vec<TraceId>, experiments: Option<Vec<ExperimentId>>) -> Result<Vec<Trace>> {
        self.read(move |connection| {
            let experiments = experiments.map(|ids| json_array(&ids.into_iter().map(ExperimentId::get).collect::<Vec<_>>()));
            let sql = "SELECT trace.pk FROM (SELECT value, max(key) AS place FROM json_each(?1) GROUP BY value) AS asked \
                       JOIN trace ON trace.id = asked.value \
                       WHERE ?2 IS NULL OR trace.experiment IN (SELECT value FROM json_each(?2)) ORDER BY asked.place";
            let mut statement = connection.prepare_cached(sql)?;
            let pks = statement.query_map(params![texts(&ids), experiments], |row| row.get(0))?;
            load(connection, &pks.collect::<rusqlite::Result<Vec<_>>>()?)
        })
        .await
    }

    async fn spans(&self, id: &TraceId) -> Result<Vec<Span>> {
        let id = id.clone();
        self.read(move |connection| match pk(connection, &id)? {
            Some(pk) => spans::load(connection, pk),
            None => Ok(Vec::new()),
        })
        .await
    }

    async fn change_trace(&self, id: &TraceId, change: TraceChange) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| apply(connection, &id, &change)).await
    }

    async fn link_traces(&self, links: TraceLinks) -> Result<()> {
        self.write(move |connection| {
            let sql = "INSERT OR IGNORE INTO trace_run (trace, run) \
                       SELECT pk, ?2 FROM trace WHERE id IN (SELECT value FROM json_each(?1))";
            execute(connection, sql, params![texts(&links.traces), links.run.as_str()]).map(drop)
        })
        .await
    }

    async fn delete_traces(&self, experiment: ExperimentId, selection: TraceSelection) -> Result<u64> {
        self.write(move |connection| {
            let deleted = match selection {
                TraceSelection::Ids(ids) => {
                    let sql = "DELETE FROM trace WHERE experiment = ?1 AND id IN (SELECT value FROM json_each(?2))";
                    execute(connection, sql, params![experiment.get(), texts(&ids)])?
                }
                TraceSelection::Until(at, most) => {
                    let sql = "DELETE FROM trace WHERE pk IN (SELECT pk FROM trace WHERE experiment = ?1 \
                               AND requested_at <= ?2 ORDER BY requested_at, id LIMIT ?3)";
                    // A negative limit is none.
                    execute(connection, sql, params![experiment.get(), at.millis(), most.map_or(-1, integer)])?
                }
            };
            Ok(deleted as u64)
        })
        .await
    }

    async fn search_traces(
        &self,
        experiments: Vec<ExperimentId>,
        query: Query<TraceField>,
        page: PageRequest,
    ) -> Result<Page<Trace>> {
        self.read(move |connection| {
            let found = within(&experiments).find(connection, &query, &page)?;
            Ok(Page { items: load(connection, &found.items)?, next: found.next })
        })
        .await
    }

    async fn count_traces(&self, experiments: Vec<ExperimentId>, filters: Vec<Filter<TraceField>>) -> Result<Vec<u64>> {
        self.read(move |connection| within(&experiments).count_traces(connection, &filters)).await
    }

    async fn measure_traces(&self, query: MeasureQuery) -> Result<Vec<Measurement>> {
        self.read(move |connection| within(&query.experiments).measure(connection, &query)).await
    }
}

/// Traces of these experiments.
fn within(experiments: &[ExperimentId]) -> Search {
    let mut search = Search::default();
    search.in_experiments("trace.experiment", &experiments.iter().map(|id| id.get()).collect::<Vec<_>>());
    search
}

pub(crate) fn pk(connection: &Connection, id: &TraceId) -> error::Result<Option<i64>> {
    number(connection, "SELECT pk FROM trace WHERE id = ?1", [id.as_str()])
}

/// A JSON array of ids.
fn texts(ids: &[TraceId]) -> String {
    serde_json::Value::from(ids.iter().map(TraceId::as_str).collect::<Vec<_>>()).to_string()
}

fn describe(connection: &Connection, new: &NewTrace) -> error::Result<i64> {
    experiments::require_active(connection, new.experiment)?;
    let pk = number(
        connection,
        "INSERT INTO trace (id, experiment, client_request_id, requested_at, duration, state, request_preview, \
         response_preview, artifact_uri, is_described) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
         ON CONFLICT (id) DO UPDATE SET experiment = excluded.experiment, \
         client_request_id = excluded.client_request_id, requested_at = excluded.requested_at, \
         duration = excluded.duration, state = excluded.state, \
         request_preview = coalesce(excluded.request_preview, request_preview), \
         response_preview = coalesce(excluded.response_preview, response_preview), \
         artifact_uri = excluded.artifact_uri, is_described = is_described OR excluded.is_described RETURNING pk",
        params![
            new.id.as_str(),
            new.experiment.get(),
            new.client_request_id,
            new.requested_at.millis(),
            new.duration,
            new.state.as_str(),
            new.request_preview,
            new.response_preview,
            new.artifact_uri,
            new.is_described,
        ],
    )?;
    let pk = pk.ok_or_else(|| fault::trace_not_found(&new.id))?;
    learn(connection, pk, &new.facts)?;
    Ok(pk)
}

/// Writes what became known.
fn learn(connection: &Connection, pk: i64, facts: &TraceFacts) -> error::Result<()> {
    if facts.name.is_some() || facts.session.is_some() {
        let sql = "UPDATE trace SET name = coalesce(?2, name), session = coalesce(?3, session) WHERE pk = ?1";
        execute(connection, sql, params![pk, facts.name, facts.session])?;
    }
    spans::set_usage(connection, pk, &facts.usage)?;
    TRACE_METADATA.set(connection, pk, &facts.metadata)?;
    TRACE_TAGS.set(connection, pk, &facts.tags)
}

fn apply(connection: &Connection, id: &TraceId, change: &TraceChange) -> error::Result<()> {
    let Some(pk) = pk(connection, id)? else {
        return Err(match change {
            TraceChange::DeleteTag(key) | TraceChange::DeleteName(key) => fault::trace_tag_not_found(id, key),
            _ => fault::trace_not_found(id),
        }
        .into());
    };
    match change {
        TraceChange::SetTag(tag) => TRACE_TAGS.set(connection, pk, std::slice::from_ref(tag)),
        TraceChange::DeleteTag(key) => {
            let removed = TRACE_TAGS.remove(connection, pk, key)?;
            if removed { Ok(()) } else { Err(fault::trace_tag_not_found(id, key).into()) }
        }
        TraceChange::SetName(name) => {
            execute(connection, "UPDATE trace SET name = ?2 WHERE pk = ?1", params![pk, name]).map(drop)
        }
        TraceChange::DeleteName(key) => {
            let removed = execute(connection, "UPDATE trace SET name = NULL WHERE pk = ?1 AND name IS NOT NULL", [pk])?;
            if removed > 0 { Ok(()) } else { Err(fault::trace_tag_not_found(id, key).into()) }
        }
        TraceChange::End { at, state, facts } => {
            let sql = "UPDATE trace SET duration = ?2 - requested_at, state = ?3 WHERE pk = ?1";
            execute(connection, sql, params![pk, at.millis(), state.as_str()])?;
            learn(connection, pk, facts)
        }
        TraceChange::LinkPrompts(prompts) => {
            let sql = "INSERT OR IGNORE INTO trace_prompt (trace, prompt) VALUES (?1, ?2)";
            prompts.iter().try_for_each(|prompt| execute(connection, sql, params![pk, prompt]).map(drop))
        }
    }
}

fn load(connection: &Connection, pks: &[i64]) -> error::Result<Vec<Trace>> {
    let owners = Owners::new(pks);
    let mut traces = owners.rows(connection, "trace.*", "trace ON trace.pk = page.value", read)?;
    TRACE_TAGS.load(connection, &owners, |position, tag| traces[position].tags.push(tag))?;
    TRACE_METADATA.load(connection, &owners, |position, pair| traces[position].metadata.push(pair))?;
    assessments::of_traces(connection, &owners, |position, assessment| traces[position].assessments.push(assessment))?;
    Ok(traces)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Trace> {
    Ok(Trace {
        id: TraceId::parse(&row.get::<_, String>("id")?).map_err(unreadable)?,
        experiment: ExperimentId::new(row.get("experiment")?),
        client_request_id: row.get("client_request_id")?,
        name: row.get("name")?,
        session: row.get("session")?,
        requested_at: Timestamp::from_millis(row.get("requested_at")?),
        duration: row.get("duration")?,
        state: row.parsed("state", TraceState::parse)?,
        request_preview: row.get("request_preview")?,
        response_preview: row.get("response_preview")?,
        usage: trace_usage::read(row)?,
        artifact_uri: row.get("artifact_uri")?,
        is_described: row.get("is_described")?,
        metadata: Vec::new(),
        tags: Vec::new(),
        assessments: Vec::new(),
    })
}
