//! Stored files as answers: streamed, in part where asked, with validators.

use std::time::{Duration, UNIX_EPOCH};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use trackside_service::ArtifactFile;

use crate::{
    byte_range::{self, Selection},
    content_type,
    error::MlflowError,
};

/// The last second that an HTTP date can name: the end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// Answers a `GET` or `HEAD` with these headers.
pub(crate) async fn send(file: ArtifactFile, request: &HeaderMap) -> Result<Response, MlflowError> {
    let etag = file.etag().map(|tag| format!("\"{tag}\""));
    let mut headers = HeaderMap::new();
    set(&mut headers, header::LAST_MODIFIED, &modified(&file));
    if let Some(etag) = &etag {
        set(&mut headers, header::ETAG, etag);
    }
    if is_known(request, etag.as_deref()) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let (status, part) = match selection(request, &file, etag.as_deref()) {
        Selection::Whole => (StatusCode::OK, 0..file.size()),
        Selection::Part(part) => {
            let (last, size) = (part.end - 1, file.size());
            set(&mut headers, header::CONTENT_RANGE, &format!("bytes {}-{last}/{size}", part.start));
            (StatusCode::PARTIAL_CONTENT, part)
        }
        Selection::Nothing => {
            let content_range = [(header::CONTENT_RANGE, format!("bytes */{}", file.size()))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, content_range, "").into_response());
        }
    };
    let name = file.path().file_name();
    set(&mut headers, header::CONTENT_TYPE, content_type::of_name(name));
    set(&mut headers, header::CONTENT_DISPOSITION, &content_type::attachment(name));
    set(&mut headers, header::ACCEPT_RANGES, "bytes");
    set(&mut headers, header::CONTENT_LENGTH, &(part.end - part.start).to_string());
    Ok((status, headers, Body::from_stream(file.read(part).await?)).into_response())
}

/// Whether the client has the file as it is.
fn is_known(request: &HeaderMap, etag: Option<&str>) -> bool {
    let known = text(request, &header::IF_NONE_MATCH).unwrap_or_default();
    let mut tags = known.split(',').map(|tag| tag.trim().trim_start_matches("W/"));
    etag.is_some_and(|etag| tags.any(|tag| tag == etag || tag == "*"))
}

/// What of the file is asked for. A range of what the file was before is a range no more.
fn selection(request: &HeaderMap, file: &ArtifactFile, etag: Option<&str>) -> Selection {
    let is_as_before = match text(request, &header::IF_RANGE) {
        None => true,
        before => before == etag || before == Some(&modified(file)),
    };
    match text(request, &header::RANGE) {
        Some(range) if is_as_before => byte_range::select(range, file.size()),
        _ => Selection::Whole,
    }
}

fn modified(file: &ArtifactFile) -> String {
    let millis = u64::try_from(file.modified_at().millis()).unwrap_or_default();
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs((millis / 1000).min(LAST_SECOND)))
}

fn text<'a>(request: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    request.get(name).and_then(|value| value.to_str().ok())
}

/// Sets a header, or leaves it out where the value cannot stand in one.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
