//! Files of runs: the same as their artifacts, under the same paths. Clients get addresses that authorise themselves.

use axum::{
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use futures_util::TryStreamExt;
use http::{StatusCode, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use trackside_core::{ArtifactPath, Error, ErrorKind, Result, RunId};
use trackside_wandb_wire::signature::Signature;

use crate::{Door, caller::Caller, error::Refusal};

/// Where the addresses lead; the run and the path follow.
pub(crate) const ROUTE: &str = "/wandb/files/{run}/{*path}";

/// What stands for itself in a path of an address.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// The address where a file of a run is read (`GET`) or put (`PUT`) within a day.
pub(crate) fn url(caller: &Caller, method: &str, run: &RunId, path: &ArtifactPath) -> String {
    let door = &caller.door;
    let signature = door.signer.sign(method, &resource(run, path), door.service.now());
    let path = utf8_percent_encode(path.as_str(), PLAIN);
    format!("{}/wandb/files/{run}/{path}?{signature}", caller.base)
}

fn resource(run: &RunId, path: &ArtifactPath) -> String {
    format!("{run}/{path}")
}

/// The file that an address names, if it is signed for this method.
fn allowed(door: &Door, method: &str, run: &str, path: &str, uri: &Uri) -> Result<(RunId, ArtifactPath)> {
    let (run, path) = (RunId::parse(run)?, ArtifactPath::parse(path)?);
    let signature = Signature::parse(uri.query().unwrap_or_default());
    door.signer.check(method, &resource(&run, &path), &signature, door.service.now())?;
    Ok((run, path))
}

pub(crate) async fn put(
    State(door): State<Door>,
    Path((run, path)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let (run, path) = allowed(&door, "PUT", &run, &path, request.uri())?;
    let bytes = request.into_body().into_data_stream();
    // A client that is still there tries again.
    let bytes = bytes.map_err(|error| Error::new(ErrorKind::Unavailable, format!("the upload broke off: {error}")));
    door.service.put_run_artifact(&run, &path, bytes).await?;
    Ok(StatusCode::OK)
}

pub(crate) async fn get(
    State(door): State<Door>,
    Path((run, path)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let (run, path) = allowed(&door, "GET", &run, &path, &uri)?;
    let file = door.service.run_artifact(&run, &path).await?;
    let size = file.size();
    let headers = [
        (header::CONTENT_TYPE, mime(path.file_name()).to_owned()),
        // What clients put here is shown to nobody as a page of this server.
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::CONTENT_LENGTH, size.to_string()),
    ];
    Ok((headers, Body::from_stream(file.read(0..size).await?)).into_response())
}

/// `wandb verify` asks whether a page may read files. Addresses are secrets, so whoever has one may.
pub(crate) async fn options() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, PUT, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "*"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// The type of a file by its name.
pub(crate) fn mime(name: &str) -> &'static str {
    mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream")
}
