//! Who changes the registry.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::request::Parts;
use trackside_core::ledger::Origin;
use trackside_server::Credentials;

use crate::{Door, error::MlflowError};

/// The door for a handler that changes the registry: what it does there is written down with who asked for it.
///
/// A client is known by its API key (`MLFLOW_TRACKING_TOKEN`, or `MLFLOW_TRACKING_PASSWORD` beside any name). One without
/// key, or whose credentials are those of a proxy, is nobody in particular.
pub(crate) struct Authored(pub(crate) Door);

impl FromRequestParts<Door> for Authored {
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, door: &Door) -> Result<Self, Self::Rejection> {
        let mut door = Door::from_request_parts(head, door).await?;
        let Credentials { key, address, client, reason } = Credentials::of(head);
        let name = match key {
            Some(key) => {
                door.service.holder_of(&key).await.map_err(|error| MlflowError::from(error).into_response())?
            }
            None => None,
        };
        door.service = door.service.on_behalf_of(Origin { name, address, client, reason, warrant: None });
        Ok(Self(door))
    }
}
