//! `/mlflow/runs/create-promptlab-run`.

use axum::{Json, routing::post};
use trackside_core::ArtifactPath;
use trackside_mlflow_wire as wire;
use trackside_service::{PromptRunRequest, RunRequest};

use crate::{Door, error::Answer, params::Params, routes::Routes};

/// What only the web UI asks for.
pub(crate) fn ui_routes() -> Routes {
    Routes::new().route("/mlflow/runs/create-promptlab-run", post(create))
}

async fn create(door: Door, Params(body): Params<wire::CreatePromptlabRun>) -> Answer<wire::RunFound> {
    let wire::PromptlabRun { run, has_start, params, tags, table } = body.checked()?;
    let wire::NewRun { experiment, name, user, started_at, tags: first_tags } = run;
    let request = PromptRunRequest {
        run: RunRequest { experiment, name, user, started_at, tags: first_tags },
        has_start,
        params,
        tags,
        file: (ArtifactPath::parse(wire::EVALUATION_TABLE)?, table.into()),
    };
    Ok(Json(wire::RunFound { run: door.service.record_prompt_run(request).await?.into() }))
}
