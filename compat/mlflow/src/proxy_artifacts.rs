//! `/mlflow-artifacts/*`: files that clients read and write through the server.
//!
//! Bodies are streamed both ways and never held whole, so there is no limit to their size.

use axum::{
    Json,
    body::Body,
    extract::{FromRequestParts, Path},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use futures_util::TryStreamExt;
use http::{HeaderMap, StatusCode, request::Parts};
use trackside_core::{Error, ErrorKind};
use trackside_mlflow_wire::{self as wire, ErrorCode, Failure, artifact_path, request::required};

use crate::{
    Door, download,
    error::{Answer, MlflowError},
    params::Params,
    routes::Routes,
    system::Empty,
};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/mlflow-artifacts/artifacts", get(list))
        .route("/mlflow-artifacts/artifacts/{*path}", get(read).put(write).delete(delete))
        .route("/mlflow-artifacts/mpu/create/{*path}", post(multipart))
        .route("/mlflow-artifacts/mpu/complete/{*path}", post(multipart))
        .route("/mlflow-artifacts/mpu/abort/{*path}", post(multipart))
        .route("/mlflow-artifacts/presigned/{*path}", get(presigned))
}

/// Where the server does not pass artifacts on. MLflow answers 503, which its clients retry for minutes.
pub(crate) fn disabled_routes() -> Routes {
    let refusal = || async {
        let why = "this server was started with --no-serve-artifacts: clients must reach the artifact store themselves";
        MlflowError(Failure::new(ErrorCode::NotImplemented, why))
    };
    Routes::new().route("/mlflow-artifacts/{*path}", any(refusal))
}

/// The rest of the address, decoded once.
struct Rest(String);

impl FromRequestParts<Door> for Rest {
    type Rejection = MlflowError;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Self::Rejection> {
        let Path(rest) = Path::from_request_parts(parts, door).await.map_err(|_| Failure::invalid("Invalid path"))?;
        Ok(Self(rest))
    }
}

/// A refusal in the shape of those routes that MLflow serves outside Flask.
fn detail(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(serde_json::json!({ "detail": message }))).into_response()
}

async fn list(door: Door, Params(query): Params<wire::ListProxiedArtifacts>) -> Answer<wire::ArtifactsFound> {
    let entries = door.service.list_artifacts(&query.checked()?).await?;
    Ok(Json(wire::ArtifactsFound::named(&entries)))
}

async fn read(door: Door, Rest(rest): Rest, headers: HeaderMap) -> Result<Response, MlflowError> {
    let path = artifact_path(&rest)?;
    match door.service.artifact(&path).await {
        Err(error) if error.kind() == ErrorKind::Invalid => {
            Ok(detail(&format!("Artifact path refers to a directory, not a file: '{path}'")))
        }
        found => download::send(found?, &headers).await,
    }
}

async fn write(door: Door, Rest(rest): Rest, body: Body) -> Result<Response, MlflowError> {
    let path = artifact_path(&rest)?;
    if rest.ends_with('/') {
        return Ok(detail("Artifact path must include a filename (cannot end with '/')."));
    }
    let bytes = body.into_data_stream().map_err(|error| Error::invalid(format!("the upload broke off: {error}")));
    door.service.put_artifact(&path, bytes).await?;
    Ok(StatusCode::OK.into_response())
}

async fn delete(door: Door, Rest(rest): Rest) -> Answer<Empty> {
    let path = artifact_path(&rest)?;
    if path.is_root() {
        return Err(Failure::invalid("Invalid path").into());
    }
    door.service.delete_artifact(&path).await?;
    Ok(Json(Empty {}))
}

/// Clients know this text and send the file in one piece.
async fn multipart(Rest(rest): Rest, Params(body): Params<wire::MultipartUpload>) -> Answer<Empty> {
    artifact_path(&rest)?;
    required(body.path, "path")?;
    Err(Failure::new(ErrorCode::NotImplemented, wire::NO_MULTIPART_UPLOAD).into())
}

/// Clients know this text and fetch the file in one piece.
async fn presigned(Rest(rest): Rest) -> Answer<Empty> {
    artifact_path(&rest)?;
    Err(Failure::new(ErrorCode::NotImplemented, wire::NO_MULTIPART_DOWNLOAD).into())
}
