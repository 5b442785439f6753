//! What is to be delivered, and what became of it.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params, types::Value};
use trackside_core::{
    HookEvent, Result, Timestamp, WebhookId,
    store::{
        Deliveries, Delivery, DeliveryAttempt, DeliveryBounds, DeliveryQuery, DeliveryState, DueDeliveries, DueDelivery,
    },
};

use super::webhooks::secret;
use crate::{
    SqliteStore, error,
    rows::{Columns, bound, execute, integer, unreadable},
};

/// Rows removed in one transaction: a millisecond, so that no client waits for it.
const AT_ONCE: usize = 500;

#[async_trait]
impl Deliveries for SqliteStore {
    async fn due_deliveries(&self, now: Timestamp, except: Vec<WebhookId>, limit: usize) -> Result<DueDeliveries> {
        self.read(move |connection| due(connection, now, &except, limit)).await
    }

    async fn settle_delivery(&self, id: u64, attempt: DeliveryAttempt) -> Result<()> {
        self.write(move |connection| settle(connection, id, &attempt)).await
    }

    async fn deliveries(&self, query: DeliveryQuery) -> Result<Vec<Delivery>> {
        self.read(move |connection| list(connection, query)).await
    }

    async fn trim_deliveries(&self, bounds: DeliveryBounds, now: Timestamp) -> Result<bool> {
        self.write(move |connection| trim(connection, bounds, now)).await
    }

    async fn wait_deliveries(&self) {
        self.announcer.wait().await;
    }
}

fn due(connection: &Connection, now: Timestamp, except: &[WebhookId], limit: usize) -> error::Result<DueDeliveries> {
    let sql = "SELECT w.pk, w.id, (SELECT min(due_at) FROM delivery WHERE webhook = w.pk AND due_at IS NOT NULL) AS due \
               FROM webhook AS w WHERE w.status = 'ACTIVE'";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, i64>(0)?, WebhookId::new(row.get::<_, String>(1)?), row.get::<_, Option<i64>>(2)?))
    })?;
    let (mut ripe, mut next) = (Vec::new(), None::<Timestamp>);
    for row in rows {
        let (pk, id, Some(due)) = row? else { continue };
        let due = Timestamp::from_millis(due);
        if except.contains(&id) {
            continue;
        }
        if due <= now {
            ripe.push((due, pk));
        } else {
            next = Some(next.map_or(due, |earliest| earliest.min(due)));
        }
    }
    ripe.sort_unstable();
    ripe.truncate(limit);
    let now = ripe.into_iter().map(|(_, pk)| first(connection, pk)).collect::<error::Result<_>>()?;
    Ok(DueDeliveries { now, next })
}

/// The delivery of a webhook that waits longest.
fn first(connection: &Connection, webhook: i64) -> error::Result<DueDelivery> {
    let sql = "SELECT d.*, w.id AS webhook_id, w.url, w.secret FROM delivery AS d JOIN webhook AS w ON w.pk = d.webhook \
               WHERE d.webhook = ?1 AND d.due_at IS NOT NULL ORDER BY d.due_at, d.id LIMIT 1";
    let due = |row: &Row<'_>| {
        Ok(DueDelivery {
            id: row.count("id")?,
            key: row.get("key")?,
            webhook: WebhookId::new(row.get::<_, String>("webhook_id")?),
            url: row.get("url")?,
            secret: secret(row)?,
            event: row.parsed("event", HookEvent::parse)?,
            happened_at: row.instant("happened_at")?,
            change: row.get("change")?,
            attempts: row.get("attempts")?,
        })
    };
    Ok(connection.prepare_cached(sql)?.query_row([webhook], due)?)
}

fn settle(connection: &Connection, id: u64, attempt: &DeliveryAttempt) -> error::Result<()> {
    let DeliveryAttempt { at, status, error, again_at } = attempt;
    let ended_at = again_at.is_none().then_some(at.millis());
    let delivered = error.is_none();
    execute(
        connection,
        "UPDATE delivery SET attempts = attempts + 1, due_at = ?2, ended_at = ?3, delivered = ?4, status = ?5, error = ?6 \
         WHERE id = ?1 AND due_at IS NOT NULL",
        params![integer(id), again_at.map(Timestamp::millis), ended_at, delivered, status, error],
    )?;
    Ok(())
}

fn list(connection: &Connection, query: DeliveryQuery) -> error::Result<Vec<Delivery>> {
    let DeliveryQuery { webhook, state, before, limit } = query;
    let mut sql = "SELECT d.*, w.id AS webhook_id, w.name AS webhook_name FROM delivery AS d \
                   JOIN webhook AS w ON w.pk = d.webhook WHERE d.id < ?1"
        .to_owned();
    let mut values = vec![Value::from(before.map_or(i64::MAX, integer)), Value::from(bound(limit))];
    if let Some(webhook) = webhook {
        sql.push_str(" AND d.webhook = (SELECT pk FROM webhook WHERE id = ?3)");
        values.push(webhook.as_str().to_owned().into());
    }
    sql.push_str(match state {
        None => "",
        Some(DeliveryState::Waiting) => " AND d.due_at IS NOT NULL",
        Some(DeliveryState::Delivered) => " AND d.due_at IS NULL AND d.delivered",
        Some(DeliveryState::Failed) => " AND d.due_at IS NULL AND NOT d.delivered",
    });
    sql.push_str(" ORDER BY d.id DESC LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(values), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let instant = |column: &str| row.get::<_, Option<i64>>(column).map(|at| at.map(Timestamp::from_millis));
    let due_at = instant("due_at")?;
    let state = match (due_at, row.get("delivered")?) {
        (Some(_), _) => DeliveryState::Waiting,
        (None, true) => DeliveryState::Delivered,
        (None, false) => DeliveryState::Failed,
    };
    let status: Option<i64> = row.get("status")?;
    Ok(Delivery {
        id: row.count("id")?,
        key: row.get("key")?,
        webhook: WebhookId::new(row.get::<_, String>("webhook_id")?),
        webhook_name: row.get("webhook_name")?,
        event: row.parsed("event", HookEvent::parse)?,
        model: row.key("model")?,
        happened_at: row.instant("happened_at")?,
        state,
        attempts: row.get("attempts")?,
        due_at,
        ended_at: instant("ended_at")?,
        status: status.map(|status| u16::try_from(status).map_err(unreadable)).transpose()?,
        error: row.get("error")?,
    })
}

fn trim(connection: &Connection, bounds: DeliveryBounds, now: Timestamp) -> error::Result<bool> {
    let DeliveryBounds { ended, ended_since, waiting } = bounds;
    let aged =
        "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)";
    let mut changed = execute(connection, aged, params![ended_since.millis(), bound(AT_ONCE)])?;
    let surplus = "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE ended_at IS NOT NULL \
                   ORDER BY ended_at DESC, id DESC LIMIT ?2 OFFSET ?1)";
    changed += execute(connection, surplus, params![bound(ended), bound(AT_ONCE)])?;
    // Those that wait are given up, and removed when their time has come.
    let given_up = "UPDATE delivery SET due_at = NULL, ended_at = ?2, \
                    error = 'more than ' || ?1 || ' were waiting for this webhook' \
                    WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY webhook ORDER BY id DESC) AS n \
                    FROM delivery WHERE due_at IS NOT NULL) WHERE n > ?1 LIMIT ?3)";
    changed += execute(connection, given_up, params![bound(waiting), now.millis(), bound(AT_ONCE)])?;
    Ok(changed >= AT_ONCE)
}
