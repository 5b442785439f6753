//! Records of evaluation datasets.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use trackside_core::{
    EvaluationDatasetId, EvaluationRecord, EvaluationRecordId, EvaluationSchema, Json, NewEvaluationRecord, Object,
    Page, PageRequest, PageToken, RecordSource, RecordSourceKind, Result, Timestamp, Upserted, fault,
    store::EvaluationRecords,
};

use crate::{
    SqliteStore, error, evaluation_datasets,
    rows::{Columns, bound, execute, integer, number, unreadable},
};

#[async_trait]
impl EvaluationRecords for SqliteStore {
    async fn upsert_evaluation_records(
        &self,
        dataset: &EvaluationDatasetId,
        records: Vec<NewEvaluationRecord>,
        at: Timestamp,
    ) -> Result<Upserted> {
        let dataset = dataset.clone();
        self.write(move |connection| upsert(connection, &dataset, records, at)).await
    }

    async fn evaluation_records(
        &self,
        dataset: &EvaluationDatasetId,
        page: PageRequest,
    ) -> Result<Page<EvaluationRecord>> {
        let dataset = dataset.clone();
        self.read(move |connection| read_page(connection, &dataset, &page)).await
    }

    async fn delete_evaluation_records(
        &self,
        dataset: &EvaluationDatasetId,
        records: Vec<EvaluationRecordId>,
    ) -> Result<u64> {
        let dataset = dataset.clone();
        self.write(move |connection| {
            let Some(pk) = evaluation_datasets::pk(connection, &dataset)? else { return Ok(0) };
            let mut n_removed = 0;
            for record in &records {
                let sql = "DELETE FROM evaluation_record WHERE id = ?2 AND dataset = ?1";
                n_removed += execute(connection, sql, params![pk, record.as_str()])? as u64;
            }
            let sql = "UPDATE evaluation_dataset SET n_records = n_records - ?2 WHERE pk = ?1";
            execute(connection, sql, [pk, integer(n_removed)])?;
            Ok(n_removed)
        })
        .await
    }
}

fn upsert(
    connection: &Connection,
    dataset: &EvaluationDatasetId,
    records: Vec<NewEvaluationRecord>,
    at: Timestamp,
) -> error::Result<Upserted> {
    let pk = evaluation_datasets::pk(connection, dataset)?;
    let pk = pk.ok_or_else(|| fault::evaluation_dataset_not_found(dataset))?;
    let mut schema = schema(connection, pk)?;
    let mut upserted = Upserted::default();
    let mut by = None;
    for record in records {
        schema.get_or_insert_default().learn(&record);
        by = record.by.clone().or(by);
        let sql = "SELECT pk FROM evaluation_record WHERE dataset = ?1 AND identity = ?2";
        if let Some(known) = number(connection, sql, params![pk, record.identity])? {
            update(connection, known, record, at)?;
            upserted.updated += 1;
        } else {
            insert(connection, pk, record, at)?;
            upserted.inserted += 1;
        }
    }
    let sql = "UPDATE evaluation_dataset SET updated_at = ?2, written_at = ?2, updated_by = ?3, schema = ?4, \
               n_records = n_records + ?5 WHERE pk = ?1";
    let schema = schema.map(|schema| schema.to_string());
    execute(connection, sql, params![pk, at.millis(), by, schema, integer(upserted.inserted)])?;
    Ok(upserted)
}

fn schema(connection: &Connection, pk: i64) -> error::Result<Option<EvaluationSchema>> {
    let sql = "SELECT schema FROM evaluation_dataset WHERE pk = ?1";
    let text: Option<String> = connection.prepare_cached(sql)?.query_row([pk], |row| row.get(0))?;
    Ok(text.map(|text| EvaluationSchema::parse(&text)).transpose().map_err(unreadable)?)
}

fn insert(connection: &Connection, dataset: i64, record: NewEvaluationRecord, at: Timestamp) -> error::Result<()> {
    let sql = "INSERT INTO evaluation_record (id, dataset, identity, inputs, outputs, expectations, tags, source, \
               source_data, created_at, updated_at, created_by, updated_by) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11, ?11)";
    let outputs = record.outputs.unwrap_or_else(|| Json::Object(Object::default()));
    let source = record.source.as_ref();
    execute(
        connection,
        sql,
        params![
            record.id.as_str(),
            dataset,
            record.identity,
            record.inputs.to_string(),
            present(&outputs),
            record.expectations.map(|expectations| expectations.to_string()),
            record.tags.to_string(),
            source.map(|source| source.kind.as_str()),
            source.map(|source| source.data.to_string()),
            at.millis(),
            record.by,
        ],
    )
    .map(drop)
}

/// Adds to what is there; inputs are the same.
fn update(connection: &Connection, pk: i64, record: NewEvaluationRecord, at: Timestamp) -> error::Result<()> {
    let sql = "SELECT outputs, expectations, tags FROM evaluation_record WHERE pk = ?1";
    let known = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?));
    let (mut outputs, mut expectations, tags): (Option<String>, Option<String>, _) =
        connection.prepare_cached(sql)?.query_row([pk], known)?;
    if let Some(new) = &record.outputs {
        outputs = present(new);
    }
    if let Some(new) = record.expectations.filter(|new| !new.is_empty()) {
        expectations = Some(merged(expectations.as_deref(), new)?);
    }
    let tags = if record.tags.is_empty() { tags } else { merged(Some(&tags), record.tags)? };
    let sql = "UPDATE evaluation_record SET outputs = ?2, expectations = ?3, tags = ?4, updated_at = ?5, \
               updated_by = coalesce(?6, updated_by) WHERE pk = ?1";
    execute(connection, sql, params![pk, outputs, expectations, tags, at.millis(), record.by]).map(drop)
}

fn present(outputs: &Json) -> Option<String> {
    (*outputs != Json::Null).then(|| outputs.to_string())
}

fn merged(known: Option<&str>, new: Object) -> rusqlite::Result<String> {
    let mut all = known.map(object).transpose()?.unwrap_or_default();
    all.update(new);
    Ok(all.to_string())
}

fn object(text: &str) -> rusqlite::Result<Object> {
    match Json::parse(text).map_err(unreadable)? {
        Json::Object(object) => Ok(object),
        _ => Err(unreadable(trackside_core::Error::internal("a part of a record is no object"))),
    }
}

/// Tokens are MLflow's: instant and id of the last record.
fn read_page(
    connection: &Connection,
    dataset: &EvaluationDatasetId,
    page: &PageRequest,
) -> error::Result<Page<EvaluationRecord>> {
    let after = page.after.as_ref().map(|token| {
        let (millis, id) = token.as_str().split_once(':')?;
        Some((millis.parse::<i64>().ok()?, id))
    });
    let (millis, id) = match after {
        Some(after) => after.ok_or_else(fault::invalid_page_token)?,
        None => (i64::MIN, ""),
    };
    let Some(pk) = evaluation_datasets::pk(connection, dataset)? else {
        return Ok(Page { items: Vec::new(), next: None });
    };
    let sql = "SELECT * FROM evaluation_record WHERE dataset = ?1 AND (created_at, id) > (?2, ?3) \
               ORDER BY created_at, id LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = bound(page.limit).saturating_add(1);
    let rows = statement.query_map(params![pk, millis, id, limit], |row| read(dataset, row))?;
    let mut items: Vec<EvaluationRecord> = rows.collect::<rusqlite::Result<_>>()?;
    let has_next = items.len() > page.limit;
    items.truncate(page.limit);
    let token = |last: &EvaluationRecord| PageToken::new(format!("{}:{}", last.created_at.millis(), last.id));
    let next = items.last().filter(|_| has_next).map(token);
    Ok(Page { items, next })
}

fn read(dataset: &EvaluationDatasetId, row: &Row<'_>) -> rusqlite::Result<EvaluationRecord> {
    let source: Option<String> = row.get("source")?;
    let source = match source {
        None => None,
        Some(_) => Some(RecordSource {
            kind: row.parsed("source", RecordSourceKind::parse)?,
            data: object(&row.get::<_, String>("source_data")?)?,
        }),
    };
    Ok(EvaluationRecord {
        id: EvaluationRecordId::new(row.get::<_, String>("id")?),
        dataset: dataset.clone(),
        inputs: row.get("inputs")?,
        outputs: row.get("outputs")?,
        expectations: row.get("expectations")?,
        tags: row.get("tags")?,
        source,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        created_by: row.get("created_by")?,
        updated_by: row.get("updated_by")?,
    })
}
