//! Bodies of requests: JSON of at most the limit of the routes.

use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
};
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;

/// A body that was read; what cannot be read is refused in the shape of all errors.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let read: Result<Json<T>, JsonRejection> = Json::from_request(request, state).await;
        read.map(|Json(body)| Self(body))
            .map_err(|rejection| Refusal::unreadable(rejection.status(), rejection.body_text()))
    }
}
