//! `trackside.yaml`, and the commands that read and steer what it configures.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::tempdir;
use trackside_tests::{Server, binary};

/// Runs `trackside` with these arguments, which make it end by itself.
fn trackside(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(binary("trackside"))
        .current_dir(dir)
        .args(arguments)
        .env_remove("MLFLOW_TRACKING_URI")
        .output()
        .unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn configure(dir: &Path, file: &str) {
    fs::write(dir.join("trackside.yaml"), file).unwrap();
}

/// `trackside sinks …` against a server, in JSON.
fn sinks(server: &Server, arguments: &[&str]) -> Value {
    let output = trackside(Path::new("."), &[&["sinks", "--json", "--url", server.url()], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", text(output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Resolves once the one sink of a server has everything.
async fn caught_up(server: &Server, name: &str) -> Value {
    loop {
        let found = sinks(server, &[]);
        let sink = found["sinks"].as_array().unwrap().iter().find(|sink| sink["name"] == name).unwrap().clone();
        if sink["lag"]["items"] == 0 && sink["delivered"] != 0 {
            return sink;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Resolves once the server's log holds this text.
async fn logged(server: &Server, text: &str) {
    while !server.log().unwrap().contains(text) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_broken_file_is_told_whole_and_nothing_is_started() {
    let dir = tempdir().unwrap();
    configure(dir.path(), "serve: {port: x}\nsinks: {a: {type: mlflow, token: hunter2}, b: {type: no}}");
    for command in [&["serve"][..], &["config", "check"], &["config", "print"]] {
        let output = trackside(dir.path(), command);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let told = text(output.stderr);
        for part in ["trackside.yaml: 3 faults", "serve.port (line 1)", "sinks.a.url (line 2)", "sinks.b.type (line 2)"]
        {
            assert!(told.contains(part), "{command:?}: no {part} in {told}");
        }
        assert!(!told.contains("hunter2"), "{told}");
    }
    assert!(!dir.path().join("trackside-data").exists(), "something was created");
    let output = trackside(dir.path(), &["config", "check", "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), told["faults"].as_array().unwrap().len()), (Some(1), 3));
}

#[test]
fn config_print_says_who_gave_each_value() {
    let dir = tempdir().unwrap();
    configure(dir.path(), "serve: {port: 1, host: 127.0.0.9}");
    let output = Command::new(binary("trackside"))
        .current_dir(dir.path())
        .args(["config", "print", "--json", "--max-body-bytes", "9"])
        .env("MLFLOW_PORT", "2")
        .output()
        .unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let setting = |path: &str| {
        let found = printed["settings"].as_array().unwrap().iter().find(|setting| setting["path"] == path);
        let found = found.unwrap_or_else(|| panic!("no {path}"));
        (found["value"].clone(), found["from"].clone())
    };
    assert_eq!(setting("serve.max_body_bytes"), (json!(9), json!("command_line")));
    assert_eq!(setting("serve.port"), (json!(2), json!("environment")), "the flag's own variable goes over the file");
    assert_eq!(setting("serve.host"), (json!("127.0.0.9"), json!("file")));
    assert_eq!(setting("serve.log"), (json!("info"), json!("default")));
}

#[tokio::test]
async fn runs_are_mirrored_and_sinks_are_steered() {
    let dir = tempdir().unwrap();
    configure(dir.path(), "sinks: {copy: {type: sqlite, path: copy/c.db, linger_ms: 0}}");
    let server = Server::start(dir.path()).await.unwrap();
    let run = server.client().create_run().await.unwrap();
    let sink = caught_up(&server, "copy").await;
    assert_eq!((&sink["type"], &sink["state"]), (&json!("sqlite"), &json!("ok")));
    assert_eq!(sinks(&server, &["pause", "copy"])["state"], "paused");
    server.client().create_run().await.unwrap();
    assert_eq!(sinks(&server, &["list"])["sinks"][0]["lag"]["entries"], 1);
    sinks(&server, &["resume", "copy"]);
    caught_up(&server, "copy").await;
    sinks(&server, &["backfill", "copy", "all"]);
    assert_eq!(sinks(&server, &["dead-letters", "list"]), json!([]));
    let table = text(trackside(dir.path(), &["sinks", "--url", server.url()]).stdout);
    assert!(table.starts_with("NAME") && table.contains("copy  sqlite  ok"), "{table}");
    let metrics = server.client().http().get(server.client().url("/metrics")).send().await.unwrap();
    assert!(metrics.text().await.unwrap().contains("trackside_sink_state{sink=\"copy\",state=\"ok\"} 1"));
    server.stop().await.unwrap();
    assert_eq!(fs::read_dir(dir.path().join("copy")).unwrap().count(), 1, "a copy is one file");

    // The copy is a database like any other.
    let flags = ["--backend-store-uri", "sqlite:///copy/c.db", "--config", "/dev/null"];
    let served = Server::start_with(dir.path(), &flags).await.unwrap();
    let found = served.client().get(&format!("runs/get?run_id={run}")).await.unwrap();
    assert_eq!(found["run"]["info"]["run_id"], json!(run));
    served.stop().await.unwrap();
}

#[tokio::test]
async fn the_configuration_is_read_again_at_sighup_and_on_demand() {
    let dir = tempdir().unwrap();
    configure(dir.path(), "sinks: {a: {type: sqlite, path: a.db}, b: {type: sqlite, path: b.db}}");
    let server = Server::start(dir.path()).await.unwrap();
    configure(dir.path(), "sinks: {a: {type: sqlite, path: a.db}, b: {type: sqlit}}");
    server.signal("HUP").await.unwrap();
    logged(&server, "what ran before goes on").await;
    assert_eq!(sinks(&server, &[])["sinks"].as_array().unwrap().len(), 2);
    let refused = trackside(dir.path(), &["sinks", "reload", "--url", server.url()]);
    let told = text(refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    assert!(told.contains("sinks.b.type (line 1)") && told.contains("did you mean `sqlite`?"), "{told}");

    configure(
        dir.path(),
        "serve: {port: 7}\nsinks: {a: {type: sqlite, path: a.db}, c: {type: tensorboard, directory: tb}}",
    );
    let done = sinks(&server, &["reload"]);
    assert_eq!(
        done,
        json!({"added": ["c"], "changed": [], "removed": ["b"], "unchanged": ["a"], "restart_needed": []}),
        "the port is given by a flag, so the file's is not asked for"
    );
    server.client().create_run().await.unwrap();
    caught_up(&server, "c").await;
    let found = sinks(&server, &[]);
    let state = |name: &str| {
        found["sinks"].as_array().unwrap().iter().find(|sink| sink["name"] == name).unwrap()["state"].clone()
    };
    assert_eq!((state("a"), state("b")), (json!("ok"), json!("not_configured")));
    sinks(&server, &["remove", "b"]);
    assert_eq!(sinks(&server, &[])["sinks"].as_array().unwrap().len(), 2);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_unreachable_sink_is_reported_and_stops_the_start_only_when_asked_to() {
    let dir = tempdir().unwrap();
    // The discard port, on which nothing listens.
    let sinks = "sinks: {far: {type: mlflow, url: 'http://127.0.0.1:9'}}";
    configure(dir.path(), sinks);
    let server = Server::start(dir.path()).await.unwrap();
    logged(&server, "cannot be reached now").await;
    server.stop().await.unwrap();
    configure(dir.path(), &format!("start: {{require_reachable: true}}\n{sinks}"));
    let output = trackside(dir.path(), &["serve", "--port", "0"]);
    let told = text(output.stderr);
    assert!(!output.status.success() && told.contains("far: "), "{told}");
}

#[tokio::test]
async fn a_page_of_another_origin_steers_nothing() {
    let dir = tempdir().unwrap();
    let server = Server::start(dir.path()).await.unwrap();
    let client = server.client();
    let ask = |origin: &str| {
        client.http().post(client.url("/api/trackside/v1/config/reload")).header("origin", origin.to_owned()).send()
    };
    assert_eq!(ask("http://evil.example").await.unwrap().status(), 403);
    assert_eq!(ask("null").await.unwrap().status(), 403);
    assert_eq!(ask("http://localhost:3000").await.unwrap().status(), 200);
}

#[test]
fn without_a_server_the_user_is_told_what_to_do() {
    let dir = tempdir().unwrap();
    let output = trackside(dir.path(), &["sinks", "--url", "http://127.0.0.1:9"]);
    let told = text(output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("trackside serve") && told.contains("--url"), "{told}");
    assert_eq!(trackside(dir.path(), &["sinks", "pause"]).status.code(), Some(2));
}
