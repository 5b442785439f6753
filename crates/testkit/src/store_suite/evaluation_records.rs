//! Records of evaluation datasets: what makes them one, and what a second writing adds.

use trackside_core::{
    EvaluationDatasetChange, EvaluationDatasetId, EvaluationRecord, EvaluationRecordId, Json, NewEvaluationDataset,
    NewEvaluationRecord, Object, PageRequest, RecordSource, RecordSourceKind, Store, Upserted, fault,
};

use super::scene::{ALL, assert_fault, refuses_forged_tokens, walk};
use crate::fixture::{at, key};

fn object(text: &str) -> Object {
    match Json::parse(text).expect("a fixture is JSON") {
        Json::Object(object) => object,
        other => panic!("a fixture is an object: {other}"),
    }
}

/// Record number `n`, which is what it asks.
fn record(n: u8) -> NewEvaluationRecord {
    NewEvaluationRecord {
        id: EvaluationRecordId::fresh(n.into()),
        identity: [n; 32],
        inputs: object(&format!(r#"{{"q": {n}}}"#)),
        outputs: None,
        expectations: None,
        tags: Object::default(),
        source: None,
        by: None,
    }
}

async fn dataset(store: &dyn Store) -> EvaluationDatasetId {
    let new = NewEvaluationDataset {
        id: EvaluationDatasetId::fresh(1),
        name: key("dataset"),
        created_at: at(1_000),
        created_by: Some("ada".to_owned()),
        tags: Vec::new(),
        experiments: Vec::new(),
    };
    store.create_evaluation_dataset(new).await.unwrap().id
}

async fn write(store: &dyn Store, id: &EvaluationDatasetId, records: Vec<NewEvaluationRecord>, time: i64) -> Upserted {
    store.upsert_evaluation_records(id, records, at(time)).await.unwrap()
}

async fn all(store: &dyn Store, id: &EvaluationDatasetId) -> Vec<EvaluationRecord> {
    store.evaluation_records(id, ALL).await.unwrap().items
}

pub async fn a_record_reads_back_as_it_was_written(store: &dyn Store) {
    let id = dataset(store).await;
    let source = RecordSource { kind: RecordSourceKind::Trace, data: object(r#"{"trace_id": "tr-1"}"#) };
    let full = NewEvaluationRecord {
        inputs: object(r#"{"b": 1, "a": [NaN, "\u00e9"]}"#),
        outputs: Some(Json::from("answer")),
        expectations: Some(object(r#"{"z": 1, "y": null}"#)),
        tags: object(r#"{"k": 5}"#),
        source: Some(source.clone()),
        by: Some("bob".to_owned()),
        ..record(1)
    };
    assert_eq!(write(store, &id, vec![full], 2_000).await, Upserted { inserted: 1, updated: 0 });
    let expected = EvaluationRecord {
        id: EvaluationRecordId::fresh(1),
        dataset: id.clone(),
        inputs: r#"{"b": 1, "a": [NaN, "\u00e9"]}"#.to_owned(),
        outputs: Some("\"answer\"".to_owned()),
        expectations: Some(r#"{"z": 1, "y": null}"#.to_owned()),
        tags: r#"{"k": 5}"#.to_owned(),
        source: Some(source),
        created_at: at(2_000),
        updated_at: at(2_000),
        created_by: Some("bob".to_owned()),
        updated_by: Some("bob".to_owned()),
    };
    assert_eq!(all(store, &id).await, [expected]);
}

pub async fn a_new_record_without_outputs_has_empty_ones(store: &dyn Store) {
    let id = dataset(store).await;
    let nothing = NewEvaluationRecord { outputs: Some(Json::Null), ..record(2) };
    write(store, &id, vec![record(1), nothing], 2_000).await;
    let records = all(store, &id).await;
    let parts = |record: &EvaluationRecord| (record.outputs.clone(), record.expectations.clone(), record.tags.clone());
    assert_eq!(parts(&records[0]), (Some("{}".to_owned()), None, "{}".to_owned()));
    assert_eq!(parts(&records[1]), (None, None, "{}".to_owned()));
}

pub async fn a_second_writing_adds_to_a_record(store: &dyn Store) {
    let id = dataset(store).await;
    let first = NewEvaluationRecord {
        outputs: Some(Json::from(1)),
        expectations: Some(object(r#"{"a": 1, "b": 1}"#)),
        tags: object(r#"{"t": 1}"#),
        by: Some("bob".to_owned()),
        ..record(1)
    };
    write(store, &id, vec![first], 2_000).await;
    let silent = NewEvaluationRecord { id: EvaluationRecordId::fresh(9), ..record(1) };
    assert_eq!(write(store, &id, vec![silent.clone()], 3_000).await, Upserted { inserted: 0, updated: 1 });
    let unchanged = all(store, &id).await.remove(0);
    assert_eq!((unchanged.id, unchanged.updated_at), (EvaluationRecordId::fresh(1), at(3_000)));
    assert_eq!((unchanged.outputs.as_deref(), unchanged.updated_by.as_deref()), (Some("1"), Some("bob")));

    let second = NewEvaluationRecord {
        outputs: Some(Json::Null),
        expectations: Some(object(r#"{"c": {}, "a": null}"#)),
        tags: object(r#"{"u": 2}"#),
        source: Some(RecordSource { kind: RecordSourceKind::Code, data: Object::default() }),
        by: Some("eve".to_owned()),
        ..silent
    };
    write(store, &id, vec![second], 4_000).await;
    let changed = all(store, &id).await.remove(0);
    assert_eq!(changed.outputs, None);
    assert_eq!(changed.expectations.as_deref(), Some(r#"{"a": null, "b": 1, "c": {}}"#));
    assert_eq!(changed.tags, r#"{"t": 1, "u": 2}"#);
    assert_eq!((changed.source, changed.created_at, changed.updated_at), (None, at(2_000), at(4_000)));
    assert_eq!((changed.created_by.as_deref(), changed.updated_by.as_deref()), (Some("bob"), Some("eve")));
}

pub async fn records_with_the_same_inputs_in_one_request_are_one(store: &dyn Store) {
    let id = dataset(store).await;
    let twice = NewEvaluationRecord { id: EvaluationRecordId::fresh(9), outputs: Some(Json::from(2)), ..record(1) };
    let upserted = write(store, &id, vec![record(1), record(2), twice], 2_000).await;
    assert_eq!(upserted, Upserted { inserted: 2, updated: 1 });
    assert_eq!(all(store, &id).await[0].outputs.as_deref(), Some("2"));
    assert_eq!(store.evaluation_dataset(&id).await.unwrap().unwrap().n_records, 2);
}

pub async fn a_dataset_learns_from_its_records(store: &dyn Store) {
    let id = dataset(store).await;
    let read = async || store.evaluation_dataset(&id).await.unwrap().unwrap();
    write(store, &id, vec![], 2_000).await;
    let touched = read().await;
    assert_eq!((touched.n_records, touched.schema, touched.updated_by), (0, None, None));
    assert_eq!((touched.updated_at, touched.written_at), (at(2_000), at(2_000)));

    let outputs = Some(Json::Object(object(r#"{"o": 1.5}"#)));
    let first = NewEvaluationRecord { outputs, by: Some("bob".to_owned()), ..record(1) };
    write(store, &id, vec![first, record(2)], 3_000).await;
    let other = NewEvaluationRecord { inputs: object(r#"{"q": "text", "r": null}"#), ..record(3) };
    write(store, &id, vec![other], 4_000).await;
    let dataset = read().await;
    let expected =
        r#"{"inputs": {"q": "integer", "r": "null"}, "outputs": {"o": "float"}, "expectations": {}, "version": "1.0"}"#;
    assert_eq!(dataset.schema.map(|schema| schema.to_string()).as_deref(), Some(expected));
    assert_eq!((dataset.n_records, dataset.updated_by, dataset.created_by.as_deref()), (3, None, Some("ada")));
}

pub async fn records_need_a_dataset(store: &dyn Store) {
    let id = EvaluationDatasetId::new("nobody's");
    let refused = store.upsert_evaluation_records(&id, vec![record(1)], at(1)).await;
    assert_fault(refused, &fault::evaluation_dataset_not_found(&id));
    assert_eq!(all(store, &id).await, []);
    assert_eq!(store.delete_evaluation_records(&id, vec![EvaluationRecordId::fresh(1)]).await.unwrap(), 0);
}

pub async fn deleted_records_are_gone_and_counted(store: &dyn Store) {
    let id = dataset(store).await;
    write(store, &id, vec![record(1), record(2), record(3)], 2_000).await;
    let ids = [1, 3, 3, 9].map(EvaluationRecordId::fresh).to_vec();
    assert_eq!(store.delete_evaluation_records(&id, ids.clone()).await.unwrap(), 2);
    assert_eq!(store.delete_evaluation_records(&id, ids).await.unwrap(), 0);
    let left: Vec<_> = all(store, &id).await.into_iter().map(|record| record.id).collect();
    assert_eq!(left, [EvaluationRecordId::fresh(2)]);
    let dataset = store.evaluation_dataset(&id).await.unwrap().unwrap();
    assert_eq!((dataset.n_records, dataset.updated_at), (1, at(2_000)));
    // Those of another dataset are none of its own.
    let other = NewEvaluationDataset {
        id: EvaluationDatasetId::fresh(2),
        name: key("other"),
        created_at: at(1_000),
        created_by: None,
        tags: Vec::new(),
        experiments: Vec::new(),
    };
    let other = store.create_evaluation_dataset(other).await.unwrap().id;
    assert_eq!(store.delete_evaluation_records(&other, left).await.unwrap(), 0);
    // The id of a record is free again with its dataset.
    store.change_evaluation_dataset(&id, EvaluationDatasetChange::Delete, at(3_000)).await.unwrap();
    assert_eq!(write(store, &other, vec![record(2)], 4_000).await.inserted, 1);
}

pub async fn records_come_in_the_order_of_their_first_writing(store: &dyn Store) {
    let id = dataset(store).await;
    write(store, &id, vec![record(5), record(1)], 2_000).await;
    write(store, &id, vec![record(3), record(5)], 1_500).await;
    let fetch = |page: PageRequest| store.evaluation_records(&id, page);
    let ids: Vec<_> = walk(2, fetch).await.into_iter().map(|record| record.id).collect();
    assert_eq!(ids, [3, 1, 5].map(EvaluationRecordId::fresh));
}

pub async fn forged_record_tokens_are_invalid(store: &dyn Store) {
    let id = dataset(store).await;
    refuses_forged_tokens(|page| store.evaluation_records(&id, page)).await;
}
