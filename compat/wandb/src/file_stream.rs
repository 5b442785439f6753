//! `POST /files/{entity}/{project}/{run}/file_stream`: what happens in a run, in one store transaction per request.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, Request, State},
};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use trackside_core::{
    Document, Error, Event, Key, Line, LineQuery, Lines, MAX_LINE_NUMBER, MetricPoint, PageRequest, Point, Result, Run,
    RunId, RunStatus, RunUpdate, Tag, Timestamp,
};
use trackside_service::Service;
use trackside_wandb_wire::{
    file_stream::{self as wire, FileStreamRequest},
    row::Row,
    run_name::ProjectName,
    run_tag, summary,
};

use crate::{Door, error::Refusal, project::Project, records, runs};

/// Larger requests are read on a thread where nobody waits.
const LARGE: usize = 64 << 10;

pub(crate) async fn answer(
    State(door): State<Door>,
    Path((entity, project, name)): Path<(String, String, String)>,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let (parts, body) = request.into_parts();
    door.admit(&parts.headers).await?;
    let held = door.bodies.read(body).await?;
    let service = &door.service;
    let project = Project::named(service, ProjectName::new(Some(&entity), Some(&project))).await?;
    let run = runs::named(service, &project, &name).await?;
    let id = run.info.id.clone();
    let now = service.now();
    let is_asked_to_stop = run_tag::value(&run, run_tag::STOP).is_some_and(|value| !value.is_empty());
    let (bytes, writer) = (held.bytes(), writer(&parts.headers)?);
    let told = if bytes.len() > LARGE {
        let read = tokio::task::spawn_blocking(move || read(&bytes, writer, &run, now)).await;
        read.map_err(|_| Error::internal("a request could not be read"))??
    } else {
        read(&bytes, writer, &run, now)?
    };
    refuse_gaps(service, &id, &told.events).await?;
    if !told.events.is_empty() {
        service.append(&id, told.events).await?;
    }
    if told.is_unprojected {
        project_summary(service, &id, now).await?;
    }
    if told.goes_on {
        door.pulse.heard(&id, now);
    } else {
        door.pulse.ended(&id);
    }
    Ok(Json(if is_asked_to_stop && told.goes_on { json!({ "stopped": true }) } else { json!({}) }))
}

/// Rows of who writes alone follow each other: behind a gap some would be missing for good. Processes that share a run
/// begin where they like, and consoles leave lines out.
async fn refuse_gaps(service: &Service, run: &RunId, events: &[Event]) -> Result<()> {
    for event in events {
        let Event::Lines(lines) = event else { continue };
        let Some(before) = lines.first.checked_sub(1) else { continue };
        if !lines.writer.as_str().is_empty() || lines.stream.as_str() == records::OUTPUT {
            continue;
        }
        let (stream, writer) = (lines.stream.clone(), Some(lines.writer.clone()));
        let query = LineQuery { run: run.clone(), stream, writer, from: before, steps: None };
        let found = service.lines(query, PageRequest { limit: 1, after: None }).await?;
        if found.items.first().is_some_and(|line| line.number == before) {
            continue;
        }
        // Clients that resume go on behind the last line of whoever has written.
        let end = records::end(&service.line_extents(run).await?, lines.stream.as_str());
        if lines.first > end {
            return Err(Error::invalid(format!(
                "line {} of {} leaves a gap: the next one is {end}",
                lines.first, lines.stream
            )));
        }
    }
    Ok(())
}

/// Who writes, where several processes share a run: each numbers its lines itself.
fn writer(headers: &HeaderMap) -> Result<Key> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_shared = text("x-wandb-use-async-filestream").eq_ignore_ascii_case("true");
    Key::new(if is_shared { text("x-wandb-async-client-id") } else { "" })
}

/// What a request says.
struct Told {
    events: Vec<Event>,
    /// Whether the run lives.
    goes_on: bool,
    /// Whether it has ended, and its summary had come before.
    is_unprojected: bool,
}

fn read(body: &Bytes, writer: Key, run: &Run, now: Timestamp) -> Result<Told> {
    // A list would be read as one without fields.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Error::invalid("the request is not one of a file stream: it is no object"));
    }
    let request: FileStreamRequest = serde_json::from_slice(body)
        .map_err(|error| Error::invalid(format!("the request is not one of a file stream: {error}")))?;
    let mut told = Telling { writer, now, points: Vec::new(), events: Vec::new() };
    let mut latest_summary = None;
    let is_empty = request.files.is_empty();
    for (stream, lines) in request.files {
        let end = lines.offset.checked_add(lines.content.len() as u64);
        if end.is_none_or(|end| end > MAX_LINE_NUMBER) {
            return Err(Error::invalid(format!("{} is no number of a line of {stream}", lines.offset)));
        }
        match stream.as_str() {
            wire::HISTORY => told.rows(records::HISTORY, lines, Row::of_history)?,
            wire::EVENTS => told.rows(records::EVENTS, lines, Row::of_events)?,
            wire::OUTPUT => told.lines(records::OUTPUT, lines)?,
            wire::SUMMARY => latest_summary = lines.content.into_iter().next_back(),
            other => tracing::debug!(stream = other, "a stream that nobody reads is passed over"),
        }
    }
    let is_over = request.complete == Some(true);
    let is_unprojected = is_over && latest_summary.is_none();
    if let Some(text) = latest_summary {
        told.summary(text, run, is_over)?;
    }
    let mut events = told.events;
    events.push(Event::Points(told.points));
    // Files may be told of after the end.
    let only_files = is_empty && !request.uploaded.is_empty() && request.preempting != Some(true);
    let goes_on = !is_over && (!only_files || run.info.status == RunStatus::Running);
    if is_over {
        events.extend(ended(request.exitcode.unwrap_or(0), run, now)?);
    } else if goes_on {
        events.extend(going_on(request.preempting == Some(true), run)?);
    }
    events.retain(|event| !matches!(event, Event::Points(points) if points.is_empty()));
    Ok(Told { events, goes_on, is_unprojected })
}

/// What is gathered from the streams of a request.
struct Telling {
    writer: Key,
    now: Timestamp,
    points: Vec<MetricPoint>,
    events: Vec<Event>,
}

impl Telling {
    fn rows(&mut self, stream: &str, lines: wire::Lines, parse: fn(&str, u64, Timestamp) -> Result<Row>) -> Result<()> {
        let mut kept = Vec::with_capacity(lines.content.len());
        for (number, text) in (lines.offset..).zip(lines.content) {
            let row = parse(&text, number, self.now)
                .map_err(|error| Error::invalid(format!("line {number} of {stream}: {}", error.message())))?;
            self.points.extend(row.points);
            kept.push(Line { step: row.step, text });
        }
        self.keep(stream, lines.offset, kept)
    }

    fn lines(&mut self, stream: &str, lines: wire::Lines) -> Result<()> {
        // Clients up to 0.17 send the end of a line with it.
        let line = |text: String| Line { step: None, text: text.trim_end_matches(['\n', '\r']).to_owned() };
        let kept = lines.content.into_iter().map(line).collect();
        self.keep(stream, lines.offset, kept)
    }

    fn keep(&mut self, stream: &str, first: u64, lines: Vec<Line>) -> Result<()> {
        if !lines.is_empty() {
            let lines = Lines { stream: records::key(stream)?, writer: self.writer.clone(), first, lines };
            self.events.push(Event::Lines(lines));
        }
        Ok(())
    }

    /// While the run goes on a summary is ahead of the rows, which would be points twice: once at the wrong step.
    fn summary(&mut self, text: String, run: &Run, is_over: bool) -> Result<()> {
        let summary = summary::parse(&text)
            .map_err(|error| Error::invalid(format!("the summary of the run: {}", error.message())))?;
        if is_over {
            let mut latest = latest(run);
            for metric in &self.points {
                let known = latest.entry(metric.key.clone()).or_insert(metric.point);
                if metric.point.recency(known).is_gt() {
                    *known = metric.point;
                }
            }
            self.points.extend(summary::points(&summary, &latest, self.now));
        }
        self.events.push(Event::Document(Document { name: records::key(records::SUMMARY)?, text }));
        Ok(())
    }
}

fn latest(run: &Run) -> BTreeMap<Key, Point> {
    run.metrics.iter().map(|metric| (metric.key.clone(), metric.point)).collect()
}

/// Makes points of what the summary of a run says beyond its rows. Harmless to repeat.
async fn project_summary(service: &Service, id: &RunId, now: Timestamp) -> Result<()> {
    let document = service.documents(vec![id.clone()], &records::key(records::SUMMARY)?).await?.pop().flatten();
    let Some(document) = document else { return Ok(()) };
    let points = summary::points(&summary::parse(&document)?, &latest(&service.run(id).await?), now);
    if points.is_empty() { Ok(()) } else { service.append(id, vec![Event::Points(points)]).await }
}

fn ended(exit_code: i32, run: &Run, now: Timestamp) -> Result<Vec<Event>> {
    let status = if exit_code == 0 { RunStatus::Finished } else { RunStatus::Failed };
    let update = RunUpdate { status: Some(status), ended_at: Some(now), name: None };
    let mut tags = vec![Tag::new(run_tag::EXIT_CODE, exit_code.to_string())?];
    tags.extend(emptied(run, &[run_tag::STATE, run_tag::STOP])?);
    Ok(vec![Event::Updated(update), Event::Tags(tags)])
}

fn going_on(is_preempting: bool, run: &Run) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    if run.info.status != RunStatus::Running || run.info.ended_at.is_some() {
        events.push(Event::Resumed);
    }
    let tags = if is_preempting {
        vec![Tag::new(run_tag::STATE, run_tag::PREEMPTING)?]
    } else if run_tag::value(run, run_tag::STATE) == Some(run_tag::CRASHED) {
        emptied(run, &[run_tag::STATE])?
    } else {
        Vec::new()
    };
    if !tags.is_empty() {
        events.push(Event::Tags(tags));
    }
    Ok(events)
}

/// Empties tags that say something. They are not removed: another request may just have done so.
fn emptied(run: &Run, keys: &[&str]) -> Result<Vec<Tag>> {
    let speaking = keys.iter().filter(|key| run_tag::value(run, key).is_some_and(|value| !value.is_empty()));
    speaking.map(|key| Tag::new(*key, "")).collect()
}
