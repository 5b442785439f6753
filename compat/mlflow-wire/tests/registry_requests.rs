//! Whatever a client sends to the registry, it is read or refused, and never a panic.

use proptest::{collection::vec, prelude::*};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use trackside_core::LoggedModelId;
use trackside_mlflow_wire::{
    AliasByName, CreateExperiment, CreateLoggedModel, CreateModelVersion, CreateRegisteredModel, ExperimentById,
    ExperimentTag, FinalizeLoggedModel, GetLoggedModel, GetLoggedModelArtifact, LatestVersions,
    ListLoggedModelArtifacts, LogLoggedModelParams, ModelVersionByNumber, ModelVersionTag, RegisteredModelByName,
    RegisteredModelTag, RenameRegisteredModel, SearchExperiments, SearchLoggedModels, SearchModelVersions,
    SearchRegisteredModels, SetAlias, SetLoggedModelTags, TransitionStage, UpdateExperiment, UpdateModelVersion,
    UpdateRegisteredModel, request,
};

/// Names of parameters, so that values reach them.
const NAMES: [&str; 32] = [
    "name",
    "new_name",
    "newName",
    "description",
    "tags",
    "key",
    "value",
    "alias",
    "version",
    "stage",
    "stages",
    "archive_existing_versions",
    "source",
    "run_id",
    "run_link",
    "model_id",
    "experiment_id",
    "experiment_ids",
    "filter",
    "order_by",
    "max_results",
    "page_token",
    "datasets",
    "dataset_name",
    "field_name",
    "ascending",
    "params",
    "status",
    "source_run_id",
    "artifact_location",
    "artifact_file_path",
    "allow_deleted",
];

/// Texts that mean something to somebody.
fn text() -> impl Strategy<Value = String> {
    const KNOWN: [&str; 24] = [
        "",
        " ",
        "a",
        "1",
        "-1",
        "99999999999999999999",
        "a/b",
        "..",
        "latest",
        "v1",
        "m-1",
        "models:/a/1",
        "s3://b/a",
        "name = 'a'",
        "tags.`a",
        "name IN (",
        "metrics.acc > 1",
        "name DESC",
        "bm9wZQ==",
        "true",
        "READY",
        "mlflow.prompt.is_prompt",
        "\0",
        "%2e%2e",
    ];
    prop_oneof![prop::sample::select(&KNOWN[..]).prop_map(str::to_owned), any::<String>()]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), fields(inner).prop_map(Value::from)]
    })
}

fn fields(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    vec((prop::sample::select(&NAMES[..]), value), 0..6)
        .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Reads and checks one request.
fn read<T: DeserializeOwned, C>(body: &[u8], check: impl FnOnce(T) -> C) {
    drop(request::from_json::<T>(body).map(check));
}

fn read_all(body: &[u8]) {
    let id = LoggedModelId::parse("m-1").unwrap();
    read(body, CreateExperiment::checked);
    read(body, ExperimentById::checked);
    read(body, UpdateExperiment::checked);
    read(body, ExperimentTag::checked);
    read(body, SearchExperiments::checked);
    read(body, CreateRegisteredModel::checked);
    read(body, RegisteredModelByName::checked);
    read(body, RenameRegisteredModel::checked);
    read(body, UpdateRegisteredModel::checked);
    read(body, RegisteredModelTag::checked);
    read(body, SearchRegisteredModels::checked);
    read(body, LatestVersions::checked);
    read(body, SetAlias::checked);
    read(body, AliasByName::checked);
    read(body, CreateModelVersion::checked);
    read(body, ModelVersionByNumber::checked);
    read(body, ModelVersionByNumber::checked_for_download);
    read(body, UpdateModelVersion::checked);
    read(body, TransitionStage::checked);
    read(body, ModelVersionTag::checked);
    read(body, SearchModelVersions::checked);
    read(body, CreateLoggedModel::checked);
    read(body, GetLoggedModel::checked);
    read(body, |request: FinalizeLoggedModel| request.checked(&id));
    read(body, SetLoggedModelTags::checked);
    read(body, |request: LogLoggedModelParams| request.checked(&id));
    read(body, SearchLoggedModels::checked);
    read(body, ListLoggedModelArtifacts::checked);
    read(body, GetLoggedModelArtifact::checked);
}

proptest! {
    #[test]
    fn any_fields_are_read_or_refused(fields in fields(value())) {
        read_all(Value::from(fields).to_string().as_bytes());
    }

    #[test]
    fn any_json_is_read_or_refused(value in value()) {
        read_all(value.to_string().as_bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..64)) {
        read_all(&bytes);
    }

    #[test]
    fn any_query_is_read_or_refused(pairs in vec((prop::sample::select(&NAMES[..]), text()), 0..6)) {
        let pairs = || pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        drop(request::from_query::<SearchRegisteredModels>(pairs()).map(SearchRegisteredModels::checked));
        drop(request::from_query::<SearchModelVersions>(pairs()).map(SearchModelVersions::checked));
        drop(request::from_query::<LatestVersions>(pairs()).map(LatestVersions::checked));
        drop(request::from_query::<SearchExperiments>(pairs()).map(SearchExperiments::checked));
    }
}

#[test]
fn both_spellings_of_a_name_are_read() {
    let body = json!({ "name": "a", "newName": "b" }).to_string();
    let request: RenameRegisteredModel = request::from_json(body.as_bytes()).unwrap();
    let (_, new_name) = request.checked().unwrap();
    assert_eq!(new_name.as_str(), "b");
}
