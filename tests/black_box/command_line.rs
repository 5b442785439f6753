//! What the program says before it serves.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::json;
use tempfile::tempdir;
use trackside_tests::{Server, binary};

/// Runs `trackside` with these arguments, which make it end by itself.
fn trackside(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(binary("trackside")).current_dir(dir).args(arguments).output().unwrap()
}

/// What it printed when it refused to start.
fn refusal(dir: &Path, arguments: &[&str]) -> String {
    let output = trackside(dir, &[&["serve", "--port", "0"], arguments].concat());
    assert!(!output.status.success(), "{arguments:?} was accepted");
    String::from_utf8(output.stderr).unwrap()
}

/// Every file of a directory with its content.
fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn help_teaches() {
    let dir = tempdir().unwrap();
    let help = String::from_utf8(trackside(dir.path(), &["--help"]).stdout).unwrap();
    assert!(help.contains("MLFLOW_TRACKING_URI=http://127.0.0.1:5000"), "{help}");
    let help = String::from_utf8(trackside(dir.path(), &["serve", "--help"]).stdout).unwrap();
    for flag in
        ["--data-dir", "--backend-store-uri", "--artifacts-destination", "--port", "--max-body-bytes", "--log-format"]
    {
        assert!(help.contains(flag), "{flag} is not explained");
    }
}

#[test]
fn mlflows_own_database_is_refused_untouched() {
    let dir = tempdir().unwrap();
    let database = rusqlite::Connection::open(dir.path().join("mlflow.db")).unwrap();
    database
        .execute_batch("CREATE TABLE alembic_version (version_num TEXT); CREATE TABLE experiments (name TEXT);")
        .unwrap();
    drop(database);
    let before = contents(dir.path());
    let message = refusal(dir.path(), &["--backend-store-uri", "sqlite:///mlflow.db"]);
    assert!(message.contains("MLflow") && message.contains("--backend-store-uri"), "{message}");
    assert_eq!(contents(dir.path()), before, "something was touched");
}

#[test]
fn other_files_are_refused_untouched() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("notes.txt"), "not a database, and longer than the header of one would be").unwrap();
    let before = contents(dir.path());
    let message = refusal(dir.path(), &["--backend-store-uri", "sqlite:///notes.txt"]);
    assert!(message.contains("notes.txt"), "{message}");
    assert_eq!(contents(dir.path()), before);
}

#[test]
fn what_cannot_be_done_is_refused_with_a_way_out() {
    let dir = tempdir().unwrap();
    for (arguments, hint) in [
        (&["--backend-store-uri", "postgresql://u:secret@h/d"][..], "sqlite:///PATH"),
        (&["--backend-store-uri", "./mlruns"], "sqlite:///PATH"),
        (&["--artifacts-destination", "s3://bucket/x"], "a directory"),
        (&["--no-serve-artifacts"], "--default-artifact-root"),
        (&["--app-name", "basic-auth"], "proxy"),
        (&["--static-prefix", "tracking/"], "/tracking"),
        (&["--log", "a=b=c"], "--log"),
    ] {
        let message = refusal(dir.path(), arguments);
        assert!(message.contains(hint), "{arguments:?}: {message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let dir = tempdir().unwrap();
    let server = Server::start(dir.path()).await.unwrap();
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    let other = tempdir().unwrap();
    let output = trackside(other.path(), &["serve", "--port", &port]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains(&port) && message.contains("--port"), "{message}");
}

#[tokio::test]
async fn a_unit_file_for_mlflow_server_works() {
    let dir = tempdir().unwrap();
    let flags = [
        "--backend-store-uri",
        "sqlite:///mlflow.db",
        "--artifacts-destination",
        "./mlartifacts",
        "--serve-artifacts",
        "--host",
        "127.0.0.1",
        "--workers",
        "4",
        "--gunicorn-opts",
        "--timeout=60",
        "--static-prefix",
        "/tracking",
    ];
    let server = Server::start_with(dir.path(), &flags).await.unwrap();
    let health =
        server.client().http().get(format!("{}/tracking/api/2.0/mlflow/experiments/get?experiment_id=0", server.url()));
    let answer: serde_json::Value = health.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["experiment"]["artifact_location"], json!("mlflow-artifacts:/0"));
    assert!(dir.path().join("mlflow.db").exists() && dir.path().join("mlartifacts").exists());
    assert!(!dir.path().join("data").exists(), "nothing is kept anywhere else");
}

#[tokio::test]
async fn artifacts_that_clients_reach_themselves_are_listed() {
    let dir = tempdir().unwrap();
    let flags = ["--no-serve-artifacts", "--default-artifact-root", "shared"];
    let server = Server::start_with(dir.path(), &flags).await.unwrap();
    let client = server.client();
    let run = client.create_run().await.unwrap();
    let found = client.get(&format!("runs/get?run_id={run}")).await.unwrap();
    let root = found["run"]["info"]["artifact_uri"].as_str().unwrap().to_owned();
    assert_eq!(root, format!("{}/shared/0/{run}/artifacts", dir.path().canonicalize().unwrap().display()));
    fs::create_dir_all(&root).unwrap();
    fs::write(Path::new(&root).join("a.txt"), "hello").unwrap();
    let listed = client.get(&format!("artifacts/list?run_id={run}")).await.unwrap();
    assert_eq!(listed["files"], json!([{"path": "a.txt", "is_dir": false, "file_size": 5}]));
    let url = client.url(&format!("/get-artifact?run_id={run}&path=a.txt"));
    assert_eq!(client.http().get(url).send().await.unwrap().text().await.unwrap(), "hello");
    let proxied =
        client.http().put(client.url("/api/2.0/mlflow-artifacts/artifacts/x")).body("x").send().await.unwrap();
    // MLflow says 503, which its client takes for a passing fault and repeats for minutes.
    assert_eq!(proxied.status(), 501);
}
