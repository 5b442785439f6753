//! Who asks for a change.

use axum::extract::FromRequestParts;
use http::request::Parts;
use trackside_core::ledger::Origin;
use trackside_server::Credentials;
use trackside_service::Service;

use crate::{Admin, refusal::Refusal};

/// The use cases on behalf of whoever asks, who is known by an API key.
#[derive(Debug)]
pub(crate) struct Caller(pub(crate) Service);

impl FromRequestParts<Admin> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(head: &mut Parts, admin: &Admin) -> Result<Self, Self::Rejection> {
        let Credentials { key, address, client, reason } = Credentials::of(head);
        let name = match key {
            Some(key) => admin.service.holder_of(&key).await?,
            None => None,
        };
        Ok(Self(admin.service.on_behalf_of(Origin { name, address, client, reason, warrant: None })))
    }
}
