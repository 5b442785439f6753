//! What the server's errors mean.

use trackside_core::{Error, ErrorKind, Retry};
use trackside_http_client::Refusal;
use trackside_mlflow_wire::{ErrorBody, ErrorCode};

/// How the refusal to write to a run in the bin reads, in every version.
const NOT_ACTIVE: &str = "must be in the 'active' state";

/// How the refusal of a row that is there already is called by MLflow's library for SQL, or by the driver for PostgreSQL.
const NOT_UNIQUE: [&str; 2] = ["IntegrityError", "UniqueViolation"];

/// Reads an answer that is no success.
///
/// Its code tells more than the status, except for `INTERNAL_ERROR`, which may be anything: that stays temporary, and
/// the caller gives up in time. What has no code at all does not come from a handler of MLflow's.
pub(crate) fn read(refusal: &Refusal) -> Option<Error> {
    let Some(body) = refusal.json::<ErrorBody>() else { return not_from_a_handler(refusal) };
    let kind = match ErrorCode::of_name(&body.error_code) {
        None | Some(ErrorCode::InternalError) => refusal.kind(),
        Some(ErrorCode::EndpointNotFound) => return Some(no_such_route(refusal)),
        Some(_) if body.message.contains(NOT_ACTIVE) => ErrorKind::Conflict,
        Some(ErrorCode::BadRequest) if NOT_UNIQUE.iter().any(|name| body.message.contains(name)) => {
            ErrorKind::AlreadyExists
        }
        Some(code) => code.into(),
    };
    Some(refusal.error_of(kind, &body.message))
}

fn not_from_a_handler(refusal: &Refusal) -> Option<Error> {
    let text = String::from_utf8_lossy(refusal.body());
    match refusal.status() {
        404 | 405 => Some(no_such_route(refusal)),
        // An exception that nobody caught. As with `INTERNAL_ERROR`, who knows; but see `Writer::remove`.
        500 => Some(refusal.error_of(ErrorKind::Internal, "the server failed").with_retry(Retry::Later)),
        // `--no-serve-artifacts`: meant to last, although 503 says otherwise.
        503 if text.contains("--no-serve-artifacts") || text.contains("rtifact serving is disabled") => {
            Some(refusal.error_of(ErrorKind::Unsupported, "the server does not serve artifacts"))
        }
        _ => None,
    }
}

/// The route is not there: an older server, or not the server at all. `Unsupported` for who can do without the
/// route; worth another try for all others, because no event can be at fault.
fn no_such_route(refusal: &Refusal) -> Error {
    refusal.error_of(ErrorKind::Unsupported, "no such route; is this an MLflow server?").with_retry(Retry::Later)
}
