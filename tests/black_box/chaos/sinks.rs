//! The sinks under test: their configuration, and how they stand.

use std::{fs, path::Path, time::Duration};

use serde_json::Value;
use tokio::time::{Instant, sleep};
use trackside_tests::Server;

/// Names of all sinks.
pub(crate) const SINKS: [&str; 5] = ["copy", "csv", "mlflow", "tb", "wandb"];
/// Files of the sinks, below the directory of the server.
pub(crate) const COPY: &str = "copy.db";
pub(crate) const CSV: &str = "csv";
pub(crate) const TB: &str = "tb";

/// Longest wait for sinks to catch up.
const PATIENCE: Duration = Duration::from_mins(3);

/// How patient sinks are: less than usual, so that a round of a fraction of a second sees retries and windows. They
/// never give a batch up for failures that are none of its own.
const POLICY: &str = "timeout_secs: 2, linger_ms: 5, window_bytes: 64KiB, retry_base_ms: 5, retry_max_secs: 1, \
                      breaker_failures: 4, give_up_after: 1000000";

/// Writes the configuration where `trackside serve` looks for it.
pub(crate) fn configure(dir: &Path, mlflow: &str, wandb: &str) {
    let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/plugins/to_csv.py");
    let plugin = plugin.display();
    let text = format!(
        "version: 1\n\
         sinks:\n\
         \x20 copy: {{type: sqlite, path: {COPY}, {POLICY}}}\n\
         \x20 csv: {{type: exec, command: [python3, \"{plugin}\", {CSV}], capability: [points], {POLICY}}}\n\
         \x20 mlflow: {{type: mlflow, url: {mlflow:?}, {POLICY}}}\n\
         \x20 tb: {{type: tensorboard, directory: {TB}, {POLICY}}}\n\
         \x20 wandb: {{type: wandb, base_url: {wandb:?}, api_key: key, {POLICY}}}\n"
    );
    fs::write(dir.join("trackside.yaml"), text).unwrap();
}

/// How all sinks stand.
pub(crate) async fn status(server: &Server) -> Vec<Value> {
    let client = server.client();
    let answer = client.http().get(client.url("/api/trackside/v1/sinks")).send().await.unwrap();
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    answer["sinks"].as_array().unwrap().clone()
}

/// Waits until every sink has everything; fails when one has given up anything.
pub(crate) async fn caught_up(server: &Server) {
    let begun = Instant::now();
    loop {
        let sinks = status(server).await;
        let names: Vec<&str> = sinks.iter().map(|sink| sink["name"].as_str().unwrap()).collect();
        assert_eq!(names, SINKS);
        let is_dead = |sink: &Value| sink["dead"] != 0 || sink["lost"] != 0;
        assert!(!sinks.iter().any(is_dead), "a sink has given up: {}", dead_letters(server).await);
        if sinks.iter().all(|sink| sink["lag"]["entries"] == 0) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "sinks do not catch up: {sinks:#?}");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn dead_letters(server: &Server) -> String {
    let client = server.client();
    let url = client.url("/api/trackside/v1/dead-letters?limit=5&batches=true");
    client.http().get(url).send().await.unwrap().text().await.unwrap()
}
