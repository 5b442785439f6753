//! Records of evaluation datasets: shapes of `/mlflow/datasets/<id>/records` and their conversions.
//!
//! Records come and go as a JSON text within the JSON. Source: `upsert_dataset_records` of
//! `store/tracking/sqlalchemy_store.py` and `entities/dataset_record.py` of MLflow 3.17.2.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use trackside_core::{
    EvaluationRecord, EvaluationRecordId, Json, NewEvaluationRecord, Object, Page, PageRequest, RecordSource,
    RecordSourceKind, Upserted,
};

use crate::{Failure, Int, Texts, evaluation_dataset::USER_TAG, page, request::required, search::python};

/// Records of a page when the client does not say.
pub const DEFAULT_EVALUATION_RECORDS: i64 = 1000;
/// Most records of a page; who asks for more gets a token with these.
pub const MAX_EVALUATION_RECORDS: i64 = 50_000;

/// `POST datasets/<id>/records`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UpsertEvaluationRecords {
    /// Required: a JSON list of objects as a text.
    pub records: Option<String>,
}

impl UpsertEvaluationRecords {
    /// The records, each with a fresh id.
    pub fn checked(
        self,
        mut fresh: impl FnMut() -> trackside_core::Result<EvaluationRecordId>,
    ) -> Result<Vec<NewEvaluationRecord>, Failure> {
        let refused = |why: &str| Failure::invalid(format!("Parameter 'records' is {why}"));
        let records = Json::parse(&required(self.records, "records")?).map_err(|error| refused(error.message()))?;
        let Json::List(records) = records else { return Err(refused("no JSON list, as a text")) };
        let mut read = Vec::with_capacity(records.len());
        for (at, record) in records.into_iter().enumerate() {
            let Json::Object(record) = record else {
                return Err(refused(&format!("not right: records[{at}] is no object")));
            };
            read.push(record_of(record, fresh()?, at)?);
        }
        Ok(read)
    }
}

fn record_of(mut record: Object, id: EvaluationRecordId, at: usize) -> Result<NewEvaluationRecord, Failure> {
    let inputs = match record.take("inputs") {
        None => Object::default(),
        Some(Json::Object(inputs)) => inputs,
        Some(Json::Null) => return Err(Failure::invalid("inputs must be provided")),
        Some(_) => return Err(no_object(at, "inputs")),
    };
    let tags = optional_object(&mut record, "tags", at)?.unwrap_or_default();
    let by = tags.get(USER_TAG).and_then(Json::as_text).map(str::to_owned);
    let canonical = Json::Object(inputs.clone()).sorted().to_string();
    let hash = digest(&SHA256, canonical.as_bytes());
    Ok(NewEvaluationRecord {
        id,
        identity: hash.as_ref().try_into().expect("SHA-256 has 32 bytes"),
        inputs,
        outputs: record.take("outputs"),
        expectations: optional_object(&mut record, "expectations", at)?,
        tags,
        source: record
            .take("source")
            .filter(|source| !source.is_falsy())
            .map(|source| source_of(source, at))
            .transpose()?,
        by,
    })
}

fn optional_object(record: &mut Object, name: &str, at: usize) -> Result<Option<Object>, Failure> {
    match record.take(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Object(object)) => Ok(Some(object)),
        Some(_) => Err(no_object(at, name)),
    }
}

fn no_object(at: usize, name: &str) -> Failure {
    Failure::invalid(format!("records[{at}].{name} must be a JSON object"))
}

fn source_of(source: Json, at: usize) -> Result<RecordSource, Failure> {
    let Json::Object(mut source) = source else { return Err(no_object(at, "source")) };
    let kind = match source.take("source_type") {
        Some(Json::Text(kind)) => kind.to_uppercase(),
        _ => return Err(Failure::invalid(format!("records[{at}].source.source_type must be a text"))),
    };
    let data = match source.take("source_data") {
        None | Some(Json::Null) => Object::default(),
        Some(Json::Object(data)) => data,
        Some(_) => return Err(no_object(at, "source.source_data")),
    };
    if let Some((other, _)) = source.iter().next() {
        return Err(Failure::invalid(format!("records[{at}].source has no '{other}'")));
    }
    let unknown = || {
        let known = RecordSourceKind::ALL.map(|kind| kind.as_str().to_owned());
        Failure::invalid(format!(
            "Invalid dataset record source type: {kind}. Valid source types: {}",
            python::list(&known)
        ))
    };
    Ok(RecordSource { kind: RecordSourceKind::parse(&kind).ok_or_else(unknown)?, data })
}

/// Answer of `POST datasets/<id>/records`.
#[derive(Debug, Serialize)]
pub struct EvaluationRecordsUpserted {
    /// So many are new.
    pub inserted_count: u64,
    /// So many were there.
    pub updated_count: u64,
}

impl From<Upserted> for EvaluationRecordsUpserted {
    fn from(upserted: Upserted) -> Self {
        Self { inserted_count: upserted.inserted, updated_count: upserted.updated }
    }
}

/// `GET datasets/<id>/records`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GetEvaluationRecords {
    /// At most so many.
    #[serde(alias = "maxResults")]
    pub max_results: Option<Int>,
    /// Where to go on.
    #[serde(alias = "pageToken")]
    pub page_token: Option<String>,
}

impl GetEvaluationRecords {
    /// Which page.
    pub fn checked(self) -> Result<PageRequest, Failure> {
        let limit = match self.max_results {
            None | Some(Int(0)) => DEFAULT_EVALUATION_RECORDS,
            Some(Int(limit)) => limit.min(MAX_EVALUATION_RECORDS),
        };
        let limit = usize::try_from(limit).map_err(|_| {
            Failure::invalid(format!(
                "Invalid value {limit} for parameter 'max_results' supplied. It must be a positive integer"
            ))
        })?;
        Ok(PageRequest { limit, after: page::parse(self.page_token.as_deref())? })
    }
}

/// Answer of `GET datasets/<id>/records`.
#[derive(Debug, Serialize)]
pub struct EvaluationRecordsFound {
    /// A JSON list of objects as a text.
    pub records: String,
    /// Absent when nothing follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

impl From<Page<EvaluationRecord>> for EvaluationRecordsFound {
    fn from(found: Page<EvaluationRecord>) -> Self {
        let records: Vec<_> = found.items.iter().map(shown).collect();
        Self { records: format!("[{}]", records.join(", ")), next_page_token: page::render(found.next.as_ref()) }
    }
}

/// A record as a JSON object. Its parts are JSON already.
fn shown(record: &EvaluationRecord) -> String {
    let text = |text: &str| Json::from(text).to_string();
    let optional_text = |value: &Option<String>| value.as_deref().map(text);
    let source = record.source.as_ref();
    let source_id = source.and_then(|source| {
        let name = if source.kind == RecordSourceKind::Trace { "trace_id" } else { "source_id" };
        source.data.get(name).and_then(Json::as_text).map(text)
    });
    let fields = [
        ("dataset_record_id", Some(text(record.id.as_str()))),
        ("dataset_id", Some(text(record.dataset.as_str()))),
        ("inputs", Some(record.inputs.clone())),
        ("expectations", record.expectations.clone()),
        ("tags", Some(record.tags.clone())),
        (
            "source",
            source.map(|source| {
                format!("{{\"source_type\": {}, \"source_data\": {}}}", text(source.kind.as_str()), source.data)
            }),
        ),
        ("source_id", source_id),
        ("source_type", source.map(|source| text(source.kind.as_str()))),
        ("created_time", Some(record.created_at.millis().to_string())),
        ("last_update_time", Some(record.updated_at.millis().to_string())),
        ("created_by", optional_text(&record.created_by)),
        ("last_updated_by", optional_text(&record.updated_by)),
        ("outputs", record.outputs.clone()),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some(format!("\"{name}\": {}", value?)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}

/// `DELETE datasets/<id>/records`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DeleteEvaluationRecords {
    /// Which; others are passed over.
    #[serde(alias = "datasetRecordIds")]
    pub dataset_record_ids: Texts,
}

impl DeleteEvaluationRecords {
    /// Which.
    pub fn checked(self) -> Vec<EvaluationRecordId> {
        self.dataset_record_ids.0.into_iter().map(EvaluationRecordId::new).collect()
    }
}

/// Answer of `DELETE datasets/<id>/records`.
#[derive(Debug, Serialize)]
pub struct EvaluationRecordsDeleted {
    /// So many were there.
    pub deleted_count: u64,
}

#[cfg(test)]
mod tests {
    use trackside_core::{EvaluationDatasetId, Timestamp};

    use super::*;

    fn read(records: &str) -> Result<Vec<NewEvaluationRecord>, String> {
        let request = UpsertEvaluationRecords { records: Some(records.to_owned()) };
        request.checked(|| Ok(EvaluationRecordId::fresh(1))).map_err(|failure| failure.message)
    }

    #[test]
    fn inputs_tell_records_apart_whatever_their_order() {
        let records = read(
            r#"[{"inputs": {"a": 1, "b": {"c": 1.0, "d": NaN}}}, {"inputs": {"b": {"d": NaN, "c": 1.00}, "a": 1}},
                {"inputs": {"a": 1.0, "b": {"c": 1.0, "d": NaN}}}, {}, {"inputs": {}}]"#,
        )
        .unwrap();
        let identities: Vec<_> = records.iter().map(|record| record.identity).collect();
        assert_eq!(identities[0], identities[1]);
        assert_ne!(identities[0], identities[2]);
        assert_eq!(identities[3], identities[4]);
    }

    #[test]
    fn what_a_record_leaves_out_is_told_from_what_it_says_is_nothing() {
        let records = read(
            r#"[{"inputs": {"a": 1}, "outputs": null, "expectations": null, "tags": {"mlflow.user": "joe", "k": 5}},
                {"source": {"source_type": "trace", "source_data": {"trace_id": "tr-1"}}, "other": 1}]"#,
        )
        .unwrap();
        assert_eq!((&records[0].outputs, records[0].by.as_deref()), (&Some(Json::Null), Some("joe")));
        assert_eq!((&records[1].outputs, &records[1].expectations), (&None, &None));
        assert_eq!(records[1].source.as_ref().unwrap().kind, RecordSourceKind::Trace);
    }

    #[test]
    fn records_that_are_not_right_are_refused() {
        for (records, told) in [
            ("x", "Parameter 'records' is not valid JSON: a value is expected (at byte 0)"),
            ("{}", "Parameter 'records' is no JSON list, as a text"),
            ("[{}, 5]", "Parameter 'records' is not right: records[1] is no object"),
            (r#"[{"inputs": null}]"#, "inputs must be provided"),
            (r#"[{"inputs": [1]}]"#, "records[0].inputs must be a JSON object"),
            (r#"[{"tags": "x"}]"#, "records[0].tags must be a JSON object"),
            (r#"[{"expectations": 5}]"#, "records[0].expectations must be a JSON object"),
            (r#"[{"source": "x"}]"#, "records[0].source must be a JSON object"),
            (r#"[{"source": {"source_data": {}}}]"#, "records[0].source.source_type must be a text"),
            (
                r#"[{"source": {"source_type": "code", "source_data": 5}}]"#,
                "records[0].source.source_data must be a JSON object",
            ),
            (r#"[{"source": {"source_type": "code", "x": 5}}]"#, "records[0].source has no 'x'"),
            (
                r#"[{"source": {"source_type": "bogus"}}]"#,
                "Invalid dataset record source type: BOGUS. Valid source types: ['UNSPECIFIED', 'TRACE', 'HUMAN', \
                 'DOCUMENT', 'CODE']",
            ),
        ] {
            assert_eq!(read(records).unwrap_err(), told);
        }
    }

    #[test]
    fn records_are_shown_as_mlflow_shows_them() {
        let bare = EvaluationRecord {
            id: EvaluationRecordId::fresh(1),
            dataset: EvaluationDatasetId::new("d-1"),
            inputs: r#"{"a": 1}"#.to_owned(),
            outputs: None,
            expectations: None,
            tags: "{}".to_owned(),
            source: None,
            created_at: Timestamp::from_millis(1),
            updated_at: Timestamp::from_millis(2),
            created_by: None,
            updated_by: None,
        };
        let source = read(r#"[{"source": {"source_type": "HUMAN", "source_data": {"source_id": "s"}}}]"#).unwrap()[0]
            .source
            .clone();
        let full = EvaluationRecord {
            source,
            outputs: Some("5".to_owned()),
            updated_by: Some("ü".to_owned()),
            ..bare.clone()
        };
        let found = EvaluationRecordsFound::from(Page { items: vec![bare, full], next: None });
        let id = "dr-00000000000000000000000000000001";
        assert_eq!(
            found.records,
            format!(
                r#"[{{"dataset_record_id": "{id}", "dataset_id": "d-1", "inputs": {{"a": 1}}, "tags": {{}}, "created_time": 1, "last_update_time": 2}}, {{"dataset_record_id": "{id}", "dataset_id": "d-1", "inputs": {{"a": 1}}, "tags": {{}}, "source": {{"source_type": "HUMAN", "source_data": {{"source_id": "s"}}}}, "source_id": "s", "source_type": "HUMAN", "created_time": 1, "last_update_time": 2, "last_updated_by": "\u00fc", "outputs": 5}}]"#
            )
        );
    }
}
