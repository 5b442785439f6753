//! The parameters of a request, wherever MLflow lets clients put them.
//!
//! `GET` and `HEAD`: the query, or a JSON body when there is no query. Everything else: a JSON body. `POST` and `PUT` must
//! say that it is JSON; for the other methods MLflow does not look (3.17.2, `_get_request_json`).

use axum::extract::{FromRequest, Request};
use http::{Method, header::CONTENT_TYPE};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use trackside_mlflow_wire::{Failure, request};

use crate::{Door, error::MlflowError};

/// Extracts the parameters of a request.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Door> for Params<T> {
    type Rejection = MlflowError;

    async fn from_request(request: Request, door: &Door) -> Result<Self, Self::Rejection> {
        let (head, body) = request.into_parts();
        let query = head.uri.query().unwrap_or_default();
        if (head.method == Method::GET || head.method == Method::HEAD) && !query.is_empty() {
            return Ok(Self(request::from_query(query_pairs(query))?));
        }
        if head.method == Method::POST || head.method == Method::PUT {
            let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            check_content_type(content_type)?;
        }
        let body = door.bodies.read(body).await?;
        Ok(Self(request::from_json(&body)?))
    }
}

/// The decoded pairs of a query string, `+` being a blank.
pub(crate) fn query_pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

fn check_content_type(content_type: Option<&str>) -> Result<(), Failure> {
    let Some(content_type) = content_type.filter(|text| !text.is_empty()) else {
        return Err(Failure::invalid("Bad Request. Content-Type header is missing."));
    };
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Failure::invalid("Bad Request. Content-Type must be one of ['application/json']."))
}
