//! What the server's errors mean.

use trackside_core::{Error, ErrorKind};
use trackside_http_client::Refusal;
use trackside_mlflow_wire::{ErrorBody, ErrorCode};

/// Reads an answer that is no success: its code tells more than the status.
pub(crate) fn read(refusal: &Refusal) -> Option<Error> {
    let body = refusal.json::<ErrorBody>()?;
    let kind = match ErrorCode::of_name(&body.error_code) {
        None | Some(ErrorCode::InternalError) => refusal.kind(),
        Some(ErrorCode::EndpointNotFound) => ErrorKind::Unsupported,
        Some(code) => code.into(),
    };
    Some(Error::new(kind, body.message))
}
