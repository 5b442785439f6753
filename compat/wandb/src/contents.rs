//! Contents of artifacts, by digest, and manifests. Clients get addresses that authorise themselves.

use axum::{
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http::{HeaderMap, StatusCode, Uri, header};
use trackside_core::{ArtifactPath, BundleId, Error, ErrorKind, Result};
use trackside_service::{ContentDigest, Service};
use trackside_wandb_wire::{manifest, signature::Signature};

use crate::{Door, caller::Caller, error::Refusal};

/// Where contents are put and read.
pub(crate) const ROUTE: &str = "/wandb/contents/{digest}";
/// Where manifests are read.
pub(crate) const MANIFEST_ROUTE: &str = "/wandb/manifests/{bundle}";
/// Where clients look for a content when an address does not work any more.
pub(crate) const FALLBACK_ROUTE: &str =
    "/artifactsV2/{region}/{entity}/{project}/{collection}/{artifact}/{digest}/{name}";

/// Entries of a manifest read at once.
const PAGE: usize = 1_000;

/// The address where a content is read (`GET`) or put (`PUT`) within a day.
pub(crate) fn url(caller: &Caller, method: &str, digest: &ContentDigest) -> String {
    let door = &caller.door;
    let signature = door.signer.sign(method, &resource(digest), door.service.now());
    format!("{}/wandb/contents/{digest}?{signature}", caller.base)
}

/// The address of the manifest of an artifact.
pub(crate) fn manifest_url(caller: &Caller, bundle: BundleId) -> String {
    let door = &caller.door;
    let signature = door.signer.sign("GET", &manifest_resource(bundle), door.service.now());
    format!("{}/wandb/manifests/{bundle}?{signature}", caller.base)
}

// No run is called so, so that no address of a file is one of a content.
fn resource(digest: &ContentDigest) -> String {
    format!("//content/{digest}")
}

fn manifest_resource(bundle: BundleId) -> String {
    format!("//manifest/{bundle}")
}

fn check(door: &Door, method: &str, resource: &str, uri: &Uri) -> Result<()> {
    let signature = Signature::parse(uri.query().unwrap_or_default());
    door.signer.check(method, resource, &signature, door.service.now())
}

pub(crate) async fn put(
    State(door): State<Door>,
    Path(digest): Path<String>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let digest = ContentDigest::from_hex(&digest)?;
    check(&door, "PUT", &resource(&digest), request.uri())?;
    let bytes = request.into_body().into_data_stream();
    // A client that is still there tries again.
    let bytes = bytes.map_err(|error| Error::new(ErrorKind::Unavailable, format!("the upload broke off: {error}")));
    door.service.put_content(&digest, bytes).await?;
    Ok(StatusCode::OK)
}

pub(crate) async fn get(State(door): State<Door>, Path(digest): Path<String>, uri: Uri) -> Result<Response, Refusal> {
    let digest = ContentDigest::from_hex(&digest)?;
    check(&door, "GET", &resource(&digest), &uri)?;
    Ok(content(&door.service, &digest).await?)
}

pub(crate) async fn fallback(
    State(door): State<Door>,
    Path((_, _, _, _, _, digest, _)): Path<(String, String, String, String, String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    door.admit(&headers).await?;
    Ok(content(&door.service, &ContentDigest::from_hex(&digest)?).await?)
}

async fn content(service: &Service, digest: &ContentDigest) -> Result<Response> {
    let file = service.content(digest).await?;
    let size = file.size();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, size.to_string()),
        (header::ETAG, format!("\"{digest}\"")),
    ];
    Ok((headers, Body::from_stream(file.read(0..size).await?)).into_response())
}

pub(crate) async fn get_manifest(
    State(door): State<Door>,
    Path(bundle): Path<i64>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let bundle = BundleId::new(bundle);
    check(&door, "GET", &manifest_resource(bundle), &uri)?;
    door.service.bundle(bundle).await?;
    let headers = [(header::CONTENT_TYPE, "application/json")];
    Ok((headers, Body::from_stream(written(door.service, bundle))).into_response())
}

/// A manifest, a page of entries at a time.
fn written(service: Service, bundle: BundleId) -> impl Stream<Item = Result<Bytes>> {
    let state = Some((service, None::<ArtifactPath>));
    futures_util::stream::try_unfold(state, move |state| async move {
        let Some((service, after)) = state else { return Ok(None) };
        let files = service.bundle_files(bundle, after.as_ref(), PAGE).await?;
        let mut text = String::new();
        if after.is_none() {
            text.push_str(manifest::HEAD);
        }
        for (number, file) in files.iter().enumerate() {
            if number > 0 || after.is_some() {
                text.push(',');
            }
            text.push_str(&manifest::entry(file));
        }
        let last = files.last().filter(|_| files.len() == PAGE).map(|file| file.path.clone());
        if last.is_none() {
            text.push_str(manifest::TAIL);
        }
        Ok(Some((Bytes::from(text), last.map(|path| (service, Some(path))))))
    })
}
