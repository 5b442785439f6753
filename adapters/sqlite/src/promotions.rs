//! Promotions that wait for approval, and what was said to them.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};
use trackside_core::{
    Error, ErrorKind, Key, NewPromotion, Promotion, PromotionChange, PromotionEvent, PromotionId, PromotionState,
    PromotionStep, RegistryEvent, Result, Target, Timestamp, VersionNumber, Vote, fault,
    ledger::{Action, Effect, Facet, Origin},
    store::{PromotionQuery, Promotions},
};

use crate::{
    SqliteStore, error, ledger,
    log::{Recorder, change},
    model_versions,
    rows::{Columns, bound, execute, integer, number, unreadable},
};

#[async_trait]
impl Promotions for SqliteStore {
    async fn request_promotion(&self, new: NewPromotion, by: &Origin) -> Result<Promotion> {
        let (who, by, recorder) = (known(by)?, by.clone(), self.recorder());
        self.write(move |connection| {
            let version = model_versions::require(connection, &new.model, new.version)?.pk;
            let waiting = "SELECT id FROM promotion WHERE version = ?1 AND target = ?2 AND state = 'pending'";
            let target = new.target.to_string();
            if let Some(id) = number(connection, waiting, params![version, target])? {
                return require(connection, id.unsigned_abs());
            }
            let sql = "INSERT INTO promotion (version, target, archive_others, requested_by, requested_at, reason, state) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending')";
            let (at, archive_others) = (new.at.millis(), new.archive_others);
            execute(connection, sql, params![version, target, archive_others, who.as_str(), at, by.reason])?;
            let promotion = require(connection, connection.last_insert_rowid().unsigned_abs())?;
            let effects = vec![of_state(&promotion, None, Some(PromotionState::Pending))];
            tell(connection, &recorder, &promotion, PromotionStep::Requested, (who, by), new.at, effects)?;
            Ok(promotion)
        })
        .await
    }

    async fn promotion(&self, id: PromotionId) -> Result<Option<Promotion>> {
        self.read(move |connection| find(connection, id)).await
    }

    async fn change_promotion(
        &self,
        id: PromotionId,
        change: PromotionChange,
        at: Timestamp,
        by: &Origin,
    ) -> Result<Promotion> {
        let (who, by, recorder) = (known(by)?, by.clone(), self.recorder());
        self.write(move |connection| {
            let before = require(connection, id)?;
            if before.state != PromotionState::Pending {
                return Err(fault::promotion_ended(&before).into());
            }
            let mut effects = Vec::new();
            if change != PromotionChange::Withdraw {
                effects.extend(vote(connection, &before, change == PromotionChange::Approve, &who, at, &by)?);
            }
            let ended = match change {
                PromotionChange::Approve => None,
                PromotionChange::Reject => Some(PromotionState::Rejected),
                PromotionChange::Withdraw => Some(PromotionState::Withdrawn),
            };
            if let Some(ended) = ended {
                effects.push(end(connection, &before, ended, at)?);
            }
            let after = require(connection, id)?;
            if !effects.is_empty() {
                tell(connection, &recorder, &after, change.into(), (who, by), at, effects)?;
            }
            Ok(after)
        })
        .await
    }

    async fn promotions(&self, query: PromotionQuery) -> Result<Vec<Promotion>> {
        self.read(move |connection| list(connection, query)).await
    }
}

/// The promotion is done by the change that is being made. What that makes otherwise for the ledger.
pub(crate) fn done(connection: &Connection, id: PromotionId, at: Timestamp) -> error::Result<Effect> {
    let promotion = require(connection, id)?;
    if promotion.state != PromotionState::Pending {
        return Err(fault::promotion_ended(&promotion).into());
    }
    end(connection, &promotion, PromotionState::Done, at)
}

fn known(by: &Origin) -> Result<Key> {
    by.name.clone().ok_or_else(fault::nobody_in_particular)
}

fn require(connection: &Connection, id: PromotionId) -> error::Result<Promotion> {
    Ok(find(connection, id)?.ok_or_else(|| fault::promotion_not_found(id))?)
}

/// What is said, unless it was said before.
fn vote(
    connection: &Connection,
    promotion: &Promotion,
    approves: bool,
    who: &Key,
    at: Timestamp,
    by: &Origin,
) -> error::Result<Option<Effect>> {
    let former = promotion.votes.iter().find(|vote| vote.by == *who).map(|vote| word(vote.approves));
    if former == Some(word(approves)) {
        return Ok(None);
    }
    let sql = "INSERT INTO vote (promotion, by, approves, at, reason) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT (promotion, by) DO UPDATE SET approves = ?3, at = ?4, reason = ?5";
    execute(connection, sql, params![integer(promotion.id), who.as_str(), approves, at.millis(), by.reason])?;
    let (before, after) = (former.map(str::to_owned), Some(word(approves).to_owned()));
    let effect = Effect::of_version(promotion.version, Facet::Vote, before, after);
    Ok(Some(effect.at(&format!("{}/{who}", promotion.id))))
}

const fn word(approves: bool) -> &'static str {
    if approves { "approve" } else { "reject" }
}

fn end(connection: &Connection, promotion: &Promotion, state: PromotionState, at: Timestamp) -> error::Result<Effect> {
    let sql = "UPDATE promotion SET state = ?2, ended_at = ?3 WHERE id = ?1";
    execute(connection, sql, params![integer(promotion.id), state.as_str(), at.millis()])?;
    Ok(of_state(promotion, Some(PromotionState::Pending), Some(state)))
}

fn of_state(promotion: &Promotion, before: Option<PromotionState>, after: Option<PromotionState>) -> Effect {
    let told = |state| promotion.told(state);
    let effect = Effect::of_version(promotion.version, Facet::Promotion, before.map(told), after.map(told));
    effect.at(&promotion.id.to_string())
}

/// Adds an entry to the ledger, and tells the sinks.
fn tell(
    connection: &Connection,
    recorder: &Recorder,
    promotion: &Promotion,
    step: PromotionStep,
    (who, by): (Key, Origin),
    at: Timestamp,
    effects: Vec<Effect>,
) -> error::Result<()> {
    let event = PromotionEvent {
        promotion: promotion.id,
        version: promotion.version,
        target: promotion.target.clone(),
        step,
        by: who,
        reason: by.reason.clone(),
        at,
    };
    ledger::add(connection, &promotion.model, Action::from(step), at, by, effects)?;
    let model = promotion.model.clone();
    recorder.record(connection, || Ok(change::registry(model, RegistryEvent::Promotion(event))))
}

const PROMOTIONS: &str = "SELECT p.*, v.number, m.name AS model FROM promotion AS p \
                          JOIN model_version AS v ON v.pk = p.version JOIN registered_model AS m ON m.pk = v.model";

fn find(connection: &Connection, id: PromotionId) -> error::Result<Option<Promotion>> {
    let mut statement = connection.prepare_cached(&format!("{PROMOTIONS} WHERE p.id = ?1"))?;
    let found = statement.query_row([integer(id)], read).optional()?;
    found.map(|promotion| with_votes(connection, promotion)).transpose()
}

fn list(connection: &Connection, query: PromotionQuery) -> error::Result<Vec<Promotion>> {
    let PromotionQuery { model, version, state, before, limit } = query;
    let mut sql = format!("{PROMOTIONS} WHERE p.id < ?");
    let mut values = vec![Value::from(before.map_or(i64::MAX, integer))];
    let mut only = |column: &str, value: Option<Value>| {
        if let Some(value) = value {
            sql.push_str(" AND ");
            sql.push_str(column);
            sql.push_str(" = ?");
            values.push(value);
        }
    };
    only("m.name", model.map(|model| model.as_str().to_owned().into()));
    only("v.number", version.map(Value::from));
    only("p.state", state.map(|state| state.as_str().to_owned().into()));
    sql.push_str(" ORDER BY p.id DESC LIMIT ?");
    values.push(bound(limit).into());
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(params_from_iter(values), read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    found.into_iter().map(|promotion| with_votes(connection, promotion)).collect()
}

fn with_votes(connection: &Connection, promotion: Promotion) -> error::Result<Promotion> {
    let sql = "SELECT by, approves, at, reason FROM vote WHERE promotion = ?1 ORDER BY at, by";
    let mut statement = connection.prepare_cached(sql)?;
    let votes = statement.query_map([integer(promotion.id)], |row| {
        Ok(Vote {
            by: row.key("by")?,
            approves: row.get("approves")?,
            at: row.instant("at")?,
            reason: row.get("reason")?,
        })
    })?;
    Ok(Promotion { votes: votes.collect::<rusqlite::Result<_>>()?, ..promotion })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Promotion> {
    let version: VersionNumber = row.get("number")?;
    let ended_at: Option<i64> = row.get("ended_at")?;
    let target: String = row.get("target")?;
    let none = || unreadable(Error::new(ErrorKind::Corrupt, format!("'{target}' is no stage or alias")));
    Ok(Promotion {
        id: row.count("id")?,
        model: row.key("model")?,
        version,
        target: Target::parse(&target).ok_or_else(none)?,
        archive_others: row.get("archive_others")?,
        requested_by: row.key("requested_by")?,
        requested_at: row.instant("requested_at")?,
        reason: row.get("reason")?,
        state: row.parsed("state", PromotionState::parse)?,
        ended_at: ended_at.map(Timestamp::from_millis),
        votes: Vec::new(),
    })
}
