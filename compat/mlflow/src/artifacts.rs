//! Files of runs and model versions, as clients list them and the web UI shows them.

use axum::{
    Json,
    extract::Request,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::stream;
use http::{HeaderMap, HeaderName, header};
use trackside_core::LoggedModelId;
use trackside_mlflow_wire::{
    self as wire, Failure, artifact_path, existing_run_id,
    request::{from_query, required},
};

use crate::{
    Door, download,
    error::{Answer, MlflowError},
    params::{Params, query_pairs},
    routes::Routes,
    system::Empty,
};

/// Most bytes of a file that the web UI uploads (`upload_artifact_handler`, MLflow 3.17.2).
const MAX_UPLOAD_BYTES: usize = 10 * 1024 * 1024;

/// Browsers may keep the file, but ask each time whether it is still the same.
const REVALIDATED: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-cache")];

/// Below the prefixes.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/mlflow/artifacts/list", get(list))
        .route("/mlflow/artifacts/presigned-upload-url", post(presigned_upload))
        .route("/mlflow/artifacts/presigned-download-url", post(presigned_download))
        .route("/mlflow/upload-artifact", post(upload))
}

/// Below no prefix.
pub(crate) fn root_routes() -> Routes {
    Routes::new().route("/get-artifact", get(of_run)).route("/model-versions/get-artifact", get(of_version))
}

async fn list(door: Door, Params(query): Params<wire::ListArtifacts>) -> Answer<wire::ArtifactsFound> {
    let (run, directory) = query.checked()?;
    let (root, entries) = door.service.list_run_artifacts(&run, &directory).await?;
    Ok(Json(wire::ArtifactsFound::below(root, entries)))
}

async fn of_run(
    door: Door,
    headers: HeaderMap,
    Params(query): Params<wire::GetArtifact>,
) -> Result<Response, MlflowError> {
    let (run, path) = query.checked()?;
    let file = door.service.run_artifact(&run, &path).await?;
    Ok((REVALIDATED, download::send(file, &headers).await?).into_response())
}

async fn of_version(
    door: Door,
    headers: HeaderMap,
    Params(query): Params<wire::GetVersionArtifact>,
) -> Result<Response, MlflowError> {
    let (model, number, path) = query.checked()?;
    let file = door.service.version_artifact(&model, number, &path).await?;
    Ok((REVALIDATED, download::send(file, &headers).await?).into_response())
}

async fn upload(door: Door, request: Request) -> Result<Response, MlflowError> {
    let query = query_pairs(request.uri().query().unwrap_or_default());
    let (run, path) = from_query::<wire::UploadArtifact>(query)?.checked()?;
    let held = door.bodies.read_at_most(request.into_body(), MAX_UPLOAD_BYTES).await?;
    if held.is_empty() {
        return Err(Failure::invalid("Request must specify data.").into());
    }
    door.service.put_run_artifact(&run, &path, stream::iter([Ok(held.bytes())])).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], ()).into_response())
}

async fn presigned_upload(door: Door, Params(body): Params<wire::PresignedUrl>) -> Answer<Empty> {
    artifact_path(&required(body.path, "path")?)?;
    let given = |id: Option<String>| id.filter(|id| !id.is_empty());
    let root = match (given(body.run_id), given(body.model_id)) {
        (Some(run), None) => door.service.run(&existing_run_id(&run)?).await?.info.artifact_uri,
        (None, Some(model)) => door.service.logged_model(&LoggedModelId::parse(&model)?, false).await?.artifact_uri,
        _ => return Err(Failure::invalid("Exactly one of run_id and model_id must be provided.").into()),
    };
    Err(wire::no_presigned_upload(&root).into())
}

async fn presigned_download(door: Door, Params(body): Params<wire::PresignedUrl>) -> Answer<Empty> {
    let run = existing_run_id(&required(body.run_id, "run_id")?)?;
    artifact_path(&required(body.path, "path")?)?;
    let root = door.service.run(&run).await?.info.artifact_uri;
    Err(wire::no_presigned_download(&root).into())
}
