//! `/mlflow/traces` and below.

use std::time::Duration;

use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
    routing::{get, patch, post},
};
use http::{
    HeaderMap,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
};
use trackside_core::{ArtifactPath, ErrorKind, Span, Trace, TraceId};
use trackside_mlflow_wire::{
    self as wire, ErrorCode, Failure, existing_trace_id,
    otlp::{self, SpansFound, TraceOfSpans, TracesOfSpans},
};

use crate::{
    Door, content_type, download,
    error::{Answer, MlflowError},
    params::Params,
    routes::Routes,
    system::Empty,
};

/// What MLflow calls the file with the spans of a trace.
const SPANS_FILE: &str = "traces.json";
/// How long to wait for spans, as MLflow does.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];
/// Most bytes of spans in one answer: they are held in memory, some three times over.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Below the prefixes of version 2.0.
pub(crate) fn routes_v2() -> Routes {
    Routes::new()
        .route("/mlflow/traces", post(begin).get(search_v2))
        .route("/mlflow/traces/delete-traces", post(delete))
        .route("/mlflow/traces/link-to-run", post(link_to_run))
        .route("/mlflow/traces/link-prompts", post(link_prompts))
        .route("/mlflow/traces/{id}", patch(end))
        .route("/mlflow/traces/{id}/info", get(by_id_v2))
        .route("/mlflow/traces/{id}/tags", patch(set_tag).delete(delete_tag))
}

/// Below the prefixes of version 3.0.
pub(crate) fn routes_v3() -> Routes {
    Routes::new()
        .route("/mlflow/traces", post(start))
        .route("/mlflow/traces/delete-traces", post(delete))
        .route("/mlflow/traces/search", post(search))
        .route("/mlflow/traces/metrics", post(metrics))
        .route("/mlflow/traces/calculate-filter-correlation", post(correlation))
        .route("/mlflow/traces/get", get(with_spans))
        .route("/mlflow/traces/batchGet", get(several_with_spans))
        .route("/mlflow/traces/batchGetInfos", post(infos))
        .route("/mlflow/traces/{id}", get(by_id))
        .route("/mlflow/traces/{id}/tags", patch(set_tag).delete(delete_tag))
}

/// What clients have no method for.
pub(crate) fn ui_routes() -> Routes {
    Routes::new().route("/mlflow/get-trace-artifact", get(artifact))
}

/// A client tells once more what it has told: assessments that are known are passed over.
async fn start(door: Door, Params(mut body): Params<wire::StartTrace>) -> Answer<wire::TraceFound> {
    let told = body.take_assessments();
    let new = body.checked()?;
    let mut assessments = Vec::with_capacity(told.len());
    for assessment in told {
        let (id, now) = door.service.fresh_assessment()?;
        assessments.push(assessment.checked(new.id.clone(), id, now)?);
    }
    let trace = door.service.describe_trace(new).await?;
    if assessments.is_empty() {
        return Ok(Json(trace.into()));
    }
    for assessment in assessments {
        match door.service.create_assessment(assessment).await {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
    }
    Ok(Json(door.service.trace(&trace.id).await?.into()))
}

async fn by_id(door: Door, Path(id): Path<String>) -> Answer<wire::TraceFound> {
    Ok(Json(door.service.trace(&existing_trace_id(&id)?).await?.into()))
}

async fn search(door: Door, Params(body): Params<wire::SearchTraces>) -> Answer<wire::TracesFoundV3> {
    let (experiments, query, page) = body.checked()?;
    Ok(Json(door.service.search_traces(experiments, query, page).await?.into()))
}

async fn metrics(door: Door, Params(body): Params<wire::QueryTraceMetrics>) -> Answer<wire::TraceMetricsFound> {
    let wire::MetricQuestion { query, shown } = body.checked()?;
    let groups = door.service.measure_traces(query).await?;
    Ok(Json(wire::TraceMetricsFound::of(&shown, groups)))
}

async fn correlation(door: Door, Params(body): Params<wire::CorrelateFilters>) -> Answer<wire::FilterCorrelation> {
    let (experiments, filters) = body.checked()?;
    let counts = door.service.count_traces(experiments, filters).await?;
    Ok(Json(wire::FilterCorrelation::of(&counts)))
}

async fn begin(door: Door, Params(body): Params<wire::StartTraceV2>) -> Answer<wire::TraceFoundV2> {
    Ok(Json(door.service.begin_trace(body.checked()?).await?.into()))
}

async fn end(door: Door, Path(id): Path<String>, Params(body): Params<wire::EndTrace>) -> Answer<wire::TraceFoundV2> {
    let (id, change) = (existing_trace_id(&id)?, body.checked()?);
    door.service.change_trace(&id, change).await?;
    Ok(Json(door.service.trace(&id).await?.into()))
}

async fn by_id_v2(door: Door, Path(id): Path<String>) -> Answer<wire::TraceFoundV2> {
    Ok(Json(door.service.trace(&existing_trace_id(&id)?).await?.into()))
}

async fn search_v2(door: Door, Params(query): Params<wire::SearchTracesV2>) -> Answer<wire::TracesFoundV2> {
    let (experiments, query, page) = query.checked()?;
    Ok(Json(door.service.search_traces(experiments, query, page).await?.into()))
}

async fn link_to_run(door: Door, Params(body): Params<wire::LinkTracesToRun>) -> Answer<Empty> {
    door.service.link_traces(body.checked()?).await?;
    Ok(Json(Empty {}))
}

async fn link_prompts(door: Door, Params(body): Params<wire::LinkPrompts>) -> Answer<Empty> {
    let (id, change) = body.checked()?;
    door.service.change_trace(&id, change).await?;
    Ok(Json(Empty {}))
}

/// Spans are exported apart from their trace, so those that are missing may be on their way.
async fn with_spans(door: Door, Params(query): Params<wire::GetTrace>) -> Answer<SpansFound> {
    let (id, allow_partial) = query.checked()?;
    let mut waits = WAITS.into_iter();
    loop {
        let (trace, spans) = trace_and_spans(&door, &id).await?;
        if allow_partial || TraceOfSpans::is_complete(&trace, spans.len()) {
            return Ok(Json(SpansFound { trace: TraceOfSpans::of(trace, &spans) }));
        }
        let Some(wait) = waits.next() else {
            let why = format!("Trace with ID {id} is not fully exported yet, please try again later.");
            return Err(Failure::new(ErrorCode::ResourceDoesNotExist, why).into());
        };
        tokio::time::sleep(wait).await;
    }
}

async fn trace_and_spans(door: &Door, id: &TraceId) -> Result<(Trace, Vec<Span>), MlflowError> {
    let trace = door.service.traces(vec![id.clone()], None).await?.pop();
    let absent = || Failure::new(ErrorCode::ResourceDoesNotExist, format!("Trace with ID {id} is not found."));
    let trace = trace.ok_or_else(absent)?;
    if !TraceOfSpans::is_here(&trace) {
        // MLflow answers 500, which its clients send again for minutes.
        return Err(Failure::new(ErrorCode::ResourceDoesNotExist, "Trace data not stored in tracking store").into());
    }
    let spans = door.service.spans(id).await?;
    Ok((trace, spans))
}

/// What is not complete is left out.
async fn several_with_spans(door: Door, Params(query): Params<wire::BatchGetTraces>) -> Answer<TracesOfSpans> {
    let (ids, experiments) = query.checked()?;
    let (mut traces, mut bytes) = (Vec::new(), 0);
    for trace in door.service.traces(ids, experiments).await? {
        let spans = if TraceOfSpans::is_here(&trace) { door.service.spans(&trace.id).await? } else { Vec::new() };
        bytes += spans.iter().map(|span| span.document.len()).sum::<usize>();
        if bytes > MAX_ANSWER_BYTES {
            return Err(Failure::invalid(format!(
                "The spans of these traces are longer than {MAX_ANSWER_BYTES} bytes. Ask for fewer traces at once."
            ))
            .into());
        }
        if TraceOfSpans::is_complete(&trace, spans.len()) {
            traces.push(TraceOfSpans::of(trace, &spans));
        }
    }
    Ok(Json(TracesOfSpans { traces }))
}

async fn infos(door: Door, Params(body): Params<wire::BatchGetTraceInfos>) -> Answer<wire::TraceInfosFound> {
    let (ids, experiments) = body.checked()?;
    Ok(Json(door.service.traces(ids, experiments).await?.into()))
}

async fn delete(door: Door, Params(body): Params<wire::DeleteTraces>) -> Answer<wire::TracesDeleted> {
    let (experiment, selection) = body.checked()?;
    let traces_deleted = door.service.delete_traces(experiment, selection).await?;
    Ok(Json(wire::TracesDeleted { traces_deleted }))
}

async fn set_tag(door: Door, Path(id): Path<String>, Params(body): Params<wire::TraceTag>) -> Answer<Empty> {
    let change = body.set()?;
    door.service.change_trace(&existing_trace_id(&id)?, change).await?;
    Ok(Json(Empty {}))
}

async fn delete_tag(door: Door, Path(id): Path<String>, Params(body): Params<wire::TraceTag>) -> Answer<Empty> {
    let change = body.delete()?;
    door.service.change_trace(&existing_trace_id(&id)?, change).await?;
    Ok(Json(Empty {}))
}

async fn artifact(
    door: Door,
    headers: HeaderMap,
    Params(query): Params<wire::GetTraceArtifact>,
) -> Result<Response, MlflowError> {
    let (id, artifact) = query.checked()?;
    let trace = door.service.traces(vec![id.clone()], None).await?.pop();
    let absent = || Failure::new(ErrorCode::ResourceDoesNotExist, format!("Trace with ID {id} is not found."));
    let trace = trace.ok_or_else(absent)?;
    let path = match artifact {
        wire::TraceArtifact::Attachment(path) => path,
        wire::TraceArtifact::Spans if TraceOfSpans::is_here(&trace) => {
            let file = otlp::spans_file(&door.service.spans(&id).await?);
            let disposition = content_type::attachment(SPANS_FILE);
            let names = [(CONTENT_TYPE, content_type::of_name(SPANS_FILE)), (CONTENT_DISPOSITION, &disposition)];
            return Ok((names, file).into_response());
        }
        wire::TraceArtifact::Spans => ArtifactPath::parse(SPANS_FILE)?,
    };
    let file = door.service.trace_artifact(&trace, &path).await;
    let file = file.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::new(ErrorCode::NotFound, format!("Trace data not found for path={path}")),
        _ => error.into(),
    })?;
    download::send(file, &headers).await
}
