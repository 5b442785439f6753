//! What is read of a run, whoever logged it.

use serde_json::{Value, json};

use super::server::{Server, told};

fn parsed(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

fn rows(rows: &Value) -> Vec<Value> {
    rows.as_array().unwrap().iter().map(parsed).collect()
}

async fn log(server: &Server, run: &str, offset: u64, steps: std::ops::Range<i64>) {
    let lines: Vec<String> =
        steps.map(|step| format!(r#"{{"_step":{step},"loss":{step},"n":{{"x":{}}}}}"#, step * 2)).collect();
    server.streamed(run, json!({ "files": { "wandb-history.jsonl": { "offset": offset, "content": lines } } })).await;
}

#[tokio::test]
async fn a_history_is_read_by_steps() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    log(&server, "r", 0, 0..50).await;
    // A client that repeats a run sends its rows again, behind those that it knows of.
    log(&server, "r", 50, 40..50).await;
    let page = rows(&server.run("r", "history(minStep: 10, maxStep: 45, samples: 5)").await["history"]);
    let steps: Vec<i64> = page.iter().map(|row| row["_step"].as_i64().unwrap()).collect();
    assert_eq!(steps, (10..45).collect::<Vec<_>>());
    assert_eq!(page[0], json!({ "_step": 10, "loss": 10, "n": { "x": 20 } }));
    let keys = server.run("r", "historyKeys").await["historyKeys"].take();
    assert_eq!((&keys["lastStep"], &keys["keys"]["n.x"]["previousValue"]), (&json!(49), &json!(98.0)));
    assert!(rows(&server.run("r", "history(minStep: 9, maxStep: 9)").await["history"]).is_empty());
    let sample = rows(&server.run("r", "history(samples: 7)").await["history"]);
    assert!((4..=7).contains(&sample.len()) && sample[0]["_step"] == 0, "{sample:?}");
}

#[tokio::test]
async fn a_sample_has_rows_with_all_keys() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    let lines = [r#"{"_step":0,"a":1}"#, r#"{"_step":1,"a":NaN,"b":{"c":2}}"#, r#"{"_step":2,"b.c":3,"a":"x"}"#];
    server.streamed("r", json!({ "files": { "wandb-history.jsonl": { "offset": 0, "content": lines } } })).await;
    let read = async |specs: Value| {
        let query = "query Q($specs: [JSONString!]!) { project(name: \"p\") { run(name: \"r\") { sampledHistory(specs: $specs) } } }";
        server.data(query, json!({ "specs": specs })).await["project"]["run"]["sampledHistory"].take()
    };
    let specs =
        json!([r#"{"keys":["_step","a","b.c"]}"#, r#"{"keys":["a"],"minStep":0,"maxStep":1}"#, r#"{"keys":["none"]}"#]);
    let expected = json!([
        [{ "_step": 1, "a": "NaN", "b.c": 2 }, { "_step": 2, "a": "x", "b.c": 3 }],
        [{ "a": 1 }, { "a": "NaN" }],
        [],
    ]);
    assert_eq!(read(specs).await, expected);
    // A list of one may be given without brackets.
    assert_eq!(read(json!(r#"{"keys":["b.c"],"samples":1}"#)).await, json!([[{ "b.c": 2 }]]));
}

#[tokio::test]
async fn what_another_client_logged_is_read_alike() {
    let server = Server::start().await;
    let points =
        [("loss", 0, 1.0), ("loss", 1, f64::NAN), ("acc", 1, 0.5), ("acc", 3, f64::INFINITY), ("system/cpu", 0, 9.0)];
    let id = server.foreign(&points, &[("lr", "0.1"), ("deep.key", "x")]).await;
    let fields = "id name displayName state config summaryMetrics user { name } historyLineCount historyTail \
        history(minStep: 0, maxStep: 9) events(samples: 9) systemMetrics project { name entity { name } }";
    let run = server.run(id.as_str(), fields).await;
    assert_eq!(
        (&run["name"], &run["displayName"], &run["state"]),
        (&json!(id.as_str()), &json!("foreign"), &json!("running"))
    );
    assert_eq!(parsed(&run["config"]), json!({ "deep.key": { "value": "x" }, "lr": { "value": "0.1" } }));
    assert_eq!(run["summaryMetrics"], r#"{"acc": Infinity, "loss": NaN}"#);
    let history: Vec<&str> = run["history"].as_array().unwrap().iter().map(|row| row.as_str().unwrap()).collect();
    assert_eq!(history.len(), 3);
    assert!(history[1].contains("\"loss\": NaN") && history[1].contains("\"acc\": 0.5"), "{history:?}");
    assert!(history[2].contains("\"_step\": 3") && history[2].contains("\"_runtime\": 3.0"), "{history:?}");
    assert!(run["events"][0].as_str().unwrap().contains("\"system.cpu\": 9.0"));
    assert_eq!(run["historyTail"], r#"["{\"_step\":3}"]"#);

    // What a client of W&B changes is a param, a tag, a name.
    let edit = json!({ "id": run["id"], "config": r#"{"lr": {"value": "0.2"}, "n": {"value": 3}}"#, "tags": ["t"],
        "displayName": "renamed", "notes": "noted", "summaryMetrics": r#"{"best": 7}"# });
    server.upsert("ignored", edit).await;
    let changed = server.service.run(&id).await.unwrap();
    assert_eq!(told(&changed.params), ["deep.key=x", "lr=0.2", "n=3"]);
    assert_eq!(told(&changed.tags), ["mlflow.note.content=noted", "wandb.tags=[\"t\"]"]);
    assert_eq!(changed.info.name, "renamed");
    assert!(changed.metrics.iter().any(|metric| metric.key.as_str() == "best" && metric.point.step == 3));
}

#[tokio::test]
async fn a_run_that_both_logged_to_has_rows_of_both() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    log(&server, "r", 0, 0..3).await;
    let summary = r#"{"_step":2,"loss":2,"n":{"x":4}}"#;
    server.streamed("r", json!({ "files": { "wandb-summary.json": { "offset": 0, "content": [summary] } } })).await;
    let id = server.stored("r").await.info.id;
    let points = server.stored("r").await.metrics.into_iter().map(|metric| trackside_core::MetricPoint {
        key: trackside_core::Key::new("other").unwrap(),
        point: metric.point,
        subject: None,
    });
    server.service.append(&id, vec![trackside_core::Event::Points(points.take(1).collect())]).await.unwrap();
    let page = rows(&server.run("r", "history(minStep: 0, maxStep: 9)").await["history"]);
    assert_eq!(page.len(), 3);
    assert_eq!((&page[2]["loss"], &page[2]["other"]), (&json!(2), &json!(2.0)));
}

#[tokio::test]
async fn a_client_that_resumes_learns_where_it_was() {
    let server = Server::start().await;
    let query = "query RunResumeStatus { model(name: \"p\", entityName: \"local\") { id name entity { name } \
        bucket(name: \"r\", missingOk: true) { wandbConfig(keys: [\"t\"]) summaryMetrics config historyLineCount \
        eventsLineCount logLineCount historyTail eventsTail } } }";
    assert_eq!(server.data(query, json!({})).await["model"], Value::Null);
    server.upsert("r", json!({ "config": r#"{"_wandb": {"value": {"t": {"1": 2}, "m": []}}}"# })).await;
    log(&server, "r", 0, 0..8).await;
    let bucket = server.data(query, json!({})).await["model"]["bucket"].take();
    assert_eq!(parsed(&bucket["wandbConfig"]), json!({ "t": { "1": 2 } }));
    assert_eq!((&bucket["historyLineCount"], &bucket["eventsTail"]), (&json!(8), &json!("[]")));
    let tail = parsed(&bucket["historyTail"]);
    assert_eq!(parsed(&tail[0])["_step"], 7);
}
