use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value as Json, json};
use trackside_adapter_sqlite::Sealing;
use trackside_fanout::WhenFull;

use super::{Scene, setting};
use crate::config::{
    Config,
    sink::{Destination, SinkConfig},
};

/// Every option of a sink: its type's least file, the option as written, and what it comes to.
fn of_sinks() -> Vec<(&'static str, &'static str, &'static str, Json)> {
    let mlflow = "type: mlflow, url: 'http://h'";
    let wandb = "type: wandb, api_key: k";
    let exec = "type: exec, command: [cat]";
    vec![
        ("type: sqlite, path: /c.db", "enabled", "false", json!(false)),
        (mlflow, "timeout_secs", "7", json!(7)),
        (mlflow, "linger_ms", "0", json!(0)),
        (mlflow, "window_bytes", "1MiB", json!(1 << 20)),
        (mlflow, "concurrency", "2", json!(2)),
        (mlflow, "retry_base_ms", "9", json!(9)),
        (mlflow, "retry_max_secs", "9", json!(9)),
        (mlflow, "breaker_failures", "3", json!(3)),
        (mlflow, "give_up_after", "8", json!(8)),
        (mlflow, "min_bytes_per_sec", "2KiB", json!(2048)),
        ("type: mlflow", "url", "'https://h:8/x/'", json!("https://h:8/x")),
        (mlflow, "token", "t", json!("[hidden]")),
        ("type: mlflow, url: 'http://h', password: p", "username", "u", json!("u")),
        ("type: mlflow, url: 'http://h', username: u", "password", "p", json!("[hidden]")),
        (mlflow, "experiment_prefix", "lab/", json!("lab/")),
        (mlflow, "ca_file", "/ca.pem", json!("/ca.pem")),
        (mlflow, "artifacts", "false", json!(false)),
        ("type: wandb, directory: /w", "mode", "offline", json!("offline")),
        (wandb, "base_url", "'http://w:1'", json!("http://w:1")),
        ("type: wandb", "api_key", "k", json!("[hidden]")),
        (wandb, "entity", "e", json!("e")),
        (wandb, "project", "p", json!("p")),
        (wandb, "ca_file", "/ca.pem", json!("/ca.pem")),
        ("type: wandb, mode: offline", "directory", "/w", json!("/w")),
        ("type: tensorboard", "directory", "/tb", json!("/tb")),
        ("type: tensorboard, directory: /tb", "images", "false", json!(false)),
        ("type: sqlite", "path", "/c.db", json!("/c.db")),
        ("type: exec", "command", "[python3, 'a b.py']", json!(["python3", "a b.py"])),
        (exec, "env", "{A: '1'}", json!({"A": "[hidden]"})),
        (exec, "working_dir", "/d", json!("/d")),
        (exec, "capability", "[points, tags]", json!(["points", "tags"])),
        (exec, "answer_timeout_secs", "4", json!(4)),
    ]
}

fn with(base: &str, key: &str, value: &str) -> Config {
    Scene::new(&format!("sinks: {{s: {{{base}, {key}: {value}}}}}")).config(&[], [])
}

#[test]
fn every_option_of_a_sink_has_its_effect() {
    for (base, key, value, expected) in of_sinks() {
        let config = with(base, key, value);
        assert_eq!(setting(&config, &format!("sinks.s.{key}")), (expected, json!("file")), "{key}");
        // What is shown is what is used: the sink differs from one without the option.
        let Ok(without) = Scene::new(&format!("sinks: {{s: {{{base}}}}}")).sources(&[], []).resolve() else { continue };
        assert_ne!(without.sinks, config.sinks, "{key} changes nothing");
    }
}

#[test]
fn every_option_is_in_the_readme_and_the_other_way_round() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let table = readme.split("## Mirror runs to other trackers").nth(1).expect("the README has the section");
    let table = table.split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| line.split(" | ").next());
    let documented: BTreeSet<String> = rows
        .flat_map(|keys| keys.split('`').filter(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '_')))
        .filter(|key| !key.is_empty())
        .map(str::to_owned)
        .collect();
    let tested: BTreeSet<String> = of_sinks().iter().map(|(_, key, ..)| (*key).to_owned()).collect();
    let others = ["version", "backends", "max_bytes", "when_full", "require_reachable", "deleted_runs", "type"];
    let others = others.into_iter().chain(STORAGE.map(|(key, ..)| key)).map(str::to_owned);
    assert_eq!(documented, tested.into_iter().chain(others).collect());
}

#[test]
fn policies_are_what_was_written() {
    let config = with("type: sqlite, path: /c.db", "linger_ms: 1, timeout_secs: 2, retry_base_ms", "3");
    let policy = &config.sinks[0].policy;
    assert_eq!(
        (policy.linger, policy.timeout, policy.retry_base),
        (Duration::from_millis(1), Duration::from_secs(2), Duration::from_millis(3))
    );
}

#[test]
fn the_outbox_and_the_start_have_their_options() {
    let config =
        Scene::new("outbox: {max_bytes: 1GiB, when_full: refuse}\nstart: {require_reachable: true}").config(&[], []);
    assert_eq!((config.limits.max_log_bytes, config.limits.when_full), (1 << 30, WhenFull::Refuse));
    assert!(config.require_reachable);
}

/// Every option of the storage: its key, its default, and a value within its range and one on either side.
const STORAGE: [(&str, u32, u32, [&str; 2]); 7] = [
    ("writer_cache_kib", 16_384, 256, ["255", "16777217"]),
    ("reader_cache_kib", 4_096, 1 << 24, ["0", "8MiB"]),
    ("readers", 4, 64, ["0", "65"]),
    ("tail_points", 16, 1, ["0", "4097"]),
    ("unsealed_points", 2_048, 65_536, ["0", "65537"]),
    ("chunk_points", 2_048, 1, ["0", "65537"]),
    ("idle_ms", 30_000, 0, ["-1", "86400001"]),
];

#[test]
fn the_storage_has_its_options() {
    let whole = |config: &Config| format!("{:?}", config.storage);
    let plain = Scene::new("").config(&[], []);
    for (key, default, given, wrong) in STORAGE {
        let path = format!("storage.{key}");
        assert_eq!(setting(&plain, &path), (json!(default), json!("default")));
        let config = Scene::new(&format!("storage: {{{key}: {given}}}")).config(&[], []);
        assert_eq!(setting(&config, &path), (json!(given), json!("file")));
        assert_ne!(whole(&config), whole(&plain), "{key} changes nothing");
        let variable = format!("TRACKSIDE_STORAGE__{}", key.to_ascii_uppercase());
        let config = Scene::new("").config(&[], [(&variable, &given.to_string())]);
        assert_eq!(setting(&config, &path), (json!(given), json!("environment")));
        for wrong in wrong {
            let faults = Scene::new("").faults([(&variable, wrong)]).faults;
            assert_eq!((faults.len(), &faults[0].path, &faults[0].found), (1, &path, &format!("`{wrong}`")));
        }
    }
    let config = Scene::new(
        "storage: {writer_cache_kib: 300, reader_cache_kib: 301, readers: 3, tail_points: 4, unsealed_points: 5, \
         chunk_points: 6, idle_ms: 7}",
    );
    let storage = config.config(&[], []).storage;
    assert_eq!((storage.writer_cache_kib, storage.reader_cache_kib, storage.readers), (300, 301, 3));
    let sealing = Sealing { tail_points: 4, unsealed_points: 5, chunk_points: 6, idle_millis: 7 };
    assert_eq!(storage.sealing, sealing);
}

#[test]
fn every_flag_of_serve_can_be_in_the_file() {
    let scene = Scene::new(
        "serve:\n  data_dir: d\n  backend_store_uri: sqlite:///x.db\n  artifacts_destination: a\n  \
         default_artifact_root: mlflow-artifacts:/r\n  serve_artifacts: false\n  host: 127.0.0.2\n  port: 7\n  \
         static_prefix: /p\n  allowed_hosts: [h, i]\n  cors_allowed_origins: https://o\n  x_frame_options: DENY\n  \
         disable_security_middleware: true\n  max_body_bytes: 5\n  tensorboard_port: 8\n  shutdown_timeout_secs: 6\n  log_format: json\n  \
         log: debug\n  workers: 4\n",
    );
    let serve = scene.config(&[], []).serve;
    assert_eq!(serve.data_dir, scene.path("d"), "paths count from the file's folder");
    assert_eq!(serve.backend_store_uri, Some(format!("sqlite:///{}", scene.path("x.db").display())));
    assert_eq!(serve.artifacts_destination, Some(scene.path("a").display().to_string()));
    assert_eq!(serve.default_artifact_root.as_deref(), Some("mlflow-artifacts:/r"));
    assert_eq!(serve.tensorboard_port, Some(8));
    assert!(serve.no_serve_artifacts && serve.disable_security_middleware);
    assert_eq!((serve.host.as_str(), serve.port), ("127.0.0.2", 7));
    assert_eq!(serve.static_prefix.as_deref(), Some("/p"));
    assert_eq!(
        (serve.allowed_hosts, serve.cors_allowed_origins),
        (vec!["h".into(), "i".into()], vec!["https://o".into()])
    );
    assert_eq!((serve.x_frame_options.as_str(), serve.max_body_bytes, serve.shutdown_timeout_secs), ("DENY", 5, 6));
    assert_eq!((serve.log_format, serve.log.as_str()), (crate::logging::LogFormat::Json, "debug"));
}

#[test]
fn relative_paths_count_from_the_folder_of_the_file() {
    let scene = Scene::new("sinks: {a: {type: sqlite, path: c.db}, b: {type: exec, command: [cat]}}");
    let config = scene.config(&[], []);
    let [
        SinkConfig { destination: Destination::Sqlite(copy), .. },
        SinkConfig { destination: Destination::Exec(exec), .. },
    ] = config.sinks.as_slice()
    else {
        panic!("a copy and a program")
    };
    assert_eq!(copy.path, scene.path("c.db"));
    assert_eq!(exec.working_dir.join("x"), scene.path("x"));
}

#[test]
fn the_example_is_accepted() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/trackside.yaml");
    let arguments = ["trackside", "config", "check", "--config", example].map(Into::into).to_vec();
    let environment = crate::config::Environment::of([
        ("WANDB_API_KEY", "k"),
        ("MLFLOW_TOKEN", "t"),
        ("SLACK_WEBHOOK_URL", "https://hooks.example.com/x"),
        ("SMTP_PASSWORD", "p"),
    ]);
    let config = crate::config::Sources { arguments, environment }.resolve().unwrap();
    let types: BTreeSet<String> =
        config.sinks.iter().map(|sink| setting(&config, &format!("sinks.{}.type", sink.name)).0.to_string()).collect();
    assert_eq!(types.len(), 7, "one sink of each kind");
    assert_eq!((config.governance.stages.len(), config.governance.policies.len()), (1, 1));
}

#[test]
fn retention_is_off_unless_it_has_an_age() {
    assert_eq!(Scene::new("version: 1").config(&[], []).retention, None);
    let config = Scene::new("retention: {deleted_runs: 2d12h}").config(&[], []);
    assert_eq!(config.retention, Some(std::time::Duration::from_hours(60)));
    assert_eq!(setting(&config, "retention.deleted_runs").0, json!("2d12h"));
}
