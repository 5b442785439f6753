//! `/mlflow/runs/*`: creating, finding and changing runs. What is logged to them is in `run_logging.rs`.

use axum::{Extension, Json, routing::get, routing::post};
use trackside_core::{Event, Tag};
use trackside_mlflow_wire as wire;
use trackside_service::{Invocation, RunRequest};

use crate::{Door, error::Answer, params::Params, routes::Routes, system::Empty};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/mlflow/runs/create", post(create))
        .route("/mlflow/runs/get", get(by_id))
        .route("/mlflow/runs/search", post(search))
        .route("/mlflow/runs/update", post(update))
        .route("/mlflow/runs/delete", post(delete))
        .route("/mlflow/runs/restore", post(restore))
}

async fn create(
    door: Door,
    invocation: Option<Extension<Invocation>>,
    Params(body): Params<wire::CreateRun>,
) -> Answer<wire::RunFound> {
    let wire::NewRun { experiment, name, user, started_at, mut tags } = body.checked()?;
    if let Some(Extension(invocation)) = invocation
        && tags.iter().all(|tag| tag.key.as_str() != Invocation::TAG)
    {
        tags.push(Tag::new(Invocation::TAG, invocation.as_str())?);
    }
    let run = door.service.create_run(RunRequest { experiment, name, user, started_at, tags }).await?;
    Ok(Json(wire::RunFound::created(run)))
}

async fn by_id(door: Door, Params(query): Params<wire::RunById>) -> Answer<wire::RunFound> {
    let run = door.service.run(&query.checked()?).await?;
    Ok(Json(wire::RunFound { run: run.into() }))
}

async fn search(door: Door, Params(body): Params<wire::SearchRuns>) -> Answer<wire::RunsFound> {
    let (experiments, query, page) = body.checked()?;
    Ok(Json(door.service.search_runs(experiments, query, page).await?.into()))
}

async fn update(door: Door, Params(body): Params<wire::UpdateRun>) -> Answer<wire::RunUpdated> {
    let (id, event) = body.checked()?;
    door.service.append(&id, vec![event]).await?;
    Ok(Json(wire::RunUpdated { run_info: door.service.run(&id).await?.info.into() }))
}

async fn delete(door: Door, Params(body): Params<wire::RunById>) -> Answer<Empty> {
    door.service.delete_run(&body.checked()?).await?;
    Ok(Json(Empty {}))
}

async fn restore(door: Door, Params(body): Params<wire::RunById>) -> Answer<Empty> {
    door.service.append(&body.checked()?, vec![Event::Restored]).await?;
    Ok(Json(Empty {}))
}
