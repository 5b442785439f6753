//! The webhooks themselves.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use trackside_core::{
    Error, HookEvent, NewWebhook, Page, PageRequest, PageToken, Result, Timestamp, Webhook, WebhookChange, WebhookId,
    WebhookSecret, WebhookStatus, WebhookUpdate, fault, store::Webhooks,
};

use crate::{
    SqliteStore, error,
    rows::{Columns, bound, execute, number, unreadable},
};

#[async_trait]
impl Webhooks for SqliteStore {
    async fn create_webhook(&self, new: NewWebhook) -> Result<Webhook> {
        self.write(move |connection| {
            let pk = insert(connection, &new)?;
            load(connection, pk)
        })
        .await
    }

    async fn webhook(&self, id: &WebhookId) -> Result<Option<Webhook>> {
        let id = id.clone();
        self.read(move |connection| pk(connection, &id)?.map(|pk| load(connection, pk)).transpose()).await
    }

    async fn change_webhook(&self, id: &WebhookId, change: WebhookChange, at: Timestamp) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| {
            let pk = pk(connection, &id)?.ok_or_else(|| fault::webhook_not_found(&id))?;
            match change {
                WebhookChange::Update(update) => apply(connection, pk, update, at),
                // What it asks for and what was to be delivered follow by their foreign keys.
                WebhookChange::Delete => execute(connection, "DELETE FROM webhook WHERE pk = ?1", [pk]).map(drop),
            }
        })
        .await?;
        // It may have been made active, or moved to where it can be reached.
        self.announcer.wake();
        Ok(())
    }

    async fn list_webhooks(&self, page: PageRequest) -> Result<Page<Webhook>> {
        let after = page.after.as_ref().map(place).transpose()?;
        self.read(move |connection| list(connection, after, page.limit)).await
    }
}

/// Behind which one a page begins: when it was created, and its primary key.
type Place = (i64, i64);

fn place(token: &PageToken) -> Result<Place> {
    let parsed = token.as_str().split_once('.').and_then(|(at, pk)| Some((at.parse().ok()?, pk.parse().ok()?)));
    parsed.ok_or_else(fault::invalid_page_token)
}

fn pk(connection: &Connection, id: &WebhookId) -> error::Result<Option<i64>> {
    number(connection, "SELECT pk FROM webhook WHERE id = ?1", [id.as_str()])
}

fn insert(connection: &Connection, new: &NewWebhook) -> error::Result<i64> {
    let inserted = number(
        connection,
        "INSERT INTO webhook (id, name, description, url, status, secret, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT (id) DO NOTHING RETURNING pk",
        params![
            new.id.as_str(),
            new.name,
            new.description,
            new.url,
            new.status.as_str(),
            new.secret.as_ref().map(WebhookSecret::expose),
            new.created_at.millis(),
        ],
    )?;
    let pk = inserted.ok_or_else(|| fault::webhook_exists(&new.id))?;
    ask_for(connection, pk, &new.events)?;
    Ok(pk)
}

fn ask_for(connection: &Connection, pk: i64, events: &[HookEvent]) -> error::Result<()> {
    for event in events {
        let sql = "INSERT INTO webhook_event (event, webhook) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        execute(connection, sql, params![event.as_str(), pk])?;
    }
    Ok(())
}

fn apply(connection: &Connection, pk: i64, update: WebhookUpdate, at: Timestamp) -> error::Result<()> {
    let WebhookUpdate { name, description, url, events, status, secret } = update;
    execute(
        connection,
        "UPDATE webhook SET name = ifnull(?2, name), url = ifnull(?3, url), status = ifnull(?4, status), \
         description = iif(?5, ?6, description), secret = iif(?7, ?8, secret), updated_at = ?9 WHERE pk = ?1",
        params![
            pk,
            name,
            url,
            status.map(WebhookStatus::as_str),
            description.is_some(),
            description.flatten(),
            secret.is_some(),
            secret.flatten().as_ref().map(WebhookSecret::expose),
            at.millis(),
        ],
    )?;
    if let Some(events) = events {
        execute(connection, "DELETE FROM webhook_event WHERE webhook = ?1", [pk])?;
        ask_for(connection, pk, &events)?;
    }
    Ok(())
}

fn load(connection: &Connection, pk: i64) -> error::Result<Webhook> {
    let mut statement = connection.prepare_cached("SELECT * FROM webhook WHERE pk = ?1")?;
    let webhook = statement.query_row([pk], read).optional()?;
    let webhook = webhook.ok_or_else(|| Error::internal("a webhook that was just found is gone"))?;
    let mut statement =
        connection.prepare_cached("SELECT event FROM webhook_event WHERE webhook = ?1 ORDER BY event")?;
    let events = statement.query_map([pk], |row| row.parsed("event", HookEvent::parse))?;
    Ok(Webhook { events: events.collect::<rusqlite::Result<_>>()?, ..webhook })
}

fn list(connection: &Connection, after: Option<Place>, limit: usize) -> error::Result<Page<Webhook>> {
    let sql = "SELECT created_at, pk FROM webhook WHERE (created_at, pk) < (?1, ?2) \
               ORDER BY created_at DESC, pk DESC LIMIT ?3";
    let (at, pk) = after.unwrap_or((i64::MAX, i64::MAX));
    let mut statement = connection.prepare_cached(sql)?;
    let rows =
        statement.query_map(params![at, pk, bound(limit.saturating_add(1))], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut places = rows.collect::<rusqlite::Result<Vec<Place>>>()?;
    let more = places.len() > limit;
    places.truncate(limit);
    let last = places.last().filter(|_| more);
    let next = last.map(|(at, pk)| PageToken::new(format!("{at}.{pk}")));
    let items = places.iter().map(|(_, pk)| load(connection, *pk)).collect::<error::Result<_>>()?;
    Ok(Page { items, next })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    Ok(Webhook {
        id: WebhookId::new(row.get::<_, String>("id")?),
        name: row.get("name")?,
        description: row.get("description")?,
        url: row.get("url")?,
        events: Vec::new(),
        status: row.parsed("status", WebhookStatus::parse)?,
        secret: secret(row)?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
    })
}

/// The column `secret`, which is never empty.
pub(super) fn secret(row: &Row<'_>) -> rusqlite::Result<Option<WebhookSecret>> {
    let text: Option<String> = row.get("secret")?;
    text.map(|text| WebhookSecret::new(text).ok_or_else(|| unreadable(Error::internal("an empty secret")))).transpose()
}
