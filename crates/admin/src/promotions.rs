//! `/registry/promotions` and `/registry/check`: what a policy says, and what waits for approval.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use serde::Deserialize;
use trackside_core::{Error, Key, PromotionChange, PromotionState, Target, VersionNumber, store::PromotionQuery};

use crate::{Admin, caller::Caller, refusal::Refusal, shape};

/// Promotions on a page when the client does not say, and at most.
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    model: Option<String>,
    version: Option<VersionNumber>,
    state: Option<String>,
    before: Option<u64>,
    limit: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    model: String,
    version: VersionNumber,
    to: String,
}

/// Newest first.
pub(crate) async fn list(
    State(admin): State<Admin>,
    asked: Result<Query<Page>, QueryRejection>,
) -> Result<Json<shape::Promotions>, Refusal> {
    let Query(page) = asked.map_err(|error| Refusal::unreadable(error.status(), error.body_text()))?;
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let query = PromotionQuery {
        model: page.model.map(Key::new).transpose()?,
        version: page.version,
        state: page.state.map(|text| state(&text)).transpose()?,
        before: page.before,
        limit,
    };
    let found = admin.service.promotions(query).await?;
    // A full page may have more behind it.
    let next = (found.len() == limit).then(|| found.last().map(|promotion| promotion.id)).flatten();
    let promotions = found.into_iter().map(shape::Promotion::from).collect();
    Ok(Json(shape::Promotions { promotions, next_before: next }))
}

/// One of them.
pub(crate) async fn one(State(admin): State<Admin>, Path(id): Path<u64>) -> Result<Json<shape::Promotion>, Refusal> {
    Ok(Json(admin.service.promotion(id).await?.into()))
}

/// What the policy says to a version that is to have something.
pub(crate) async fn check(
    Caller(service): Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<shape::Verdict>, Refusal> {
    let Query(asked) = asked.map_err(|error| Refusal::unreadable(error.status(), error.body_text()))?;
    let target = Target::parse(&asked.to)
        .ok_or_else(|| Error::invalid(format!("'{}' is no stage, and no alias behind @", asked.to)))?;
    Ok(Json(service.check_promotion(&Key::new(asked.model)?, asked.version, &target).await?.into()))
}

pub(crate) async fn approve(caller: Caller, id: Path<u64>) -> Result<Json<shape::Decided>, Refusal> {
    decide(caller, id, PromotionChange::Approve).await
}

pub(crate) async fn reject(caller: Caller, id: Path<u64>) -> Result<Json<shape::Decided>, Refusal> {
    decide(caller, id, PromotionChange::Reject).await
}

pub(crate) async fn withdraw(caller: Caller, id: Path<u64>) -> Result<Json<shape::Decided>, Refusal> {
    decide(caller, id, PromotionChange::Withdraw).await
}

async fn decide(
    Caller(service): Caller,
    Path(id): Path<u64>,
    change: PromotionChange,
) -> Result<Json<shape::Decided>, Refusal> {
    let (promotion, verdict) = service.decide_promotion(id, change).await?;
    Ok(Json(shape::Decided { promotion: promotion.into(), verdict: verdict.map(shape::Verdict::from) }))
}

fn state(text: &str) -> Result<PromotionState, Error> {
    let known = PromotionState::ALL.map(PromotionState::as_str).join(", ");
    PromotionState::parse(text).ok_or_else(|| Error::invalid(format!("the state '{text}' is none of: {known}")))
}
