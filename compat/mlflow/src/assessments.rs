//! `/mlflow/traces/<id>/assessments` and below.

use axum::{
    Json,
    extract::Path,
    routing::{get, post},
};
use trackside_core::{AssessmentChange, AssessmentId, TraceId};
use trackside_mlflow_wire::{self as wire, existing_trace_id};

use crate::{Door, error::Answer, params::Params, routes::Routes, system::Empty};

pub(crate) fn routes_v3() -> Routes {
    Routes::new()
        .route("/mlflow/traces/{id}/assessments", post(create))
        .route("/mlflow/traces/{id}/assessments/{assessment}", get(by_id).patch(update).delete(remove))
}

async fn create(
    door: Door,
    Path(trace): Path<String>,
    Params(body): Params<wire::CreateAssessment>,
) -> Answer<wire::AssessmentFound> {
    let (id, now) = door.service.fresh_assessment()?;
    let new = body.checked(existing_trace_id(&trace)?, id, now)?;
    Ok(Json(door.service.create_assessment(new).await?.into()))
}

async fn by_id(door: Door, Path(path): Path<(String, String)>) -> Answer<wire::AssessmentFound> {
    let (trace, id) = ids(path)?;
    Ok(Json(door.service.assessment(&trace, &id).await?.into()))
}

async fn update(
    door: Door,
    Path(path): Path<(String, String)>,
    Params(body): Params<wire::UpdateAssessment>,
) -> Answer<wire::AssessmentFound> {
    let (trace, id) = ids(path)?;
    door.service.change_assessment(&trace, &id, AssessmentChange::Update(body.checked()?)).await?;
    Ok(Json(door.service.assessment(&trace, &id).await?.into()))
}

async fn remove(door: Door, Path(path): Path<(String, String)>) -> Answer<Empty> {
    let (trace, id) = ids(path)?;
    door.service.change_assessment(&trace, &id, AssessmentChange::Delete).await?;
    Ok(Json(Empty {}))
}

fn ids((trace, id): (String, String)) -> Result<(TraceId, AssessmentId), wire::Failure> {
    Ok((existing_trace_id(&trace)?, AssessmentId::new(id)))
}
