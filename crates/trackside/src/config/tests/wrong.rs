use super::Scene;

/// Every sort of fault at once, and all that is said about it.
#[test]
fn a_thoroughly_broken_file_is_told_whole() {
    let told = Scene::new(include_str!("broken.yaml")).faults([("TRACKSIDE_SINK__A__URL", "x")]).to_string();
    let (_, told) = told.split_once("trackside.yaml: ").expect("the file is named");
    assert_eq!(told, include_str!("broken.txt").trim_end(), "--- is now ---\n{told}\n---");
}

#[test]
fn each_fault_says_place_value_and_way_out() {
    let tb = "sinks: {tb: {type: tensorboard, directory: /tb";
    for (file, expected) in [
        ("[1]", "the whole file (line 1): found a list of 1; allowed: a map of keys; example: version: 1"),
        ("sinks: [a]", "sinks (line 1): found a list of 1; allowed: a map from names to sinks"),
        ("sinks: {a: }", "sinks.a.type (line 1): found nothing; allowed: mlflow, wandb, tensorboard, sqlite, exec"),
        ("sinks: {a: b}", "sinks.a (line 1): found `b`; allowed: a map of keys"),
        ("serve: [port]", "serve (line 1): found a list of 1; allowed: a map of keys"),
        ("outbox: 4GiB", "outbox (line 1): found `4GiB`; allowed: a map of keys; example: outbox: {max_bytes: 4GiB}"),
        ("outbox: {max_bytes: 1KiB}", "outbox.max_bytes (line 1): found `1KiB`; allowed: at least 16MiB"),
        ("start: {require_reachabel: true}", "did you mean `require_reachable`?"),
        ("serve: {port: [1]}", "serve.port (line 1): found a list of 1"),
        ("serve: {dev: maybe}", "serve.dev (line 1): found `maybe`; allowed: true, false; example: dev: true"),
        ("serve: {help: true}", "serve.help (line 1): found an unknown key"),
        (
            "serve: {app_name: basic-auth}",
            "serve.app_name (line 1): found --app-name basic-auth: this server has no authentication",
        ),
        (
            "serve: {backend_store_uri: './mlruns'}",
            "serve.backend_store_uri (line 1): found --backend-store-uri ./mlruns",
        ),
        ("serve: {log: 'a=b=c'}", "serve.log (line 1): found --log a=b=c"),
        (
            "serve: {serve_artifacts: false}",
            "serve.serve_artifacts (line 1): found --no-serve-artifacts needs --default-artifact-root",
        ),
        (&format!("{tb}, timeout_secs: 0}}}}"), "sinks.tb.timeout_secs (line 1): found `0`; allowed: 1 to 3600"),
        (
            &format!("{tb}, url: x}}}}"),
            "sinks.tb.url (line 1): found an unknown key; allowed: type, enabled, directory",
        ),
        (&format!("{tb}}}, other: {{type: tensorboard, directory: /tb}}}}"), "the same path as sinks."),
        (
            "sinks: {a: {type: sqlite, path: trackside-data/trackside.db}}\nserve: {data_dir: trackside-data}",
            "sinks.a.path: found the database of this server",
        ),
        (
            "sinks: {a: {type: mlflow, url: 'http://localhost:5000'}}",
            "sinks.a.url: found `http://localhost:5000`, which is this server",
        ),
        (
            "sinks: {a: {type: mlflow, url: 'https://h', username: u}}",
            "sinks.a.password (line 1): found nothing; allowed: a password, with username",
        ),
        ("sinks: {a: {type: mlflow, url: 'https://h', password: u}}", "sinks.a.username (line 1): found nothing"),
        ("sinks: {a: {type: wandb}}", "sinks.a.api_key (line 1): found nothing"),
        ("sinks: {a: {type: wandb, mode: offline}}", "sinks.a.directory (line 1): found nothing"),
        ("sinks: {a: {type: exec, command: []}}", "sinks.a.command (line 1): found a list without a program"),
        ("sinks: {a: {type: exec, command: [cat], env: {'A=B': x}}}", "found the name `A=B`"),
    ] {
        let faults = Scene::new(file).faults([]);
        let lines: Vec<String> = faults.faults.iter().map(ToString::to_string).collect();
        assert!(lines.iter().any(|line| line.contains(expected)), "{file}: expected {expected}\nfound {lines:#?}");
    }
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let mut sources = Scene::new("").sources(&[], []);
    sources.arguments[3] = "no/such/file.yaml".into();
    let error = sources.resolve().unwrap_err().to_string();
    assert!(error.contains("--config") && error.contains("`no/such/file.yaml`, which cannot be read"), "{error}");
}

#[test]
fn names_of_sinks_are_plain() {
    for (name, right) in [
        ("a", true),
        ("0-a_b", true),
        (&"a".repeat(63), true),
        (&"a".repeat(64), false),
        ("", false),
        ("A", false),
        ("-a", false),
        ("_a", false),
        ("a.b", false),
        ("a b", false),
        ("ä", false),
    ] {
        assert_eq!(crate::config::sink::is_name(name), right, "{name}");
    }
}
