//! `POST /graphql`.
//!
//! MLflow's web UI uses the same path. Its fields are other ones; what only one of the two has is answered by that one,
//! and what neither has by the one whose client asks.

use axum::{
    Json,
    body::Body,
    extract::{OriginalUri, Request, State},
    response::{IntoResponse, Response},
    routing::{MethodRouter, post},
};
use http::{HeaderMap, StatusCode, Uri, header::USER_AGENT, request::Parts};
use serde_json::json;
use tower::Service;
use trackside_core::{Error, ErrorKind, Result};
use trackside_wandb_wire::{
    executor::{self, Query},
    schema::Schema,
};

use crate::{
    Door,
    caller::Caller,
    error::{self, Refusal},
    mutations::Mutations,
    objects::Queries,
};

/// The end of the path.
const ROUTE: &str = "/graphql";

/// Answers what is asked in W&B's words, and passes everything else on.
pub fn graphql(door: Door, other: MethodRouter) -> MethodRouter {
    let both = move |State(door): State<Door>, OriginalUri(uri), request: Request| {
        let mut other = other.clone();
        async move {
            let (parts, body) = request.into_parts();
            let held = match door.bodies.read(body).await {
                Ok(held) => held,
                Err(unread) => return Refusal::from(unread).into_response(),
            };
            match parse(&held) {
                Ok(query) if is_ours(&query, &parts.headers) => ask(door, &parts, &uri, &query).await,
                Err(error) if is_our_client(&parts.headers) => refuse(&error),
                _ => {
                    let request = Request::from_parts(parts, Body::from(held.bytes()));
                    other.call(request).await.unwrap_or_else(|never| match never {})
                }
            }
        }
    };
    post(both).with_state(door)
}

/// The same where nobody else is.
pub(crate) fn own() -> MethodRouter<Door> {
    post(async |State(door): State<Door>, OriginalUri(uri), request: Request| {
        let (parts, body) = request.into_parts();
        let held = match door.bodies.read(body).await {
            Ok(held) => held,
            Err(unread) => return Refusal::from(unread).into_response(),
        };
        match parse(&held) {
            Ok(query) => ask(door, &parts, &uri, &query).await,
            Err(error) => refuse(&error),
        }
    })
}

fn parse(body: &[u8]) -> Result<Query> {
    let request = serde_json::from_slice(body)
        .map_err(|error| Error::invalid(format!("the request is not a GraphQL query in JSON: {error}")))?;
    Query::parse(request)
}

/// Whether W&B's words are used.
fn is_ours(query: &Query, headers: &HeaderMap) -> bool {
    let fields = query.root_fields();
    let schema = Schema::served();
    fields.iter().any(|field| schema.has_root(field))
        || (is_our_client(headers) && !fields.iter().any(|field| field.starts_with("mlflow")))
}

/// Clients call themselves `wandb-core`, `W&B Public Client 0.31.0` and the like.
fn is_our_client(headers: &HeaderMap) -> bool {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    agent.starts_with("W&B") || agent.to_ascii_lowercase().contains("wandb")
}

/// Answers one who may ask.
async fn ask(door: Door, parts: &Parts, uri: &Uri, query: &Query) -> Response {
    match door.admit(&parts.headers).await {
        Ok(holder) => answer(Caller::new(door, holder, parts, uri, ROUTE), query).await,
        Err(error) => refuse(&error),
    }
}

async fn answer(caller: Caller, query: &Query) -> Response {
    let schema = Schema::served();
    let data = if query.is_mutation() {
        executor::execute(query, &Mutations(caller), schema).await
    } else {
        executor::execute(query, &Queries(caller), schema).await
    };
    match data {
        Ok(data) => Json(json!({ "data": data })).into_response(),
        Err(error) => refuse(&error),
    }
}

/// What can pass has a status that makes clients try again. All else is 200, which is final, and whose message they show.
fn refuse(error: &Error) -> Response {
    error::log(error);
    let status = match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::Invalid
        | ErrorKind::Conflict
        | ErrorKind::Unsupported => StatusCode::OK,
        kind => error::status(kind),
    };
    (status, Json(error::body(error))).into_response()
}
