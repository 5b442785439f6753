//! Who changes the registry.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{
    header::{HeaderName, USER_AGENT},
    request::Parts,
};
use percent_encoding::percent_decode_str;
use trackside_core::ledger::Origin;
use trackside_server::{address, api_key, header_text};

use crate::{Door, error::MlflowError};

/// Why something is changed, for clients that say so; percent-encoded, as headers hold no other letters.
const REASON: HeaderName = HeaderName::from_static("x-trackside-reason");

/// The door for a handler that changes the registry: what it does there is written down with who asked for it.
///
/// A client is known by its API key (`MLFLOW_TRACKING_TOKEN`, or `MLFLOW_TRACKING_PASSWORD` beside any name). One without
/// key, or whose credentials are those of a proxy, is nobody in particular.
pub(crate) struct Authored(pub(crate) Door);

impl FromRequestParts<Door> for Authored {
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, door: &Door) -> Result<Self, Self::Rejection> {
        let mut door = Door::from_request_parts(head, door).await?;
        let name = match api_key(&head.headers) {
            Some(key) => {
                door.service.holder_of(&key).await.map_err(|error| MlflowError::from(error).into_response())?
            }
            None => None,
        };
        let (address, client) = (address(head), header_text(&head.headers, &USER_AGENT));
        let reason = header_text(&head.headers, &REASON);
        let reason = reason.map(|reason| percent_decode_str(&reason).decode_utf8_lossy().into_owned());
        let origin = Origin { name, address, client, reason };
        door.service = door.service.on_behalf_of(origin);
        Ok(Self(door))
    }
}
