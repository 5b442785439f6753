//! `/registry/…`: the ledger of the registry, and what it has to agree with.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::Deserialize;
use trackside_core::{
    Key, ModelVersion, PageRequest, PageToken, Promotion, RegisteredModel, Result, RunId, Store, Tag,
    ledger::{ModelState, VersionState},
    query::{self, Compare, Filter, ModelVersionField, Order, RegisteredModelField, Test},
    store::{LedgerQuery, PromotionQuery},
};

use crate::{Admin, refusal::Refusal, shape};

/// Entries on a page when the client does not say, and at most.
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;
/// Models on a page, and versions that are read at once.
const MODELS: usize = 100;
const VERSIONS: usize = 1_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entries {
    model: Option<String>,
    after: Option<u64>,
    limit: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    after: Option<String>,
}

/// Entries in their order.
pub(crate) async fn ledger(
    State(admin): State<Admin>,
    asked: Result<Query<Entries>, QueryRejection>,
) -> Result<Json<shape::Ledger>, Refusal> {
    let Query(page) = asked.map_err(|error| Refusal::unreadable(error.status(), error.body_text()))?;
    let query = LedgerQuery {
        model: page.model.map(Key::new).transpose()?,
        after: page.after.unwrap_or(0),
        limit: page.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT),
    };
    let entries = admin.store.ledger(query).await?.into_iter().map(shape::Line::from).collect();
    let (seq, digest) = admin.store.ledger_end().await?;
    Ok(Json(shape::Ledger { entries, end: shape::End { seq, digest: digest.to_string() } }))
}

/// Models with their versions, by name.
pub(crate) async fn models(
    State(admin): State<Admin>,
    asked: Result<Query<After>, QueryRejection>,
) -> Result<Json<shape::Models>, Refusal> {
    let Query(page) = asked.map_err(|error| Refusal::unreadable(error.status(), error.body_text()))?;
    let query = query::Query {
        order: vec![Order { field: RegisteredModelField::Name, ascending: true }],
        ..query::Query::default()
    };
    let request = PageRequest { limit: MODELS, after: page.after.map(PageToken::new) };
    let found = admin.store.search_registered_models(query, request).await?;
    let mut models = BTreeMap::new();
    for model in found.items {
        models.insert(model.name.to_string(), state(admin.store.as_ref(), model).await?);
    }
    Ok(Json(shape::Models { models, next: found.next.map(|token| token.as_str().to_owned()) }))
}

async fn state(store: &dyn Store, model: RegisteredModel) -> Result<ModelState> {
    let mut versions = BTreeMap::new();
    let mut request = PageRequest::first(VERSIONS);
    loop {
        let of_model = Test::Text(Compare::Equal, model.name.as_str().to_owned());
        let query = query::Query {
            filter: Filter::Field(ModelVersionField::Model, of_model),
            order: vec![Order { field: ModelVersionField::Number, ascending: true }],
            ..query::Query::default()
        };
        let found = store.search_model_versions(query, request).await?;
        versions.extend(found.items.into_iter().map(|found| (found.number, version(found))));
        let Some(next) = found.next else { break };
        request = PageRequest { limit: VERSIONS, after: Some(next) };
    }
    let mut before = None;
    loop {
        let query =
            PromotionQuery { model: Some(model.name.clone()), before, limit: VERSIONS, ..PromotionQuery::default() };
        let page = store.promotions(query).await?;
        before = page.last().map(|promotion| promotion.id);
        for promotion in page {
            if let Some(version) = versions.get_mut(&promotion.version) {
                add(version, &promotion);
            }
        }
        if before.is_none() {
            break;
        }
    }
    let aliases = model.aliases.into_iter().map(|(alias, number)| (alias.to_string(), number));
    Ok(ModelState { description: model.description, tags: tags(model.tags), aliases: aliases.collect(), versions })
}

fn version(version: ModelVersion) -> VersionState {
    VersionState {
        stage: version.stage.as_str().to_owned(),
        description: version.description,
        tags: tags(version.tags),
        source: version.source,
        run: version.run.as_ref().map(RunId::to_string),
        promotions: BTreeMap::new(),
        votes: BTreeMap::new(),
    }
}

/// As the ledger says it: [`trackside_core::ledger::Facet`].
fn add(version: &mut VersionState, promotion: &Promotion) {
    version.promotions.insert(promotion.id.to_string(), promotion.told(promotion.state));
    for vote in &promotion.votes {
        let said = if vote.approves { "approve" } else { "reject" };
        version.votes.insert(format!("{}/{}", promotion.id, vote.by), said.to_owned());
    }
}

fn tags(tags: Vec<Tag>) -> BTreeMap<String, String> {
    tags.into_iter().map(|tag| (tag.key.to_string(), tag.value)).collect()
}
