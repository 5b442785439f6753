//! HTTP API of the sinks and of deliveries to webhooks, and Prometheus series.
//!
//! | | |
//! | --- | --- |
//! | `GET /api/trackside/v1/sinks` | all sinks |
//! | `GET`, `DELETE …/sinks/{name}` | one sink; forgets one that is not configured |
//! | `POST …/sinks/{name}/pause`, `…/resume` | |
//! | `POST`, `DELETE …/sinks/{name}/backfill` | begins one, ends it; body `{"all": true}`, `{"experiment": "e"}` or `{"since_ms": 0}` |
//! | `GET …/dead-letters`, `…/sinks/{name}/dead-letters` | query `after`, `limit`, `batches=true` |
//! | `POST …/sinks/{name}/dead-letters/retry`, `…/discard` | body `{"ids": [1]}` or `{"all": true}` |
//! | `GET …/sinks/{name}/log` | messages that it has sent or tried to send, for one that sends such |
//! | `GET …/webhooks/deliveries` | query `webhook`, `state`, `before`, `limit` |
//! | `GET …/registry/ledger` | who changed what in the registry; query `model`, `after`, `limit` |
//! | `GET …/registry/models` | what it has to agree with; query `after` |
//! | `GET …/registry/check` | what the policy says; query `model`, `version`, `to` |
//! | `GET …/registry/promotions`, `…/promotions/{id}` | query `model`, `version`, `state`, `before`, `limit` |
//! | `POST …/registry/promotions/{id}/approve`, `…/reject`, `…/withdraw` | by whoever has the API key of the request |
//! | `POST …/config/reload` | reads the configuration again |
//! | `GET /metrics` | Prometheus |
//!
//! Errors are `{"error": {"kind": "not_found", "message": "…"}}`. The shapes are public, for clients in Rust. Who may
//! call is decided before: requests that change something and come from a page of another origin are refused by the
//! server around these routes.

#![warn(missing_docs)]

mod admin;
mod backfill;
mod body;
mod caller;
mod configuration;
mod dead_letters;
mod deliveries;
mod metrics;
mod pausing;
mod promotions;
mod refusal;
mod registry;
mod sendings;
mod series;
pub mod shape;
mod sinks;

pub use admin::{Admin, Reload, ReloadFailure, router};
