//! Logged models.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use trackside_core::{
    Error, ExperimentId, LoggedModel, LoggedModelChange, LoggedModelId, LoggedModelStatus, ModelMetric, NewLoggedModel,
    Page, PageRequest, Query, Result, RunId, Timestamp, fault,
    query::{LoggedModelField, View},
    store::LoggedModels,
};

use crate::{
    SqliteStore, error, experiments,
    key_values::{LOGGED_MODEL_PARAMS, LOGGED_MODEL_TAGS},
    log::change,
    owners::Owners,
    rows::{Columns, execute, number},
    search::Search,
};

#[async_trait]
impl LoggedModels for SqliteStore {
    async fn create_logged_model(&self, new: NewLoggedModel) -> Result<LoggedModel> {
        let recorder = self.recorder();
        self.write(move |connection| {
            let pk = insert(connection, &new)?;
            let created = load(connection, &[pk])?.pop();
            let created = created.ok_or_else(|| fault::logged_model_not_found(&new.id))?;
            recorder.record(connection, || change::logged_model_created(connection, new))?;
            Ok(created)
        })
        .await
    }

    async fn logged_model(&self, id: &LoggedModelId, allow_deleted: bool) -> Result<Option<LoggedModel>> {
        let id = id.clone();
        self.read(move |connection| {
            let sql = "SELECT pk FROM logged_model WHERE id = ?1 AND (deleted_at IS NULL OR ?2)";
            let pk = number(connection, sql, params![id.as_str(), allow_deleted])?;
            Ok(load(connection, pk.as_slice())?.pop())
        })
        .await
    }

    async fn change_logged_model(&self, id: &LoggedModelId, change: LoggedModelChange, at: Timestamp) -> Result<()> {
        let (id, recorder) = (id.clone(), self.recorder());
        self.write(move |connection| {
            apply(connection, &id, &change, at)?;
            recorder.record(connection, || Ok(change::logged_model_changed(id, change, at)))
        })
        .await
    }

    async fn search_logged_models(
        &self,
        experiments: Vec<ExperimentId>,
        query: Query<LoggedModelField>,
        page: PageRequest,
    ) -> Result<Page<LoggedModel>> {
        self.read(move |connection| {
            let mut search = Search::default();
            let ids: Vec<_> = experiments.iter().map(|id| id.get()).collect();
            search.in_experiments("logged_model.experiment", &ids);
            search.in_view("logged_model.deleted_at", View::Active);
            let found = search.find(connection, &query, &page)?;
            Ok(Page { items: load(connection, &found.items)?, next: found.next })
        })
        .await
    }
}

/// The primary key of a logged model, in any stage of its life.
pub(crate) fn pk(connection: &Connection, id: &LoggedModelId) -> error::Result<Option<i64>> {
    number(connection, "SELECT pk FROM logged_model WHERE id = ?1", [id.as_str()])
}

fn insert(connection: &Connection, new: &NewLoggedModel) -> error::Result<i64> {
    experiments::require_active(connection, new.experiment)?;
    let inserted = number(
        connection,
        "INSERT INTO logged_model (id, experiment, name, created_at, updated_at, artifact_uri, status, model_type, \
         source_run) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING RETURNING pk",
        params![
            new.id.as_str(),
            new.experiment.get(),
            new.name,
            new.created_at.millis(),
            new.artifact_uri,
            LoggedModelStatus::Pending.as_str(),
            new.model_type,
            new.source_run.as_ref().map(RunId::as_str),
        ],
    )?;
    let taken = || Error::already_exists(format!("Logged model with ID '{}' already exists.", new.id));
    let pk = inserted.ok_or_else(taken)?;
    LOGGED_MODEL_TAGS.set(connection, pk, &new.tags)?;
    for param in &new.params {
        if !LOGGED_MODEL_PARAMS.add(connection, pk, param)? {
            return Err(fault::duplicate_key("param", &param.key).into());
        }
    }
    Ok(pk)
}

fn apply(connection: &Connection, id: &LoggedModelId, change: &LoggedModelChange, at: Timestamp) -> error::Result<()> {
    let found = number(connection, "SELECT pk FROM logged_model WHERE id = ?1", [id.as_str()])?;
    let pk = found.ok_or_else(|| fault::logged_model_not_found(id))?;
    match change {
        LoggedModelChange::Status(status) => {
            let sql = "UPDATE logged_model SET status = ?2, updated_at = ?3 WHERE pk = ?1";
            execute(connection, sql, params![pk, status.as_str(), at.millis()])?;
        }
        LoggedModelChange::SetTags(tags) => LOGGED_MODEL_TAGS.set(connection, pk, tags)?,
        LoggedModelChange::DeleteTag(key) => {
            if !LOGGED_MODEL_TAGS.remove(connection, pk, key)? {
                return Err(fault::logged_model_tag_not_found(id, key).into());
            }
        }
        LoggedModelChange::AddParams(params) => {
            for param in params {
                if !LOGGED_MODEL_PARAMS.add(connection, pk, param)? {
                    return Err(fault::logged_model_param_exists(id, &param.key).into());
                }
            }
        }
        LoggedModelChange::Delete => {
            let sql = "UPDATE logged_model SET deleted_at = coalesce(deleted_at, ?2), updated_at = ?2 WHERE pk = ?1";
            execute(connection, sql, [pk, at.millis()])?;
        }
    }
    Ok(())
}

fn load(connection: &Connection, pks: &[i64]) -> error::Result<Vec<LoggedModel>> {
    let owners = Owners::new(pks);
    let mut models = owners.rows(connection, "logged_model.*", "logged_model ON logged_model.pk = page.value", read)?;
    LOGGED_MODEL_TAGS.load(connection, &owners, |position, tag| models[position].tags.push(tag))?;
    LOGGED_MODEL_PARAMS.load(connection, &owners, |position, param| models[position].params.push(param))?;
    let sql = "SELECT m.model, m.key, m.step, m.time, m.value, m.is_nan, run.id, m.dataset_name, m.dataset_digest \
               FROM model_metric AS m JOIN run ON run.pk = m.run WHERE m.model {owners} \
               ORDER BY m.model, m.key, m.time, m.step, m.pk";
    owners.parts(connection, sql, |position, row| {
        let dataset = row.get::<_, Option<String>>(7)?.zip(row.get(8)?);
        let metric = ModelMetric { key: row.key(1)?, point: row.point(2)?, run: row.run_id(6)?, dataset };
        models[position].metrics.push(metric);
        Ok(())
    })?;
    Ok(models)
}

fn read(row: &Row<'_>) -> rusqlite::Result<LoggedModel> {
    Ok(LoggedModel {
        id: row.model_id("id")?,
        experiment: ExperimentId::new(row.get("experiment")?),
        name: row.get("name")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        artifact_uri: row.get("artifact_uri")?,
        status: row.parsed("status", LoggedModelStatus::parse)?,
        model_type: row.get("model_type")?,
        source_run: row.optional_run_id("source_run")?,
        tags: Vec::new(),
        params: Vec::new(),
        metrics: Vec::new(),
    })
}
