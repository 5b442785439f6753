//! Whatever a client sends, reading and checking it ends in a request or a refusal, and never in a panic.

use proptest::{collection::vec, prelude::*};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use trackside_mlflow_wire::{self as wire, Double, Failure, Int, request::from_json};

/// Names of parameters, so that nonsense reaches the checks.
const FIELDS: [&str; 31] = [
    "run_id",
    "run_ids",
    "run_uuid",
    "runId",
    "experiment_id",
    "experiment_ids",
    "name",
    "new_name",
    "run_name",
    "key",
    "value",
    "timestamp",
    "step",
    "start_step",
    "end_step",
    "metrics",
    "params",
    "tags",
    "datasets",
    "dataset",
    "models",
    "model_id",
    "status",
    "filter",
    "order_by",
    "max_results",
    "page_token",
    "path",
    "model_json",
    "metric_key",
    "digest",
];
/// Values that are nearly right.
const TEXTS: [&str; 16] = [
    "",
    "r",
    "0",
    "-1",
    "9223372036854775808",
    "1e400",
    "NaN",
    "-Infinity",
    "a/../b",
    "mlflow.runName",
    "metrics.a > 1",
    "%2e%2e",
    "RUNNING",
    "{}",
    "[]",
    "\u{0}",
];

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(&TEXTS[..]).prop_map(Value::from),
        ".{0,300}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| prop_oneof![vec(inner.clone(), 0..6).prop_map(Value::from), object(inner)])
}

fn object(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let field = prop::sample::select(&FIELDS[..]).prop_map(str::to_owned);
    vec((field, values), 0..6).prop_map(|fields| fields.into_iter().collect::<Map<_, _>>().into())
}

fn handle<T: DeserializeOwned, C>(body: &[u8], checked: impl FnOnce(T) -> Result<C, Failure>) {
    if let Err(refused) = from_json(body).and_then(checked) {
        assert!((400..500).contains(&refused.code.status()), "{}", refused.message);
    }
}

fn handle_as_everything(body: &[u8]) {
    handle(body, wire::CreateExperiment::checked);
    handle(body, wire::ExperimentById::checked);
    handle(body, wire::UpdateExperiment::checked);
    handle(body, wire::ExperimentTag::checked);
    handle(body, wire::SearchExperiments::checked);
    handle(body, wire::CreateRun::checked);
    handle(body, wire::RunById::checked);
    handle(body, wire::UpdateRun::checked);
    handle(body, wire::SearchRuns::checked);
    handle(body, wire::LogMetric::checked);
    handle(body, wire::LogParameter::checked);
    handle(body, wire::LogBatch::checked);
    handle(body, wire::RunTag::set);
    handle(body, wire::RunTag::delete);
    handle(body, wire::LogInputs::checked);
    handle(body, wire::LogOutputs::checked);
    handle(body, wire::LogModel::checked);
    handle(body, wire::GetHistory::checked);
    handle(body, wire::GetHistoryBulk::checked);
    handle(body, wire::GetHistoryBulkInterval::checked);
    handle(body, wire::SearchDatasets::checked);
    handle(body, wire::ListArtifacts::checked);
    handle(body, wire::GetArtifact::checked);
    handle(body, wire::GetVersionArtifact::checked);
    handle(body, wire::UploadArtifact::checked);
    handle(body, wire::ListProxiedArtifacts::checked);
}

proptest! {
    #[test]
    fn any_json_is_a_request_or_a_refusal(value in prop_oneof![json(), object(json())]) {
        handle_as_everything(value.to_string().as_bytes());
    }

    #[test]
    fn so_are_any_bytes(bytes in vec(any::<u8>(), 0..200)) {
        handle_as_everything(&bytes);
    }

    #[test]
    fn a_path_is_safe_or_refused(text in "[a./%25eEfF#:\\\\]{0,24}") {
        if let Ok(path) = wire::artifact_path(&text) {
            prop_assert!(path.as_str().split('/').all(|segment| segment != ".."));
        }
    }

    #[test]
    fn doubles_survive_the_wire(value in prop::num::f64::ANY) {
        let json = serde_json::to_string(&Double(value)).unwrap();
        let Double(back) = serde_json::from_str(&json).unwrap();
        let same = back.to_bits() == value.clamp(f64::MIN, f64::MAX).to_bits();
        prop_assert!(same || (back.is_nan() && value.is_nan()), "{}", json);
    }

    #[test]
    fn integers_survive_the_wire_in_both_spellings(value in any::<i64>()) {
        let json = serde_json::to_string(&Int(value)).unwrap();
        prop_assert_eq!(serde_json::from_str::<Int>(&json).unwrap(), Int(value));
        prop_assert_eq!(serde_json::from_str::<Int>(&format!("\"{json}\"")).unwrap(), Int(value));
    }
}
