use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use serde_json::Value;

use crate::server::Server;

/// Every path with a handler, below the prefix or with its own.
const PATHS: [&str; 84] = [
    "mlflow/experiments/create",
    "mlflow/experiments/get",
    "mlflow/experiments/get-by-name",
    "mlflow/experiments/search",
    "mlflow/experiments/list",
    "mlflow/experiments/delete",
    "mlflow/experiments/restore",
    "mlflow/experiments/update",
    "mlflow/experiments/set-experiment-tag",
    "mlflow/experiments/delete-experiment-tag",
    "mlflow/runs/create",
    "mlflow/runs/get",
    "mlflow/runs/search",
    "mlflow/runs/update",
    "mlflow/runs/delete",
    "mlflow/runs/restore",
    "mlflow/runs/log-metric",
    "mlflow/runs/log-parameter",
    "mlflow/runs/log-batch",
    "mlflow/runs/set-tag",
    "mlflow/runs/delete-tag",
    "mlflow/runs/log-model",
    "mlflow/runs/log-inputs",
    "mlflow/runs/outputs",
    "mlflow/metrics/get-history",
    "mlflow/metrics/get-history-bulk-interval",
    "mlflow/artifacts/list",
    "mlflow/artifacts/presigned-upload-url",
    "mlflow/artifacts/presigned-download-url",
    "mlflow/upload-artifact",
    "mlflow-artifacts/artifacts",
    "mlflow-artifacts/artifacts/a/b",
    "mlflow-artifacts/mpu/create/a",
    "mlflow-artifacts/mpu/complete/a",
    "mlflow-artifacts/mpu/abort/a",
    "mlflow-artifacts/presigned/a",
    "mlflow/registered-models/create",
    "mlflow/registered-models/get",
    "mlflow/registered-models/rename",
    "mlflow/registered-models/update",
    "mlflow/registered-models/delete",
    "mlflow/registered-models/search",
    "mlflow/registered-models/get-latest-versions",
    "mlflow/registered-models/set-tag",
    "mlflow/registered-models/delete-tag",
    "mlflow/registered-models/alias",
    "mlflow/model-versions/create",
    "mlflow/model-versions/get",
    "mlflow/model-versions/update",
    "mlflow/model-versions/transition-stage",
    "mlflow/model-versions/delete",
    "mlflow/model-versions/search",
    "mlflow/model-versions/get-download-uri",
    "mlflow/model-versions/set-tag",
    "mlflow/logged-models",
    "mlflow/logged-models/search",
    "mlflow/logged-models/m-1",
    "mlflow/logged-models/m-1/tags",
    "mlflow/logged-models/m-1/params",
    "mlflow/logged-models/m-1/artifacts/directories",
    "mlflow/logged-models/m-1/artifacts/files",
    "mlflow/traces",
    "mlflow/traces/delete-traces",
    "mlflow/traces/link-to-run",
    "mlflow/traces/link-prompts",
    "mlflow/traces/t",
    "mlflow/traces/t/info",
    "mlflow/traces/t/tags",
    "/api/3.0/mlflow/traces",
    "/api/3.0/mlflow/traces/search",
    "/api/3.0/mlflow/traces/metrics",
    "/api/3.0/mlflow/traces/calculate-filter-correlation",
    "/api/3.0/mlflow/traces/delete-traces",
    "/api/3.0/mlflow/traces/get",
    "/api/3.0/mlflow/traces/batchGet",
    "/api/3.0/mlflow/traces/batchGetInfos",
    "/api/3.0/mlflow/traces/t",
    "/api/3.0/mlflow/traces/t/tags",
    "/ajax-api/3.0/mlflow/get-trace-artifact",
    "/v1/traces",
    "/get-artifact",
    "/model-versions/get-artifact",
    "/ajax-api/2.0/mlflow/metrics/get-history-bulk",
    "/ajax-api/2.0/mlflow/experiments/search-datasets",
];
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/// Names of parameters, so that nonsense reaches the handlers.
const FIELDS: [&str; 34] = [
    "run_id",
    "run_ids",
    "run_uuid",
    "experiment_id",
    "experiment_ids",
    "name",
    "new_name",
    "key",
    "value",
    "timestamp",
    "step",
    "metrics",
    "metric_key",
    "params",
    "tags",
    "datasets",
    "models",
    "model_id",
    "status",
    "filter",
    "order_by",
    "max_results",
    "page_token",
    "path",
    "version",
    "source",
    "trace",
    "trace_id",
    "trace_ids",
    "locations",
    "request_ids",
    "aggregations",
    "view_type",
    "resourceSpans",
];
/// Values that are nearly right.
const VALUES: [&str; 24] = [
    "null",
    "true",
    "0",
    "-1",
    "1e400",
    "1.5",
    "9223372036854775808",
    "\"\"",
    "\"0\"",
    "\"r\"",
    "\"\\u0000\"",
    "\"a/../b\"",
    "\"%2e%2e\"",
    "\"metrics.a > 'x\"",
    "\"eyJvZmZzZXQiOiAxfQ==\"",
    "\"NaN\"",
    "NaN",
    "[]",
    "{}",
    "[null]",
    "[[1]]",
    "[{\"key\": 5}]",
    "[{\"key\": \"k\", \"value\": \"1\", \"timestamp\": 1}]",
    "{\"a\": {\"b\": []}}",
];

/// Marsaglia's xorshift: the same nonsense on every run.
struct Nonsense(u64);

impl Nonsense {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % n
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.below(60)).map(|_| u8::try_from(self.below(256)).unwrap_or_default()).collect()
    }

    fn object(&mut self) -> Vec<u8> {
        let fields: Vec<String> = (0..self.below(7))
            .map(|_| format!("\"{}\": {}", FIELDS[self.below(FIELDS.len())], VALUES[self.below(VALUES.len())]))
            .collect();
        format!("{{{}}}", fields.join(", ")).into_bytes()
    }

    fn query(&mut self) -> String {
        let fields: Vec<String> = (0..self.below(4))
            .map(|_| format!("{}=%{:02x}..", FIELDS[self.below(FIELDS.len())], self.below(256)))
            .collect();
        fields.join("&")
    }
}

#[tokio::test]
async fn nonsense_is_never_a_fault_of_the_server() {
    let server = Server::start().await;
    let mut nonsense = Nonsense(0x9E37_79B9_7F4A_7C15);
    for round in 0..6 {
        for (path, method) in PATHS.iter().flat_map(|path| METHODS.map(|method| (path, method))) {
            let prefix = if path.starts_with('/') { "" } else { "/api/2.0/" };
            let uri = format!("{prefix}{path}?{}", if round % 2 == 0 { nonsense.query() } else { String::new() });
            let body = if round < 2 { nonsense.bytes() } else { nonsense.object() };
            let shown = format!("{method} {uri} {}", String::from_utf8_lossy(&body));
            let request = Request::builder().method(method).uri(uri).header("content-type", "application/json");
            let request = request.header("x-mlflow-experiment-id", "0");
            let answer = server.raw(request.body(Body::from(body)).unwrap()).await;
            let status = answer.status().as_u16();
            assert!(status < 500 || status == 501, "{status}: {shown}");
            let bytes = answer.into_body().collect().await.unwrap().to_bytes();
            let failure: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let is_shaped = failure["error_code"].is_string() || failure["detail"].is_string();
            assert!(status < 400 || method == "HEAD" || is_shaped, "{status}: {shown}: {bytes:?}");
        }
    }
}
