//! `/mlflow/runs/log-*` and the like: what clients log to runs. The hot path of the server.

use axum::{Json, routing::post};
use trackside_core::{ErrorKind, Event, Key, RunId, fault};
use trackside_mlflow_wire::{self as wire, ErrorCode, Failure};

use crate::{
    Door,
    error::{Answer, MlflowError},
    params::Params,
    routes::Routes,
    system::Empty,
};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/mlflow/runs/log-metric", post(log_metric))
        .route("/mlflow/runs/log-parameter", post(log_parameter))
        .route("/mlflow/runs/log-batch", post(log_batch))
        .route("/mlflow/runs/set-tag", post(set_tag))
        .route("/mlflow/runs/delete-tag", post(delete_tag))
        .route("/mlflow/runs/log-inputs", post(log_inputs))
        .route("/mlflow/runs/outputs", post(log_outputs))
        .route("/mlflow/runs/log-model", post(log_model))
}

async fn log_metric(door: Door, Params(body): Params<wire::LogMetric>) -> Answer<Empty> {
    let (id, event) = body.checked()?;
    append(&door, &id, vec![event]).await
}

async fn log_parameter(door: Door, Params(body): Params<wire::LogParameter>) -> Answer<Empty> {
    let (id, event) = body.checked()?;
    append(&door, &id, vec![event]).await
}

async fn log_batch(door: Door, Params(body): Params<wire::LogBatch>) -> Answer<Empty> {
    let (id, events) = body.checked()?;
    let params = match events.first() {
        Some(Event::Params(params)) => params.clone(),
        _ => Vec::new(),
    };
    match append(&door, &id, events).await {
        // Rare, so that looking again for what the message lists costs nobody.
        Err(MlflowError(refused)) if !params.is_empty() && refused.message.starts_with(wire::PARAM_CHANGED) => {
            let run = door.service.run(&id).await?;
            Err(wire::changed_params(&run, &params).unwrap_or(refused).into())
        }
        answer => answer,
    }
}

async fn set_tag(door: Door, Params(body): Params<wire::RunTag>) -> Answer<Empty> {
    let (id, events) = body.set()?;
    append(&door, &id, events).await
}

async fn delete_tag(door: Door, Params(body): Params<wire::RunTag>) -> Answer<Empty> {
    let (id, events) = body.delete()?;
    door.service.append(&id, events).await?;
    Ok(Json(Empty {}))
}

async fn log_inputs(door: Door, Params(body): Params<wire::LogInputs>) -> Answer<Empty> {
    let (id, events) = body.checked()?;
    append(&door, &id, events).await
}

async fn log_outputs(door: Door, Params(body): Params<wire::LogOutputs>) -> Answer<Empty> {
    let (id, event) = body.checked()?;
    append(&door, &id, vec![event]).await
}

async fn log_model(door: Door, Params(body): Params<wire::LogModel>) -> Answer<Empty> {
    let (id, entry) = body.checked()?;
    let tag = Key::new(wire::MODELS_TAG)?;
    door.service.update_run_tag(&id, tag, |present| wire::with_model(present, &entry)).await?;
    Ok(Json(Empty {}))
}

/// Appends to a run. A logged model that an event names and that does not exist is a fault of the request.
async fn append(door: &Door, id: &RunId, events: Vec<Event>) -> Answer<Empty> {
    door.service.append(id, events).await.map_err(|error| {
        let is_run = error.message() == fault::run_not_found(id).message();
        let is_model = error.kind() == ErrorKind::NotFound && !is_run;
        let failure = Failure::from(error);
        MlflowError(if is_model { failure.with_code(ErrorCode::BadRequest) } else { failure })
    })?;
    Ok(Json(Empty {}))
}
