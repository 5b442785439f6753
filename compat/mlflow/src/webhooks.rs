//! `/mlflow/webhooks*`.

use axum::{
    Json,
    extract::Path,
    routing::{get, post},
};
use trackside_core::WebhookId;
use trackside_mlflow_wire::{self as wire, request::missing};
use trackside_service::WebhookRequest;

use crate::{Door, error::Answer, params::Params, routes::Routes, system::Empty};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/mlflow/webhooks", post(create).get(list))
        .route("/mlflow/webhooks/{id}", get(by_id).patch(update).delete(remove))
        .route("/mlflow/webhooks/{id}/test", post(test))
}

async fn create(door: Door, Params(body): Params<wire::CreateWebhook>) -> Answer<wire::WebhookFound> {
    let new = body.checked(door.service.webhook_schemes())?;
    let request = WebhookRequest {
        name: new.name,
        url: new.url.text,
        host: new.url.host,
        events: new.events,
        description: new.description,
        secret: new.secret,
        status: new.status,
    };
    Ok(Json(door.service.create_webhook(request).await?.into()))
}

async fn list(door: Door, Params(query): Params<wire::ListWebhooks>) -> Answer<wire::WebhooksFound> {
    Ok(Json(door.service.webhooks(query.checked()?).await?.into()))
}

async fn by_id(door: Door, Path(id): Path<String>) -> Answer<wire::WebhookFound> {
    Ok(Json(door.service.webhook(&WebhookId::new(id)).await?.into()))
}

/// Of two faults an unknown id is named, as by MLflow, but for events that are none.
async fn update(
    door: Door,
    Path(id): Path<String>,
    Params(body): Params<wire::UpdateWebhook>,
) -> Answer<wire::WebhookFound> {
    body.checked_events()?;
    let id = WebhookId::new(id);
    door.service.webhook(&id).await?;
    let (update, url) = body.checked(door.service.webhook_schemes())?;
    let host = url.as_ref().map(|url| url.host.as_str());
    Ok(Json(door.service.update_webhook(&id, update, host).await?.into()))
}

async fn remove(door: Door, Path(id): Path<String>) -> Answer<Empty> {
    door.service.delete_webhook(&WebhookId::new(id)).await?;
    Ok(Json(Empty {}))
}

async fn test(
    door: Door,
    Path(id): Path<String>,
    Params(body): Params<wire::TestWebhook>,
) -> Answer<wire::WebhookTested> {
    let asked = body.checked()?;
    let webhook = door.service.webhook(&WebhookId::new(id)).await?;
    let event = asked.or_else(|| webhook.events.first().copied()).ok_or_else(|| missing("event"))?;
    let body = |at| wire::example_webhook_body(event, at);
    Ok(Json(door.service.test_webhook(webhook, body).await.into()))
}
