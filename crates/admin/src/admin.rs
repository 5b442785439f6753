//! What the routes work with, and the routes.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use trackside_core::{Error, Store, store::Deliveries};
use trackside_fanout::Fanout;
use trackside_service::Service;

use crate::{
    backfill, configuration, dead_letters, deliveries, metrics, pausing, promotions, registry, sendings, shape, sinks,
};

/// Bodies hold a selection or a list of numbers; this is a list of some 5,000.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Why a configuration was not taken over.
#[derive(Debug)]
pub enum ReloadFailure {
    /// It has these faults; what ran before goes on.
    Faults(Vec<shape::Fault>),
    /// It is right, but could not be put into effect as a whole.
    Failed(Error),
}

/// Reads the configuration again.
#[async_trait]
pub trait Reload: fmt::Debug + Send + Sync + 'static {
    /// Puts the configuration into effect as it is now.
    async fn reload(&self) -> Result<shape::Reloaded, ReloadFailure>;
}

/// What the routes work with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The sinks.
    pub fanout: Fanout,
    /// What was sent to webhooks, or is to be.
    pub deliveries: Arc<dyn Deliveries>,
    /// The registry and its ledger.
    pub store: Arc<dyn Store>,
    /// What is asked of promotions.
    pub service: Service,
    /// The configuration.
    pub reload: Arc<dyn Reload>,
}

/// All routes.
pub fn router(admin: Admin) -> Router {
    let one = Router::new()
        .route("/", get(sinks::one).delete(sinks::remove))
        .route("/pause", post(pausing::pause))
        .route("/resume", post(pausing::resume))
        .route("/backfill", post(backfill::begin).delete(backfill::cancel))
        .route("/log", get(sendings::list))
        .route("/dead-letters", get(dead_letters::of_sink))
        .route("/dead-letters/retry", post(dead_letters::retry))
        .route("/dead-letters/discard", post(dead_letters::discard));
    let api = Router::new()
        .route("/sinks", get(sinks::list))
        .nest("/sinks/{name}", one)
        .route("/dead-letters", get(dead_letters::of_all))
        .route("/webhooks/deliveries", get(deliveries::list))
        .route("/registry/ledger", get(registry::ledger))
        .route("/registry/models", get(registry::models))
        .route("/registry/check", get(promotions::check))
        .route("/registry/promotions", get(promotions::list))
        .route("/registry/promotions/{id}", get(promotions::one))
        .route("/registry/promotions/{id}/approve", post(promotions::approve))
        .route("/registry/promotions/{id}/reject", post(promotions::reject))
        .route("/registry/promotions/{id}/withdraw", post(promotions::withdraw))
        .route("/config/reload", post(configuration::reload));
    Router::new()
        .nest("/api/trackside/v1", api)
        .route("/metrics", get(metrics::read))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(admin)
}
